//! Two projects in the middle of their life: what the pages are shown with.

use std::collections::BTreeSet;

use docket::{
    chat::console::receive::venue,
    clock::Chance,
    domain::{
        apply::apply,
        audit::AuditEntry,
        card::{Card, Entry, EntryContent},
        ids::{MemberId, TenantId},
        member::{Identity, Member},
        message::{Block, Line, Message, Span},
        patch::{
            Before, Change, Confidence, Decision, Founding, Mode, Operation, Origin, Patch, PatchCode, PatchState,
            Step, TaskChanges,
        },
        plan::Plan,
        policy::Policy,
        project::{Lifecycle, Project, ProjectKey, Revision},
        rebase::snapshot,
        task::{Link, Place, Priority, Rank, Status, Task, TaskFields, TaskNumber},
        time::Timestamp,
    },
    store::Store,
};
use serde_json::Value;

/// Fri 20 Nov 2026, 10:42 UTC.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_795_171_320_000);
const MINUTE: i64 = 60_000;

/// What is to be written into a database, or shown without one.
pub(crate) struct Sample {
    pub(crate) members: Vec<(Member, Identity)>,
    pub(crate) plans: Vec<Plan>,
    pub(crate) patches: Vec<Patch>,
    pub(crate) cards: Vec<Card>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) trail: Vec<AuditEntry>,
    pub(crate) approvals: Vec<(usize, MemberId)>,
}

impl Sample {
    /// Writes all of it.
    pub(crate) async fn write(&self, store: &Store, tenant: TenantId) {
        let mut tx = store.write(tenant).await.unwrap();
        tx.set_policy(&Policy { approvals: 2, ..Policy::default() }).await.unwrap();
        for (member, identity) in &self.members {
            tx.put_member(member, identity).await.unwrap();
        }
        for plan in &self.plans {
            let next = plan.tasks().map(|task| task.number.0).max().unwrap_or(0) + 1;
            let unborn = Project { revision: Revision(0), ..plan.project.clone() };
            tx.insert_project(&unborn, TaskNumber(next), NOW).await.unwrap();
            let touched = plan.tasks().map(|task| task.number).collect();
            assert!(tx.save_plan(plan, &touched, Revision(0), NOW).await.unwrap());
        }
        for patch in &self.patches {
            tx.next_patch_code().await.unwrap();
            tx.insert_patch(patch).await.unwrap();
        }
        for card in &self.cards {
            tx.insert_card(card).await.unwrap();
        }
        for (patch, by) in &self.approvals {
            let patch = &self.patches[*patch];
            tx.add_approval(patch.id, patch.revision, *by, NOW).await.unwrap();
        }
        for entry in &self.entries {
            tx.append_entry(entry).await.unwrap();
        }
        for entry in &self.trail {
            tx.record(entry).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    /// The patch of this number.
    pub(crate) fn patch(&self, code: u32) -> &Patch {
        self.patches.iter().find(|patch| patch.code.0 == code).unwrap()
    }
}

/// Makes the sample with a chance whose clock stands anywhere.
pub(crate) fn sample(chance: &Chance) -> Sample {
    Maker::new(chance).make()
}

struct Maker<'a> {
    chance: &'a Chance,
    ana: MemberId,
    ben: MemberId,
    sample: Sample,
}

impl<'a> Maker<'a> {
    fn new(chance: &'a Chance) -> Self {
        let (ana, ben) = (chance.id(), chance.id());
        let members = [(ana, "Ana", "U1"), (ben, "Ben", "U2")]
            .map(|(id, name, user)| (Member { id, ..super::member(chance, name) }, super::identity(user)));
        let sample = Sample {
            members: members.into(),
            plans: Vec::new(),
            patches: Vec::new(),
            cards: Vec::new(),
            entries: Vec::new(),
            trail: Vec::new(),
            approvals: Vec::new(),
        };
        Self { chance, ana, ben, sample }
    }

    fn make(mut self) -> Sample {
        let auth =
            self.project("AUTH", "User authentication", "People sign in once and stay signed in, on every device.");
        let bill = self.project("BILL", "Billing on PostgreSQL 18", "");
        self.said(50, "/docket plan Build a user authentication flow");
        let first = self.first_plan(&auth);
        self.said(31, "what is next?");
        self.answered(31, next_tasks());
        self.said(12, "/docket edit add a task for documentation, and the sign-in page needs two days");
        let change = self.change_of_plan(&auth, first);
        self.sample.approvals.push((change, self.ben));
        let mut done = self.patch(&bill, 1, "plan the move of the billing database", Vec::new());
        done.state = PatchState::Rejected {
            decision: Decision { by: self.ben, at: ago(4000) },
            reason: "Not before the audit.".to_owned(),
        };
        self.sample.patches.push(done);
        self.sample.plans.push(Plan::new(bill, []));
        self.sample
    }

    fn project(&self, key: &str, title: &str, summary: &str) -> Project {
        Project {
            id: self.chance.id(),
            key: key.parse::<ProjectKey>().unwrap(),
            title: title.to_owned(),
            summary: summary.to_owned(),
            lifecycle: Lifecycle::Draft,
            revision: Revision(0),
        }
    }

    /// The first plan, applied an hour ago and worked on since.
    fn first_plan(&mut self, project: &Project) -> usize {
        let steps: Vec<Step> = tasks(self.ana, self.ben).into_iter().map(Step::from).collect();
        let mut patch = self.patch(project, 1, "plan the user authentication flow", steps);
        patch.founding =
            Some(Founding { key: project.key.clone(), title: project.title.clone(), summary: project.summary.clone() });
        patch.mode = Mode::Project;
        patch.origin.words = "Build a user authentication flow".into();
        patch.origin.method = "template \"feature\", no model connected".into();
        let mut plan = Plan::new(project.clone(), []);
        apply(&mut plan, &patch.operations().collect::<Vec<_>>()).unwrap();
        patch.state = PatchState::Applied {
            decision: Decision { by: self.ben, at: ago(45) },
            revision: plan.project.revision,
            steps: (0..patch.steps.len()).collect(),
        };
        self.sample.plans.push(plan);
        self.trail(&patch, "patch.applied", 45, Some(self.ben));
        self.trail(&patch, "patch.proposed", 50, Some(self.ana));
        self.card(patch, 50)
    }

    /// An open proposal with every kind of change.
    fn change_of_plan(&mut self, project: &Project, first: usize) -> usize {
        let plan = self.sample.plans.last().unwrap();
        let last = plan.last_rank(None).cloned();
        let estimate = TaskChanges {
            title: Change::Set("Sign-in page".to_owned()),
            estimate: Change::Set(960),
            ..TaskChanges::default()
        };
        let documentation = TaskFields {
            estimate: Some(240),
            depends_on: BTreeSet::from([TaskNumber(3)]),
            acceptance: vec!["A new developer signs in to a test server by the text alone.".to_owned()],
            ..TaskFields::titled("Documentation for the team")
        };
        let operations = [
            create(8, None, Rank::between(last.as_ref(), None), documentation),
            Operation::UpdateTask { number: TaskNumber(3), changes: estimate },
            Operation::MoveTask {
                number: TaskNumber(6),
                to: Place { parent: Some(TaskNumber(2)), rank: Rank::only() },
            },
            Operation::DeleteTask { number: TaskNumber(7) },
        ];
        let mut steps: Vec<Step> = operations.into_iter().map(Step::from).collect();
        steps[1].reason = "We keep being logged out on mobile.".into();
        steps[1].evidence =
            Some(Link { label: "Ana in #auth".to_owned(), url: "https://example.slack.com/archives/C1/p1".to_owned() });
        let before = snapshot(plan, &steps.iter().map(|step| &step.operation).collect::<Vec<_>>());
        let base = plan.project.revision;
        let mut patch = self.patch(project, 3, "add documentation, rework the sign-in page", steps);
        patch.before = before;
        patch.base = base;
        patch.origin.words = "add a task for documentation, and the sign-in page needs two days".into();
        let mut replaced = self.patch(project, 2, "add documentation", patch.steps[..1].to_vec());
        replaced.state = PatchState::Superseded { decision: Decision { by: self.ana, at: ago(11) }, by: patch.id };
        patch.supersedes = Some(replaced.id);
        patch.created_at = ago(11);
        self.trail(&replaced, "patch.superseded", 11, Some(self.ana));
        self.trail(&patch, "patch.approved", 5, Some(self.ben));
        self.trail(&patch, "patch.proposed", 11, Some(self.ana));
        debug_assert_eq!(self.sample.patches[first].project, project.id);
        self.sample.patches.push(replaced);
        self.card(patch, 11)
    }

    fn patch(&self, project: &Project, code: u32, title: &str, steps: Vec<Step>) -> Patch {
        // The billing project's proposal is the oldest; the others follow it.
        let shift = u32::from(project.key.as_str() == "AUTH");
        Patch {
            id: self.chance.id(),
            code: PatchCode(code + shift),
            revision: 1,
            project: project.id,
            founding: None,
            base: Revision(0),
            mode: Mode::Edit,
            title: title.to_owned(),
            steps,
            before: Before::default(),
            author: self.ana,
            origin: Origin {
                venue: venue(),
                words: String::new(),
                method: String::new(),
                delivery: None,
                drafted: None,
                moves: BTreeSet::default(),
            },
            confidence: Confidence::High,
            state: PatchState::Proposed,
            supersedes: None,
            undoes: None,
            created_at: ago(50),
            expires_at: Timestamp::from_millis(NOW.as_millis() + 7 * 24 * 60 * MINUTE),
        }
    }

    fn card(&mut self, patch: Patch, minutes: i64) -> usize {
        let card = Card {
            id: self.chance.id(),
            patch: patch.id,
            venue: venue(),
            under: None,
            message: None,
            shown: None,
            created_at: ago(minutes),
        };
        self.entry(minutes, EntryContent::Card { card: card.id });
        self.sample.cards.push(card);
        self.sample.patches.push(patch);
        self.sample.patches.len() - 1
    }

    fn said(&mut self, minutes: i64, words: &str) {
        self.entry(minutes, EntryContent::Said { by: "you".to_owned(), words: words.to_owned() });
    }

    fn answered(&mut self, minutes: i64, message: Message) {
        self.entry(minutes, EntryContent::Answered { message, to: None });
    }

    fn entry(&mut self, minutes: i64, content: EntryContent) {
        let seq = i64::try_from(self.sample.entries.len()).unwrap() + 1;
        self.sample.entries.push(Entry { id: self.chance.id(), seq, at: ago(minutes), reader: None, content });
    }

    fn trail(&mut self, patch: &Patch, action: &str, minutes: i64, actor: Option<MemberId>) {
        self.sample.trail.push(AuditEntry {
            id: self.chance.id(),
            at: ago(minutes),
            actor,
            action: action.to_owned(),
            subject: patch.id.to_string(),
            venue: Some(venue()),
            before: Value::Null,
            after: Value::Null,
        });
    }
}

fn ago(minutes: i64) -> Timestamp {
    Timestamp::from_millis(NOW.as_millis() - minutes * MINUTE)
}

fn create(number: u32, parent: Option<u32>, rank: Rank, fields: TaskFields) -> Operation {
    Operation::CreateTask { number: TaskNumber(number), place: Place { parent: parent.map(TaskNumber), rank }, fields }
}

fn next_tasks() -> Message {
    let line =
        |code: &str, title: &str| Line::plain(vec![Span::Code(code.to_owned()), Span::plain(format!(" {title}"))]);
    Message {
        summary: "2 tasks of AUTH can be started".to_owned(),
        blocks: vec![
            Block::Text(vec![Span::plain("2 tasks of AUTH can be started:")]),
            Block::Lines {
                lines: vec![line("AUTH-4", "Issue and refresh tokens"), line("AUTH-7", "Old login page")],
                more: None,
            },
        ],
    }
}

fn tasks(ana: MemberId, ben: MemberId) -> Vec<Operation> {
    let mut rank = Rank::only();
    let mut next = || {
        rank = Rank::between(Some(&rank), None);
        rank.clone()
    };
    let task = |title: &str, minutes: u32, status: Status| TaskFields {
        estimate: Some(minutes),
        status,
        ..TaskFields::titled(title)
    };
    let agree = TaskFields {
        assignee: Some(ana),
        acceptance: vec!["The team agreed on the list of ways to sign in.".to_owned(), "Security read it.".to_owned()],
        ..task("Agree what signing in must do", 240, Status::Done)
    };
    let service = TaskFields {
        assignee: Some(ben),
        description: "Issues, refreshes and revokes tokens.\nNothing else talks to the key store.".to_owned(),
        depends_on: BTreeSet::from([TaskNumber(1)]),
        ..task("Token service", 960, Status::InProgress)
    };
    let page = TaskFields { depends_on: BTreeSet::from([TaskNumber(2)]), ..task("Login", 480, Status::Todo) };
    let tokens = TaskFields {
        acceptance: vec!["A token expires after an hour.".to_owned(), "A refresh token works once.".to_owned()],
        assignee: Some(ben),
        ..task("Issue and refresh tokens", 480, Status::InReview)
    };
    let keys = TaskFields { priority: Priority::Urgent, ..task("Rotate the signing keys", 240, Status::Blocked) };
    let audit = task("Record every sign-in", 120, Status::Todo);
    let old = TaskFields { estimate: None, ..task("Old login page", 0, Status::Backlog) };
    vec![
        create(1, None, next(), agree),
        create(2, None, next(), service),
        create(3, None, next(), page),
        create(4, Some(2), next(), tokens),
        create(5, Some(2), next(), keys),
        create(6, None, next(), audit),
        create(7, None, next(), old),
    ]
}

/// Puts `text` wherever somebody could have typed it.
pub(crate) fn odd(chance: &Chance, text: &str) -> Sample {
    let mut maker = Maker::new(chance);
    maker.said(3, text);
    maker.answered(2, Message { summary: text.to_owned(), blocks: vec![Block::Text(vec![Span::plain(text)])] });
    let project = maker.project("ODD", text, text);
    let fields = TaskFields {
        description: text.to_owned(),
        acceptance: vec![text.to_owned()],
        links: vec![
            Link { label: text.to_owned(), url: "javascript:alert(1)".to_owned() },
            Link { label: text.to_owned(), url: "https://example.com/\"onclick=\"alert(1)".to_owned() },
        ],
        ..TaskFields::titled(text)
    };
    let mut step = Step::from(create(2, None, Rank::only(), fields.clone()));
    step.reason = text.into();
    let mut patch = maker.patch(&project, 1, text, vec![step]);
    patch.origin.words = text.into();
    patch.origin.method = text.into();
    maker.card(patch, 1);
    let place = Place { parent: None, rank: Rank::only() };
    let task = Task { number: TaskNumber(1), place, fields, version: Revision(0) };
    maker.sample.plans.push(Plan::new(project, [task]));
    for (member, _) in &mut maker.sample.members {
        text.clone_into(&mut member.name);
    }
    maker.sample
}
