//! How soon Docket is ready on a database that is in use, and how much memory it takes.
//!
//! `cargo bench --bench start` starts the optimised program five times on a SQLite file with 1,000 patches, and
//! sends the last one 1,000 signed slash commands. It asserts nothing.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "running/mod.rs"]
mod running;

use std::time::Duration;

use docket::{
    clock::Chance,
    domain::{
        event::Venue,
        member::{Identity, Member, Role, Standing, Surface},
        patch::{Confidence, Mode, Operation, Origin, Patch, PatchCode, PatchState},
        project::{Lifecycle, Project, Revision},
        task::{Place, Rank, TaskFields, TaskNumber},
    },
    store::Store,
};

use self::running::{Running, TEAM};

const PATCHES: u32 = 1_000;
const STARTS: usize = 5;
const COMMANDS: usize = 1_000;

#[tokio::main]
async fn main() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("docket.db").display());
    fill(&url).await;
    let mut ready = Vec::new();
    for _ in 1..STARTS {
        ready.push(Running::start(&url, folder.path(), &[]).await.ready_after);
    }
    let program = Running::start(&url, folder.path(), &[]).await;
    ready.push(program.ready_after);
    ready.sort();
    println!("ready after        {:>8.0?} (median of {STARTS}; slowest {:.0?})", ready[STARTS / 2], ready[STARTS - 1]);
    println!("resident           {:>8}", megabytes(program.resident()));
    let client = running::client();
    for nth in 0..COMMANDS {
        let text = if nth % 10 == 0 { "plan Build a user authentication flow" } else { "list" };
        assert!(program.types(&client, (TEAM, "C1"), nth, text).await.1.is_success());
    }
    println!("after {COMMANDS} commands {:>8}", megabytes(program.resident()));
    tokio::time::sleep(Duration::from_secs(10)).await;
    println!("10 s later         {:>8}", megabytes(program.resident()));
    let size = std::fs::metadata(env!("CARGO_BIN_EXE_docket")).map(|file| file.len()).unwrap_or_default();
    println!("the program itself {:>8}", megabytes(Some(size)));
}

fn megabytes(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "unknown".to_owned(), |bytes| format!("{} MB", bytes / 1_000_000))
}

/// A database with open proposals, as after a busy year without decisions.
async fn fill(url: &str) {
    let store = Store::open(url).await.expect("a database");
    store.migrate().await.expect("a migrated database");
    let chance = Chance::system();
    let tenant = store.local_tenant(&chance).await.expect("a tenant");
    let mut tx = store.write(tenant).await.expect("a transaction");
    let ana = Member {
        id: chance.id(),
        name: "Ana".to_owned(),
        role: Role::Member,
        standing: Standing::Full,
        time_zone: "UTC".to_owned(),
    };
    let user = Identity { surface: Surface::Slack, team: running::TEAM.to_owned(), user: running::USER.to_owned() };
    tx.put_member(&ana, &user).await.expect("a member");
    let project = Project {
        id: chance.id(),
        key: "AUTH".parse().expect("a key"),
        title: "Sign-in".to_owned(),
        summary: String::new(),
        lifecycle: Lifecycle::Draft,
        revision: Revision(0),
    };
    tx.insert_project(&project, TaskNumber(PATCHES + 1), chance.now()).await.expect("a project");
    let venue =
        Venue { surface: Surface::Slack, team: running::TEAM.to_owned(), channel: "C1".to_owned(), thread: None };
    for number in 1..=PATCHES {
        let create = Operation::CreateTask {
            number: TaskNumber(number),
            place: Place { parent: None, rank: Rank::only() },
            fields: TaskFields::titled(format!("Task {number}")),
        };
        let patch = Patch {
            id: chance.id(),
            code: PatchCode(tx.next_patch_code().await.expect("a code").0),
            revision: 1,
            project: project.id,
            founding: None,
            base: Revision(0),
            mode: Mode::Edit,
            title: "add a task".to_owned(),
            steps: vec![create.into()],
            before: docket::domain::patch::Before::default(),
            author: ana.id,
            origin: Origin {
                venue: venue.clone(),
                words: String::new(),
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
            expires_at: chance.now().plus(Duration::from_hours(24)),
        };
        tx.insert_patch(&patch).await.expect("a patch");
    }
    tx.commit().await.expect("a commit");
    store.close().await;
}
