//! Many tenants, each with a Slack workspace, ten members, a plan of fifty tasks and a standup at one instant.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveTime, Weekday};
use docket::{
    clock::Chance,
    domain::{
        availability::{Hours, OwnHours},
        connection::{Condition, Connection, purpose},
        event::Venue,
        ids::{MemberId, TenantId},
        member::{Identity, Member, Role, Standing, Surface},
        patch::{Before, Change, Confidence, Decision, Mode, Operation, Origin, Patch, PatchState, TaskChanges},
        plan::Plan,
        project::{Lifecycle, Project, Revision},
        provider::Provider,
        schedule::{DigestKind, Missed, Recurrence, Schedule},
        task::{Place, Rank, Status, Task, TaskFields, TaskNumber},
        tenant::Installation,
        time::Timestamp,
    },
    secrets::Keyring,
    store::{Store, Tx},
};

use crate::{channels::token, running::USER};

/// The master key that their tokens are sealed with.
pub(crate) const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// Members of a tenant.
pub(crate) const MEMBERS: usize = 10;
/// Tasks of its plan.
pub(crate) const TASKS: u32 = 50;

/// A tenant that was made.
pub(crate) struct Team {
    pub(crate) tenant: TenantId,
    pub(crate) venue: Venue,
    by: MemberId,
}

/// The nth team's id in Slack.
pub(crate) fn name(nth: usize) -> String {
    format!("T{nth:05}")
}

/// Makes a tenant with everything but its standup.
pub(crate) async fn make(store: &Store, chance: &Chance, keyring: &Keyring, nth: usize) -> Team {
    let (tenant, team) = (store.create_tenant("Acme", chance).await.expect("a tenant"), name(nth));
    let mut tx = store.write(tenant).await.expect("a transaction");
    let members = members(&mut tx, chance, &team).await;
    connect(&mut tx, chance, keyring, &team, members[0]).await;
    let venue = Venue { surface: Surface::Slack, team, channel: "C1".to_owned(), thread: None };
    plan(&mut tx, chance, &venue, &members).await;
    tx.commit().await.expect("a commit");
    Team { tenant, venue, by: members[0] }
}

/// People who work on any day, so that the figures of a Sunday are those of a Monday.
async fn members(tx: &mut Tx, chance: &Chance, team: &str) -> Vec<MemberId> {
    use Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
    let clock = |hour| NaiveTime::from_hms_opt(hour, 0, 0).expect("a time");
    let hours = Hours { days: vec![Mon, Tue, Wed, Thu, Fri, Sat, Sun], from: clock(9), to: clock(17) };
    let mut members = Vec::new();
    for nth in 1..=MEMBERS {
        let member = Member {
            id: chance.id(),
            name: if nth == 1 { "Ana".to_owned() } else { format!("Member {nth}") },
            role: if nth == 1 { Role::Owner } else { Role::Member },
            standing: Standing::Full,
            time_zone: "Europe/Paris".to_owned(),
        };
        let user = if nth == 1 { USER.to_owned() } else { format!("U{nth}") };
        let identity = Identity { surface: Surface::Slack, team: team.to_owned(), user };
        tx.put_member(&member, &identity).await.expect("a member");
        tx.put_own_hours(member.id, &OwnHours { hours: Some(hours.clone()), zone: None }).await.expect("hours");
        members.push(member.id);
    }
    members
}

async fn connect(tx: &mut Tx, chance: &Chance, keyring: &Keyring, team: &str, by: MemberId) {
    let installation = Installation {
        surface: Surface::Slack,
        team: team.to_owned(),
        name: "Acme".to_owned(),
        bot_user: "UDOCKET".to_owned(),
        removed: None,
    };
    tx.put_installation(&installation).await.expect("an installation");
    let id = chance.id();
    let access = keyring.seal(tx.tenant(), &purpose(Provider::Slack, id, "access"), &token(team).into(), chance);
    let connection = Connection {
        id,
        provider: Provider::Slack,
        realm: team.to_owned(),
        owner: None,
        name: "Acme".to_owned(),
        account: "docket".to_owned(),
        url: "https://acme.slack.com/".to_owned(),
        scopes: Vec::new(),
        access: Some(access.expect("a sealed token")),
        refresh: None,
        expires_at: None,
        condition: Condition::Live,
        trouble: None,
        version: 1,
        by,
        connected_at: chance.now(),
        refreshed_at: None,
    };
    tx.put_connection(&connection).await.expect("a connection");
}

/// A plan of which everybody has five tasks, with two proposals: one applied today, and one that waits.
async fn plan(tx: &mut Tx, chance: &Chance, venue: &Venue, members: &[MemberId]) {
    use Status::{Backlog, Blocked, Done, InProgress, Todo};
    let project = Project {
        id: chance.id(),
        key: "WORK".parse().expect("a key"),
        title: "Everything".to_owned(),
        summary: String::new(),
        lifecycle: Lifecycle::Implementing,
        revision: Revision(0),
    };
    tx.insert_project(&project, TaskNumber(TASKS + 1), chance.now()).await.expect("a project");
    let mut rank = Rank::only();
    let mut tasks = BTreeMap::new();
    for (number, (whose, status)) in (1..=TASKS)
        .zip([Done, InProgress, Todo, Blocked, Backlog].into_iter().flat_map(|s| members.iter().map(move |m| (m, s))))
    {
        rank = Rank::between(Some(&rank), None);
        let mut fields = TaskFields::titled(format!("Part {number} of what this team has to do"));
        (fields.assignee, fields.status) = (Some(*whose), status);
        let place = Place { parent: None, rank: rank.clone() };
        let number = TaskNumber(number);
        tasks.insert(number, Task { number, place, fields, version: Revision(1) });
    }
    let touched: BTreeSet<TaskNumber> = tasks.keys().copied().collect();
    let plan = Plan::new(Project { revision: Revision(1), ..project.clone() }, tasks.into_values());
    assert!(tx.save_plan(&plan, &touched, Revision(0), chance.now()).await.expect("a plan"));
    tx.bind_channel(venue, project.id).await.expect("a channel");
    let decision = Decision { by: members[0], at: chance.now() };
    let applied = PatchState::Applied { decision, revision: Revision(1), steps: (0..MEMBERS).collect() };
    for state in [applied, PatchState::Proposed] {
        let done = |number| {
            let changes = TaskChanges { status: Change::Set(Done), ..TaskChanges::default() };
            Operation::UpdateTask { number: TaskNumber(number), changes }.into()
        };
        let patch = Patch {
            id: chance.id(),
            code: tx.next_patch_code().await.expect("a code"),
            revision: 1,
            project: project.id,
            founding: None,
            base: Revision(1),
            mode: Mode::Edit,
            title: "mark what is done".to_owned(),
            steps: (1..).take(MEMBERS).map(done).collect(),
            before: Before::default(),
            author: members[0],
            origin: Origin {
                venue: venue.clone(),
                words: String::new(),
                method: String::new(),
                delivery: None,
                drafted: None,
                moves: BTreeSet::default(),
            },
            confidence: Confidence::High,
            state,
            supersedes: None,
            undoes: None,
            created_at: chance.now(),
            expires_at: chance.now().plus(std::time::Duration::from_hours(24)),
        };
        tx.insert_patch(&patch).await.expect("a patch");
    }
}

/// Gives a team its standup at an instant.
pub(crate) async fn schedule(store: &Store, chance: &Chance, team: &Team, slot: Timestamp) -> Schedule {
    let schedule = Schedule {
        id: chance.id(),
        kind: DigestKind::Standup,
        venue: team.venue.clone(),
        projects: Vec::new(),
        when: Recurrence::Once(slot.to_utc().naive_utc()),
        zone: chrono_tz::UTC,
        missed: Missed::Skip,
        pause: None,
        skipped: BTreeSet::new(),
        has_drafts: false,
        by: team.by,
        created_at: chance.now(),
        next_run_at: Some(slot),
    };
    let mut tx = store.write(team.tenant).await.expect("a transaction");
    tx.insert_schedule(&schedule).await.expect("a schedule");
    tx.commit().await.expect("a commit");
    schedule
}
