//! What the store costs as plans grow: a small patch must cost by what it touches, on either engine.
//!
//! `cargo bench --bench store` measures SQLite always, and PostgreSQL where `TEST_DATABASE_URL` names an
//! empty database or `initdb` and `postgres` are installed. It prints the median of some runs and
//! asserts nothing. `cargo bench --bench store -- 100 10000` takes these sizes.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads its own settings")]

#[path = "../tests/it/support/cluster.rs"]
mod cluster;
#[path = "running/tree.rs"]
mod tree;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use docket::{
    answers::{self, Ask},
    clock::Chance,
    domain::{
        apply::apply,
        event::Venue,
        ids::{MemberId, ProjectId, TenantId},
        intent::{Intent, Named, TaskName},
        member::{Identity, Member, Role, Standing, Surface},
        patch::{Confidence, Mode, Operation, Origin, Patch, PatchState},
        plan::Plan,
        project::{Lifecycle, Project, Revision},
        rebase::snapshot,
        task::{Status, TaskNumber},
    },
    llm::{
        models::Models,
        openai::{OpenAi, Timeouts},
    },
    review::card,
    secrets::Keyring,
    store::Store,
};
use tempfile::TempDir;

use self::cluster::Cluster;

const RUNS: usize = 9;

/// What was measured, by the size of the plan.
type Table = Vec<(&'static str, BTreeMap<u32, Duration>)>;

#[tokio::main]
async fn main() {
    let given: Vec<u32> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if given.is_empty() { tree::SIZES.to_vec() } else { given };
    let folder = TempDir::new().expect("a folder");
    measure(&format!("sqlite://{}", folder.path().join("docket.db").display()), &sizes).await;
    match std::env::var("TEST_DATABASE_URL") {
        Ok(url) => measure(&url, &sizes).await,
        Err(_) => match Cluster::start(true).await {
            Ok(cluster) => measure(&cluster.url("postgres", "postgres"), &sizes).await,
            Err(why) => println!("\nno PostgreSQL: {why}"),
        },
    }
}

async fn measure(url: &str, sizes: &[u32]) {
    let store = Store::open(url).await.expect("a database");
    store.migrate().await.expect("a migrated database");
    let mut table = Table::new();
    for &size in sizes {
        Bench::new(&store, size).await.run(&mut table).await;
    }
    print(store.engine(), sizes, &table);
    store.close().await;
}

fn print(engine: &str, sizes: &[u32], table: &Table) {
    let head: Vec<String> = sizes.iter().map(|size| format!("{size:>12} tasks")).collect();
    println!("\n{engine:<26}{}", head.concat());
    for (what, times) in table {
        let cells = sizes.iter().map(|size| format!("{:>15.2} ms", times[size].as_secs_f64() * 1e3));
        println!("{what:<26}{}", cells.collect::<Vec<_>>().concat());
    }
}

struct Bench {
    store: Store,
    chance: Chance,
    tenant: TenantId,
    me: Member,
    size: u32,
    plan: Plan,
    operations: Vec<Operation>,
    patch: Patch,
}

/// Measures an async block some times and keeps the median.
macro_rules! time {
    ($table:expr, $size:expr, $what:literal, $runs:expr, $body:expr) => {{
        let mut times = Vec::new();
        for _ in 0..$runs {
            let started = Instant::now();
            $body;
            times.push(started.elapsed());
        }
        times.sort();
        put($table, $what, $size, times[times.len() / 2]);
    }};
}

fn put(table: &mut Table, what: &'static str, size: u32, took: Duration) {
    match table.iter_mut().find(|(row, _)| *row == what) {
        Some((_, times)) => drop(times.insert(size, took)),
        None => table.push((what, BTreeMap::from([(size, took)]))),
    }
}

/// Models of which none is connected.
fn no_models(store: &Store, chance: &Chance) -> Models {
    let llm = OpenAi::new(Timeouts::default()).expect("a client");
    let keyring = Keyring::new(&[]).expect("a keyring");
    Models::new(Arc::new(llm), store.clone(), chance.clone(), keyring, None).expect("models")
}

impl Bench {
    /// A tenant of its own, so that what is measured is one plan and not the sum of all.
    async fn new(store: &Store, size: u32) -> Self {
        let chance = Chance::system();
        let tenant = store.create_tenant("Acme", &chance).await.expect("a tenant");
        let me = Member {
            id: chance.id(),
            name: "Ana".to_owned(),
            role: Role::Member,
            standing: Standing::Full,
            time_zone: "UTC".to_owned(),
        };
        let plan = plan(&chance, size, me.id);
        let operations = tree::patch(size);
        let patch = patch(&chance, &plan, me.id, &operations);
        Self { store: store.clone(), chance, tenant, me, size, plan, operations, patch }
    }

    async fn run(self, table: &mut Table) {
        self.insert(table).await;
        self.touch(table).await;
        self.answer(table).await;
    }

    async fn insert(&self, table: &mut Table) {
        let mut tx = self.store.write(self.tenant).await.expect("a transaction");
        let user = Identity { surface: Surface::Slack, team: "T1".to_owned(), user: "U1".to_owned() };
        tx.put_member(&self.me, &user).await.expect("a member");
        let unborn = Project { revision: Revision(0), ..self.plan.project.clone() };
        tx.insert_project(&unborn, TaskNumber(self.size + 1), self.chance.now()).await.expect("a project");
        tx.commit().await.expect("a commit");
        let all = self.plan.tasks().map(|task| task.number).collect();
        time!(table, self.size, "insert the plan", 1, {
            let mut tx = self.store.write(self.tenant).await.expect("a transaction");
            let saved = tx.save_plan(&self.plan, &all, Revision(0), self.chance.now()).await;
            assert!(saved.expect("a saved plan"));
            tx.commit().await.expect("a commit");
        });
        let mut tx = self.store.write(self.tenant).await.expect("a transaction");
        tx.insert_patch(&self.patch).await.expect("a patch");
        tx.commit().await.expect("a commit");
    }

    /// Everything that a patch of five operations does to the plan, and back.
    async fn touch(&self, table: &mut Table) {
        let operations: Vec<&Operation> = self.operations.iter().collect();
        time!(table, self.size, "plan_part of 5", RUNS, self.part(&operations).await);
        time!(table, self.size, "apply 5 and take back", RUNS, {
            let inverse = self.change(&operations).await;
            self.change(&inverse.iter().collect::<Vec<_>>()).await;
        });
        time!(table, self.size, "card of 5", RUNS, {
            let mut tx = self.store.read(self.tenant).await.expect("a transaction");
            card::show(&mut tx, &self.patch, self.chance.now()).await.expect("a card")
        });
    }

    async fn answer(&self, table: &mut Table) {
        let key = || Some(self.plan.project.key.clone());
        let task = TaskName::Code(self.plan.code(TaskNumber(self.size)).to_string());
        let questions = [
            ("inbox", Intent::Inbox),
            ("list", Intent::List),
            ("show AUTH-n", Intent::Show(Some(Named::Task(task)))),
            ("show AUTH", Intent::Show(key().map(Named::Project))),
            ("status AUTH", Intent::Status(key())),
            ("next AUTH", Intent::Next(key())),
        ];
        let models = no_models(&self.store, &self.chance);
        for (what, intent) in questions {
            let now = self.chance.now();
            let ask = Ask { sender: Some(&self.me), venue: None, intent: &intent, now, models: &models };
            let mut times = Vec::new();
            for _ in 0..RUNS {
                let started = Instant::now();
                let mut tx = self.store.read(self.tenant).await.expect("a transaction");
                answers::answer(&mut tx, &ask).await.expect("an answer");
                times.push(started.elapsed());
            }
            times.sort();
            put(table, what, self.size, times[times.len() / 2]);
        }
        time!(table, self.size, "the whole plan", RUNS, {
            let mut tx = self.store.read(self.tenant).await.expect("a transaction");
            assert_eq!(tx.plan(self.project()).await.expect("a plan").map(|plan| plan.len()), Some(self.plan.len()));
        });
    }

    async fn part(&self, operations: &[&Operation]) {
        let mut tx = self.store.read(self.tenant).await.expect("a transaction");
        let part = tx.plan_part(self.project(), operations).await.expect("a part").expect("a project");
        assert!(part.len() < 200, "{} tasks", part.len());
    }

    /// Reads, applies, saves and commits; gives what takes it back.
    async fn change(&self, operations: &[&Operation]) -> Vec<Operation> {
        let mut tx = self.store.write(self.tenant).await.expect("a transaction");
        let mut plan = tx.plan_part(self.project(), operations).await.expect("a part").expect("a project");
        let from = plan.project.revision;
        let applied = apply(&mut plan, operations).expect("valid operations");
        assert!(tx.save_plan(&plan, &applied.touched, from, self.chance.now()).await.expect("a saved plan"));
        tx.commit().await.expect("a commit");
        applied.inverse
    }

    fn project(&self) -> ProjectId {
        self.plan.project.id
    }
}

/// The plan of the pure rules under an id of its own, of which every hundredth task is mine and under way.
fn plan(chance: &Chance, size: u32, me: MemberId) -> Plan {
    let plan = tree::plan(size);
    let project = Project { id: chance.id(), lifecycle: Lifecycle::Implementing, ..plan.project.clone() };
    let tasks = plan.tasks().cloned().map(|mut task| {
        if task.number.0 % 100 == 0 {
            task.fields.assignee = Some(me);
            task.fields.status = Status::InProgress;
        }
        task
    });
    Plan::new(project, tasks)
}

fn patch(chance: &Chance, plan: &Plan, author: MemberId, operations: &[Operation]) -> Patch {
    let venue = Venue { surface: Surface::Slack, team: "T1".to_owned(), channel: "C1".to_owned(), thread: None };
    let now = chance.now();
    Patch {
        id: chance.id(),
        code: docket::domain::patch::PatchCode(1),
        revision: 1,
        project: plan.project.id,
        founding: None,
        base: plan.project.revision,
        mode: Mode::Edit,
        title: "change the sign-in tasks".to_owned(),
        steps: operations.iter().cloned().map(Into::into).collect(),
        before: snapshot(plan, &operations.iter().collect::<Vec<_>>()),
        author,
        origin: Origin {
            venue,
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
        created_at: now,
        expires_at: now.plus(Duration::from_hours(24)),
    }
}
