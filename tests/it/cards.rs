//! A patch through its life as its card shows it, and the questions that people ask meanwhile.

use std::collections::BTreeSet;

use docket::{
    answers::{Ask, answer},
    clock::Chance,
    domain::{
        apply::apply,
        card::Card,
        event::Venue,
        ids::ProjectId,
        intent::{Intent, Named},
        member::{Identity, Member, Surface},
        patch::{
            Before, Change, Confidence, Decision, Founding, Mode, Operation, Origin, Patch, PatchState, ProjectChanges,
            Step, TaskChanges,
        },
        plan::Plan,
        project::{Lifecycle, Project, Revision},
        rebase::snapshot,
        task::{Place, Rank, Status, TaskFields, TaskNumber},
        time::Timestamp,
    },
    llm::models::Models,
    review::card,
    store::Tx,
};

use crate::support::{
    db::{TestDb, for_each_db},
    site::no_models,
};

/// Friday 20 November 2026, 10:42 UTC.
const NOW: Timestamp = Timestamp::from_millis(1_795_171_320_000);

struct World {
    chance: Chance,
    me: Member,
    venue: Venue,
    tx: Tx,
    models: Models,
}

impl World {
    async fn new(db: &TestDb) -> Self {
        let tenant = db.store.local_tenant(&db.chance).await.unwrap();
        let mut tx = db.store.write(tenant).await.unwrap();
        let local = Identity { surface: Surface::Console, team: "local".into(), user: "local".into() };
        let me = tx.member_by_identity(&local).await.unwrap().unwrap();
        let venue = Venue { surface: Surface::Console, team: "local".into(), channel: "console".into(), thread: None };
        let models = no_models(&db.store, &db.chance);
        Self { chance: db.chance.clone(), me, venue, tx, models }
    }

    async fn ask(&mut self, intent: Intent) -> String {
        let ask =
            Ask { sender: Some(&self.me), venue: Some(&self.venue), intent: &intent, now: NOW, models: &self.models };
        answer(&mut self.tx, &ask).await.unwrap().to_plain()
    }

    async fn show(&mut self, named: &str) -> String {
        let named = match named.parse() {
            Ok(code) => Named::Patch(code),
            Err(()) => docket::domain::intent::TaskName::parse(named)
                .map_or_else(|| Named::Project(named.parse().unwrap()), Named::Task),
        };
        self.ask(Intent::Show(Some(named))).await
    }

    async fn card(&mut self, patch: &Patch) -> String {
        card::show(&mut self.tx, patch, NOW).await.unwrap().to_plain()
    }

    /// Proposes a patch of these operations, with a card in the console.
    async fn propose(&mut self, project: ProjectId, founding: Option<Founding>, operations: Vec<Operation>) -> Patch {
        let plan = self.tx.plan(project).await.unwrap();
        let patch = Patch {
            id: self.chance.id(),
            code: self.tx.next_patch_code().await.unwrap(),
            revision: 1,
            project,
            mode: if founding.is_some() { Mode::Project } else { Mode::Edit },
            founding,
            base: plan.as_ref().map_or(Revision(0), |plan| plan.project.revision),
            title: "change some tasks".into(),
            before: plan.map_or_else(Before::default, |plan| snapshot(&plan, &operations.iter().collect::<Vec<_>>())),
            steps: operations.into_iter().map(Step::from).collect(),
            author: self.me.id,
            origin: Origin {
                venue: self.venue.clone(),
                words: "please".into(),
                method: String::new(),
                delivery: None,
                drafted: None,
                moves: BTreeSet::default(),
            },
            confidence: Confidence::High,
            state: PatchState::Proposed,
            supersedes: None,
            undoes: None,
            created_at: NOW,
            expires_at: NOW.plus(std::time::Duration::from_hours(24 * 7)),
        };
        self.tx.insert_patch(&patch).await.unwrap();
        let card = Card {
            id: self.chance.id(),
            patch: patch.id,
            venue: self.venue.clone(),
            under: None,
            message: Some(patch.code.to_string()),
            shown: None,
            created_at: NOW,
        };
        self.tx.insert_card(&card).await.unwrap();
        patch
    }

    /// Applies a patch wholly, the way the rules do it.
    async fn apply(&mut self, patch: &Patch) -> Patch {
        let mut plan = if let Some(founding) = &patch.founding {
            let project = Project {
                id: patch.project,
                key: founding.key.clone(),
                title: founding.title.clone(),
                summary: founding.summary.clone(),
                lifecycle: Lifecycle::Draft,
                revision: Revision(0),
            };
            self.tx.insert_project(&project, TaskNumber(10), NOW).await.unwrap();
            Plan::new(project, [])
        } else {
            self.tx.plan(patch.project).await.unwrap().unwrap()
        };
        let from = plan.project.revision;
        let done = apply(&mut plan, &patch.operations().collect::<Vec<_>>()).unwrap();
        assert!(self.tx.save_plan(&plan, &done.touched, from, NOW).await.unwrap());
        self.tx.set_inverse(patch.id, &done.inverse).await.unwrap();
        self.tx.add_approval(patch.id, 1, self.me.id, NOW).await.unwrap();
        let decision = Decision { by: self.me.id, at: NOW };
        let state = PatchState::Applied { decision, revision: from.next(), steps: (0..patch.steps.len()).collect() };
        let applied = Patch { state, ..patch.clone() };
        assert!(self.tx.update_patch(&applied, &PatchState::Proposed, 1).await.unwrap());
        applied
    }
}

fn create(number: u32, after: &[u32], title: &str) -> Operation {
    let rank = (1..number).fold(Rank::only(), |rank, _| Rank::between(Some(&rank), None));
    let depends_on = after.iter().copied().map(TaskNumber).collect::<BTreeSet<_>>();
    let fields = TaskFields { depends_on, ..TaskFields::titled(title) };
    Operation::CreateTask { number: TaskNumber(number), place: Place { parent: None, rank }, fields }
}

fn update(number: u32, changes: TaskChanges) -> Operation {
    Operation::UpdateTask { number: TaskNumber(number), changes }
}

fn founding() -> Founding {
    Founding { key: "AUTH".parse().unwrap(), title: "User authentication".into(), summary: String::new() }
}

fn first_plan() -> Vec<Operation> {
    vec![create(1, &[], "Agree on signing in"), create(2, &[1], "Token service"), create(3, &[], "Sign-in page")]
}

/// What is said is the same on both engines, so each text is looked at twice.
macro_rules! assert_says {
    ($said:expr, @$expected:literal) => {{
        let said = $said;
        insta::allow_duplicates! { insta::assert_snapshot!(said, @$expected); }
    }};
}

for_each_db!(
    a_first_plan_is_shown_while_it_waits_and_after_it_is_applied,
    a_card_says_behind_whom_a_task_moves_and_what_moved_under_the_patch,
    a_small_change_and_a_changed_project_keep_showing_what_they_changed,
    what_is_not_there_is_answered_with_what_was_probably_meant,
);

async fn a_first_plan_is_shown_while_it_waits_and_after_it_is_applied(db: &TestDb) {
    let mut world = World::new(db).await;
    assert!(world.ask(Intent::List).await.contains("/docket plan"));
    assert!(world.ask(Intent::Show(None)).await.contains("/docket plan"));

    let project = world.chance.id();
    let patch = world.propose(project, Some(founding()), first_plan()).await;
    assert_says!(world.card(&patch).await, @r#"
    P-1 · AUTH: change some tasks
    Local owner asked in the console · new project AUTH
    + AUTH-1 Agree on signing in
    + AUTH-2 Token service · after AUTH-1
    + AUTH-3 Sign-in page
    why: "please" · confidence high
    [Approve] [Request changes] [Reject] [Details]
    needs 1 approval · expires Fri 27 Nov 10:42 UTC
    "#);
    for text in [world.ask(Intent::Show(None)).await, world.show("AUTH").await, world.show("p-1").await] {
        assert!(text.contains("Waiting for a decision."), "{text}");
    }
    assert!(world.ask(Intent::Inbox).await.contains("Waiting for your decision\nP-1 AUTH"));
    assert!(world.ask(Intent::List).await.contains("First plans that wait for approval\nP-1 AUTH"));

    let applied = world.apply(&patch).await;
    assert_says!(world.card(&applied).await, @r"
    P-1 · AUTH: change some tasks
    Local owner asked in the console · new project AUTH
    ✓ P-1 applied by Local owner, Fri 20 Nov 10:42 UTC · AUTH is at revision 1
    + AUTH-1 Agree on signing in
    + AUTH-2 Token service
    + AUTH-3 Sign-in page
    [Undo] [Details]
    ");
    assert_says!(world.ask(Intent::Show(None)).await, @r"
    AUTH · User authentication
    draft · revision 1 · 0 of 3 tasks done (0 %) · 3 tasks without an estimate
    AUTH-1 Agree on signing in
    AUTH-2 Token service
    AUTH-3 Sign-in page
    ");
    assert_says!(world.ask(Intent::Next(None)).await, @r"
    AUTH · 2 tasks can be started
    Free to take
    AUTH-1 Agree on signing in
    AUTH-3 Sign-in page
    [Start AUTH-1]
    ");
    assert_says!(world.show("2").await, @r"
    AUTH-2 · Token service
    todo · nobody assigned · no estimate · changed in revision 1
    Comes after
    AUTH-1 Agree on signing in
    [Start] [Break down]
    ");
}

async fn a_card_says_behind_whom_a_task_moves_and_what_moved_under_the_patch(db: &TestDb) {
    let mut world = World::new(db).await;
    let project = world.chance.id();
    let first = world.propose(project, Some(founding()), first_plan()).await;
    world.apply(&first).await;

    let behind = Rank::between(Some(&Rank::only()), Some(&Rank::between(Some(&Rank::only()), None)));
    let moved = Operation::MoveTask { number: TaskNumber(3), to: Place { parent: None, rank: behind } };
    let renamed = update(2, TaskChanges { title: Change::Set("Tokens".into()), ..TaskChanges::default() });
    let patch = world.propose(project, None, vec![moved, renamed]).await;
    assert_says!(world.card(&patch).await, @r#"
    P-2 · AUTH: change some tasks
    Local owner asked in the console
    ↷ AUTH-3 Sign-in page · moves behind AUTH-1
    ~ AUTH-2 title "Token service" → "Tokens"
    why: "please" · confidence high
    [Approve] [Request changes] [Reject] [Details]
    against revision 1 · needs 1 approval · expires Fri 27 Nov 10:42 UTC
    "#);

    let mut changes = TaskChanges { estimate: Change::Set(960), ..TaskChanges::default() };
    changes.assignee = Change::Set(world.me.id);
    let other = world.propose(project, None, vec![update(2, changes)]).await;
    world.apply(&other).await;
    let stale = world.card(&patch).await;
    assert!(stale.contains("[Rebase]") && !stale.contains("[Approve]"), "{stale}");
    assert_says!(stale.lines().find(|line| line.starts_with("The plan has moved")).unwrap(), @r#"The plan has moved since this was proposed. AUTH-2 "Token service" has changed: assignee nothing → Local owner · estimate nothing → 2 d. Rebase brings P-2 up to date."#);
}

async fn a_small_change_and_a_changed_project_keep_showing_what_they_changed(db: &TestDb) {
    let mut world = World::new(db).await;
    let project = world.chance.id();
    let first = world.propose(project, Some(founding()), first_plan()).await;
    world.apply(&first).await;

    let done = update(1, TaskChanges { status: Change::Set(Status::Done), ..TaskChanges::default() });
    let done = world.propose(project, None, vec![done]).await;
    let done = world.apply(&done).await;
    assert_says!(world.card(&done).await, @r"
    ✓ AUTH-1 done, was todo · Agree on signing in · by Local owner · P-2
    [Undo]
    ");

    let changes = ProjectChanges { title: Change::Set("Sign-in".into()), ..ProjectChanges::default() };
    let renamed = world.propose(project, None, vec![Operation::UpdateProject { changes }]).await;
    let renamed = world.apply(&renamed).await;
    let details = card::details(&mut world.tx, &renamed, NOW).await.unwrap().to_plain();
    assert!(details.contains("~ AUTH title \"User authentication\" → \"Sign-in\""), "{details}");
    assert_says!(world.ask(Intent::Status(None)).await, @r"
    AUTH · Sign-in
    draft · revision 3
    1 of 3 tasks done (33 %) · 2 tasks without an estimate
    2 todo, 1 done
    ");
}

async fn what_is_not_there_is_answered_with_what_was_probably_meant(db: &TestDb) {
    let mut world = World::new(db).await;
    let project = world.chance.id();
    let first = world.propose(project, Some(founding()), first_plan()).await;
    world.apply(&first).await;
    assert_says!(world.show("AUHT").await, @r"
    There is no project AUHT. Did you mean AUTH?
    [AUTH]
    ");
    assert_says!(world.show("AUTH-33").await, @"There is no task AUTH-33. Did you mean AUTH-3?");
    assert_says!(world.show("AUHT-3").await, @r"
    There is no project AUHT. Did you mean AUTH-3?
    [AUTH-3]
    ");
    assert_says!(world.show("P-7").await, @r"
    There is no patch P-7 here. Did you mean P-1?
    [P-1]
    ");
    assert!(world.ask(Intent::WhoAmI).await.starts_with("Local owner\nowner of this Docket"));
    let ask = Ask { sender: None, venue: None, intent: &Intent::Inbox, now: NOW, models: &world.models };
    let stranger = answer(&mut world.tx, &ask).await.unwrap().to_plain();
    assert!(stranger.starts_with("I don't know you yet"), "{stranger}");
}
