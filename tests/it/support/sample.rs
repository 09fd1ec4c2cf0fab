//! Sample data: the smallest valid thing of each kind, and two whole projects in [`acme`].

use docket::{
    clock::Chance,
    domain::{
        card::{Answer, Card},
        connection::{Condition, Connection, ProviderApp},
        delivery::{Delivery, Source},
        event::Venue,
        ids::{MemberId, PatchId, ProjectId, TenantId},
        job::{Class, Job, NewJob},
        lesson::{Edit, Edited, Kind, Lesson, Purpose, Verdict},
        member::{Identity, Member, Role, Standing, Surface},
        message::Message,
        patch::{Before, Confidence, Mode, Operation, Origin, Patch, PatchCode, PatchState},
        project::{Lifecycle, Project, Revision},
        provider::Provider,
        secret::Sealed,
        task::{Place, Rank, Task, TaskFields, TaskNumber},
        time::Timestamp,
    },
    store::{Claimed, NewDelivery, Store},
};

pub(crate) mod acme;
pub(crate) mod trackers;

/// A new tenant with one member.
pub(crate) async fn tenant(store: &Store, chance: &Chance) -> (TenantId, MemberId) {
    let tenant = store.create_tenant("Acme", chance).await.unwrap();
    let member = member(chance, "Ana");
    let mut tx = store.write(tenant).await.unwrap();
    tx.put_member(&member, &identity("U1")).await.unwrap();
    tx.commit().await.unwrap();
    (tenant, member.id)
}

/// A full member.
pub(crate) fn member(chance: &Chance, name: &str) -> Member {
    Member {
        id: chance.id(),
        name: name.to_owned(),
        role: Role::Member,
        standing: Standing::Full,
        time_zone: "Europe/Paris".to_owned(),
    }
}

/// A tenant's connection to an organisation, whose token does not end.
pub(crate) fn connection(chance: &Chance, provider: Provider, realm: &str, by: MemberId) -> Connection {
    Connection {
        id: chance.id(),
        provider,
        realm: realm.to_owned(),
        owner: None,
        name: "Acme".to_owned(),
        account: "docket".to_owned(),
        url: "https://acme.test".to_owned(),
        scopes: vec!["read".to_owned()],
        access: Some(Sealed("v1.access".to_owned())),
        refresh: Some(Sealed("v1.refresh".to_owned())),
        expires_at: None,
        condition: Condition::Live,
        trouble: None,
        version: 1,
        by,
        connected_at: chance.now(),
        refreshed_at: None,
    }
}

/// A GitHub App of the tenant's own.
pub(crate) fn provider_app(by: MemberId) -> ProviderApp {
    ProviderApp {
        provider: Provider::GitHub,
        number: 42,
        slug: "docket-acme".to_owned(),
        name: "Docket Acme".to_owned(),
        url: "https://github.com/apps/docket-acme".to_owned(),
        client_id: "Iv1".to_owned(),
        client_secret: Sealed("v1.client".to_owned()),
        private_key: Sealed("v1.key".to_owned()),
        hook_secret: None,
        by,
        made_at: Timestamp::from_millis(1_795_000_000_000),
    }
}

/// A Slack user.
pub(crate) fn identity(user: &str) -> Identity {
    Identity { surface: Surface::Slack, team: "T1".to_owned(), user: user.to_owned() }
}

/// A Slack channel.
pub(crate) fn channel(channel: &str) -> Venue {
    Venue { surface: Surface::Slack, team: "T1".to_owned(), channel: channel.to_owned(), thread: None }
}

/// A thread in a Slack channel.
pub(crate) fn thread(channel: &str, parent: &str) -> Venue {
    Venue { thread: Some(parent.to_owned()), ..self::channel(channel) }
}

/// A project at revision 0.
pub(crate) fn project(chance: &Chance, key: &str) -> Project {
    Project {
        id: chance.id(),
        key: key.parse().unwrap(),
        title: format!("The {key} project"),
        summary: String::new(),
        lifecycle: Lifecycle::Draft,
        revision: Revision(0),
    }
}

/// A task under `parent` that waits for `depends_on`.
pub(crate) fn task(number: u32, parent: Option<u32>, depends_on: &[u32]) -> Task {
    let mut fields = TaskFields::titled(format!("Task {number}"));
    fields.depends_on = depends_on.iter().copied().map(TaskNumber).collect();
    Task {
        number: TaskNumber(number),
        place: Place { parent: parent.map(TaskNumber), rank: Rank::only() },
        fields,
        version: Revision(1),
    }
}

/// A proposed patch of one step.
pub(crate) fn patch(chance: &Chance, code: u32, project: ProjectId, author: MemberId) -> Patch {
    let task = task(1, None, &[]);
    let create = Operation::CreateTask { number: task.number, place: task.place, fields: task.fields };
    Patch {
        id: chance.id(),
        code: PatchCode(code),
        revision: 1,
        project,
        founding: None,
        base: Revision(0),
        mode: Mode::Edit,
        title: "add a task".to_owned(),
        steps: vec![create.into()],
        before: Before::default(),
        author,
        origin: Origin {
            venue: channel("C1"),
            words: "add a task".to_owned(),
            method: String::new(),
            delivery: None,
            drafted: None,
            moves: std::collections::BTreeSet::default(),
        },
        confidence: Confidence::High,
        state: PatchState::Proposed,
        supersedes: None,
        undoes: None,
        created_at: chance.now(),
        expires_at: chance.now(),
    }
}

/// A card of this patch that is not posted yet.
pub(crate) fn card(chance: &Chance, patch: PatchId, venue: Venue) -> Card {
    Card { id: chance.id(), patch, venue, under: None, message: None, shown: None, created_at: chance.now() }
}

/// What a patch taught that a model drafted and that was edited before it was approved.
pub(crate) fn lesson(patch: PatchId, at: Timestamp) -> Lesson {
    Lesson {
        patch,
        first: patch,
        purpose: Purpose::Plan,
        model: Some("openai/gpt-5".parse().unwrap()),
        prompt: Some("0a1b2c3d".to_owned()),
        verdict: Verdict::Edited,
        proposed: 4,
        approved: 3,
        edits: vec![
            Edit { op: Kind::Create, task: Some(TaskNumber(4)), edited: Edited::Removed },
            Edit { op: Kind::Create, task: Some(TaskNumber(2)), edited: Edited::Changed(vec!["estimate".to_owned()]) },
        ],
        at,
    }
}

/// An answer that is not sent yet.
pub(crate) fn answer(chance: &Chance) -> Answer {
    Answer {
        id: chance.id(),
        delivery: Some(chance.id()),
        to: identity("U1"),
        venue: channel("C1"),
        message: Message::text("Hello"),
        created_at: chance.now(),
        sent_at: None,
    }
}

/// Whether a job could be written down as done by whoever holds it.
pub(crate) async fn done(store: &Store, job: &Claimed) -> bool {
    store.finish(&job.owner, std::slice::from_ref(job)).await.unwrap().is_empty()
}

/// A job to be run now, with three attempts and no keys.
pub(crate) fn job(chance: &Chance) -> NewJob {
    NewJob {
        job: Job::SyncCard { card: chance.id() },
        class: Class::Interactive,
        run_at: chance.now(),
        unique_key: None,
        ordering_key: None,
        max_attempts: 3,
    }
}

/// A delivery of this key with a job.
pub(crate) fn delivery(chance: &Chance, tenant: TenantId, key: &str) -> NewDelivery {
    NewDelivery {
        delivery: Delivery {
            id: chance.id(),
            tenant: Some(tenant),
            source: Source::SlackCommand,
            dedupe_key: key.to_owned(),
            body: vec![0, 255, b'a'],
            received_at: chance.now(),
        },
        job: Some(job(chance)),
        job_id: chance.id(),
        outcome: None,
    }
}
