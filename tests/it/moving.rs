//! Tenants that move and leave: taken along as a file, the same elsewhere, and gone without a trace.

use std::{collections::BTreeMap, fs::File, io::Write as _, time::Duration};

use docket::{
    clock::Chance,
    domain::{
        ids::{MemberId, TenantId},
        job::Job,
        member::{Role, Surface},
        patch::PatchState,
        plan::Plan,
        project::Revision,
        task::{Place, Priority, Rank, Status, TaskNumber},
    },
    moving::{self, Target},
    secrets::{Keyring, new_key},
    store::{Moves, Store, Table},
};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    store_availability, store_reminders, store_schedules,
    store_tenancy::{self, Full},
    store_trackers,
    support::{
        app::{TestApp, words},
        binary::{Binary, Settings, client},
        db::{TestDb, for_each_db, on_postgres, on_sqlite},
        sample::{self, acme},
        secrets,
    },
};

for_each_db! {
    every_table_of_tenants_moves_or_says_why_not,
    plans_of_any_shape_move_as_they_are,
    what_moves_holds_no_secret_and_no_conversation,
    a_file_that_was_changed_is_refused_and_nothing_is_written,
    a_file_of_another_server_is_taken_only_where_somebody_says_so,
    a_tenant_goes_into_an_unused_one_or_a_new_one_and_takes_what_is_free,
    a_tenant_leaves_and_nothing_is_left,
    a_tenant_that_was_cut_off_while_it_left_can_be_deleted_again,
    a_tenant_leaves_while_others_are_served,
}

/// The rows of a tenant, table by table, as they move.
async fn rows(store: &Store, tenant: TenantId) -> BTreeMap<&'static str, Vec<Value>> {
    let mut tx = store.read(tenant).await.unwrap();
    let mut all = BTreeMap::new();
    for table in Table::moving() {
        let rows: &mut Vec<Value> = all.entry(table.name).or_default();
        tx.moved_rows(table, |row| {
            rows.push(Value::Object(row));
            Ok::<_, docket::store::Error>(())
        })
        .await
        .unwrap();
    }
    all
}

/// The same without what is named anew elsewhere.
fn comparable(mut all: BTreeMap<&'static str, Vec<Value>>) -> BTreeMap<&'static str, Vec<Value>> {
    let trail = all.get_mut("audit").unwrap();
    trail.retain(|entry| entry["action"] != "tenant.imported");
    for entry in trail {
        entry["id"] = Value::Null;
    }
    all.remove("installations");
    all
}

fn keyring(chance: &Chance) -> Keyring {
    Keyring::new(&[new_key(chance)]).unwrap()
}

async fn exported(store: &Store, keyring: &Keyring, tenant: TenantId) -> Vec<u8> {
    let mut file = Vec::new();
    moving::export(store, keyring, &Chance::system(), tenant, &mut file).await.unwrap();
    file
}

/// A file that holds this.
fn file(text: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text).unwrap();
    file
}

async fn imported(store: &Store, keyring: &Keyring, text: &[u8]) -> moving::Imported {
    moving::import(store, keyring, &Chance::system(), &file(text), Target::Fitting, false).await.unwrap()
}

/// Why a file is not taken; nothing was written.
async fn refused(store: &Store, keyring: &Keyring, text: &[u8], target: Target, trusting: bool) -> String {
    let before = store.tenants().await.unwrap();
    let error = moving::import(store, keyring, &Chance::system(), &file(text), target, trusting).await.unwrap_err();
    assert_eq!(store.tenants().await.unwrap(), before);
    format!("{error:#}")
}

async fn every_table_of_tenants_moves_or_says_why_not(db: &TestDb) {
    let mut columns = BTreeMap::<String, Vec<String>>::new();
    for column in db.columns().await {
        let (table, column) = column.trim_end_matches('?').split_once('.').unwrap();
        columns.entry(table.to_owned()).or_default().push(column.to_owned());
    }
    columns.retain(|_, columns| columns.iter().any(|column| column == "tenant_id"));
    let mut known: Vec<_> = Table::all().iter().map(|table| table.name.to_owned()).collect();
    known.sort();
    assert_eq!(
        columns.keys().cloned().collect::<Vec<_>>(),
        known,
        "a new table of tenants needs its line in store/tables.rs"
    );
    for table in Table::all() {
        match table.moves {
            Moves::Not(why) => assert!(why.len() > 10, "{}: {why:?}", table.name),
            Moves::Along { .. } => {
                let mut moved: Vec<_> = table.columns().map(str::to_owned).collect();
                moved.sort();
                let mut all = columns[table.name].clone();
                all.retain(|column| column != "tenant_id" && column != "seq");
                assert_eq!(moved, all, "every column of {} moves", table.name);
            }
        }
    }
}

/// A workspace that has worked with Docket for a while, in the console's tenant.
async fn worked(docket: &TestApp<'_>) {
    docket.slash("U1", "plan Build a user authentication flow").await;
    docket.slash("U1", "edit add a task for documentation").await;
    docket.click("U2", "patch.approve").await;
    docket.slash("U1", "break AUTH-2").await;
    docket.click("U1", "patch.approve").await;
    for line in [
        "start AUTH-1",
        "estimate AUTH-1 3h",
        "assign AUTH-1 <@U2|ben>",
        "edit move AUTH-3 before AUTH-1",
        "github mentions on",
    ] {
        docket.slash("U1", line).await;
    }
    docket.click("U1", "patch.approve").await;
    docket.slash("U1", "edit drop AUTH-3").await;
    docket.click("U1", "patch.reject").await;
    docket.submit("U1", "We need it.").await;
    docket.slash("U2", "edit rename AUTH-1 to Ways in").await;
    let mut tx = docket.db.store.write(docket.app.tenant).await.unwrap();
    let ana = tx.member_by_identity(&sample::identity("U1")).await.unwrap().unwrap();
    tx.set_role(ana.id, Role::Owner).await.unwrap();
    tx.commit().await.unwrap();
    docket.slash("U1", "policy expiry 5d").await;
    let mut tx = docket.db.store.write(docket.app.tenant).await.unwrap();
    let open = tx.open_patches().await.unwrap().pop().unwrap();
    tx.object(open.id, open.revision, open.author, "too early", docket.db.chance.now()).await.unwrap();
    store_trackers::fill(docket.db, &mut tx, open.author, open.project).await;
    store_schedules::fill(docket.db, &mut tx, open.author).await;
    store_availability::fill(docket.db, &mut tx, open.author).await;
    store_reminders::fill(docket.db, &mut tx, open.author, open.project).await;
    tx.lock_heard_channel(&sample::channel("C1"), None).await.unwrap();
    tx.set_kept(&sample::channel("C1"), false, open.author).await.unwrap();
    tx.forget_said_by(open.author, docket.db.chance.now()).await.unwrap();
    tx.commit().await.unwrap();
}

/// Plans, patches, people and the trail are the same on the other side, and work goes on where it was.
async fn moves(from: &TestDb, to: &TestDb) {
    let keyring = keyring(&from.chance);
    let here = TestApp::start(from).await;
    worked(&here).await;
    let text = exported(&from.store, &keyring, here.app.tenant).await;
    let arrived = imported(&to.store, &keyring, &text).await;
    assert_eq!(arrived.unmapped, [""; 0]);
    assert_eq!(to.store.tenant_of(Surface::Console, "local").await.unwrap(), Some(arrived.tenant));
    assert_eq!(to.store.tenant_of(Surface::Slack, "T1").await.unwrap(), Some(arrived.tenant));
    let (before, after) = (rows(&from.store, here.app.tenant).await, rows(&to.store, arrived.tenant).await);
    for (table, rows) in &before {
        assert!(!rows.is_empty() || matches!(*table, "logins" | "routes" | "task_dependencies"), "{table} is empty");
    }
    assert_eq!(comparable(before), comparable(after));

    // What waits for its time does so there, too.
    let waiting = to.store.jobs(99).await.unwrap();
    let reminder = waiting.iter().find(|row| matches!(row.job, Some(Job::Remind { .. })));
    assert_eq!(reminder.map(|row| row.run_at), Some(store_reminders::WHEN));

    let there = TestApp::start(to).await;
    assert_eq!(there.app.tenant, arrived.tenant);
    assert_eq!(plans(&from.store, here.app.tenant).await, plans(&to.store, arrived.tenant).await);
    for docket in [&here, &there] {
        let next = words(&docket.slash("U1", "show P-9").await.json());
        assert!(next.contains("Ways in"), "{next}");
        docket.slash("U1", "approve P-9").await;
        docket.slash("U1", "undo P-3").await;
        docket.click("U2", "patch.approve").await;
        docket.slash("U1", "edit add a task for a review").await;
        docket.click("U1", "patch.approve").await;
    }
    let plan = plans(&to.store, arrived.tenant).await;
    assert_eq!(plans(&from.store, here.app.tenant).await, plan);
    assert!(plan[0].project.revision > Revision(5), "{:?}", plan[0].project);
    assert_eq!(here.states().await, there.states().await);
    assert_eq!(there.slack.problems(), Vec::<String>::new());
}

async fn plans(store: &Store, tenant: TenantId) -> Vec<Plan> {
    let mut tx = store.read(tenant).await.unwrap();
    let mut plans = Vec::new();
    for project in tx.projects().await.unwrap() {
        plans.push(tx.plan(project.id).await.unwrap().unwrap());
    }
    plans
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_moves_from_file_to_file() {
    on_sqlite(async |from: &TestDb| on_sqlite(async |to: &TestDb| moves(from, to).await).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_moves_from_a_file_to_a_server() {
    on_sqlite(async |from: &TestDb| on_postgres(async |to: &TestDb| moves(from, to).await).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_moves_from_a_server_to_a_file() {
    on_postgres(async |from: &TestDb| on_sqlite(async |to: &TestDb| moves(from, to).await).await).await;
}

async fn plans_of_any_shape_move_as_they_are(db: &TestDb) {
    let keyring = keyring(&db.chance);
    for round in 0..12 {
        let tenant = db.store.create_tenant("Acme", &db.chance).await.unwrap();
        let odd = acme::odd(&db.chance, "Ä \u{1F600} \"quoted\"\n\\ 'x' \u{202e}");
        odd.write(&db.store, tenant).await;
        let ana = odd.members[0].0.id;
        let mut tx = db.store.write(tenant).await.unwrap();
        for key in ["ONE", "TWO"] {
            let plan = any_plan(&db.chance, key, ana);
            let mut head = plan.project.clone();
            head.revision = Revision(0);
            tx.insert_project(&head, TaskNumber(90), db.chance.now()).await.unwrap();
            let touched = plan.tasks().map(|task| task.number).collect();
            assert!(tx.save_plan(&plan, &touched, Revision(0), db.chance.now()).await.unwrap());
        }
        tx.commit().await.unwrap();
        let text = exported(&db.store, &keyring, tenant).await;
        let arrived = imported(&db.store, &keyring, &text).await;
        assert_ne!(arrived.tenant, tenant);
        let before = plans(&db.store, tenant).await;
        assert!(before.len() >= 2, "round {round}");
        assert_eq!(plans(&db.store, arrived.tenant).await, before, "round {round}");
        assert_eq!(comparable(rows(&db.store, arrived.tenant).await), comparable(rows(&db.store, tenant).await));
    }
}

/// A plan of any shape: a tree, ranks that were split often, any fields, and dependencies.
fn any_plan(chance: &Chance, key: &str, ana: MemberId) -> Plan {
    let mut project = sample::project(chance, key);
    let pick = |most: u128| u32::try_from(chance.bits() % most).unwrap();
    project.revision = Revision(1 + pick(900));
    let size = 1 + pick(40);
    let tasks = (1..=size).map(|number| {
        let parent = (number > 1 && pick(3) > 0).then(|| 1 + pick(u128::from(number - 1)));
        let firsts: Vec<_> = (1..number).filter(|_| pick(9) == 0).collect();
        let mut task = sample::task(number, parent, &firsts);
        let mut rank = Rank::only();
        for _ in 0..pick(6) {
            rank = Rank::between(Some(&rank), None);
        }
        task.place = Place { parent: parent.map(TaskNumber), rank };
        task.fields.description = format!("line\n{}", chance.bits());
        task.fields.status = if pick(2) == 0 { Status::Done } else { Status::Todo };
        task.fields.priority = if pick(2) == 0 { Priority::High } else { Priority::Normal };
        task.fields.estimate = (pick(2) == 0).then(|| pick(9_000));
        task.fields.assignee = (pick(2) == 0).then_some(ana);
        task.version = Revision(1 + pick(u128::from(project.revision.0)));
        task
    });
    let tasks: Vec<_> = tasks.collect();
    Plan::new(project, tasks)
}

async fn what_moves_holds_no_secret_and_no_conversation(db: &TestDb) {
    let full = store_tenancy::fill(db).await;
    let keyring = keyring(&db.chance);
    let text = String::from_utf8(exported(&db.store, &keyring, full.tenant).await).unwrap();
    assert!(text.contains("\"add a task\"") && text.contains("what now"), "{text}");
    let sealed = db.store.secrets(None, 99).await.unwrap();
    assert!(!sealed.is_empty());
    for secret in &sealed {
        assert!(!text.contains(&secret.sealed.0), "{text}");
    }
    for said in ["sealed", "hash", "hello", "Hello", "base_url"] {
        assert!(!text.contains(said), "{said} in {text}");
    }
    let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!((first["line"].as_str(), first["version"].as_i64()), (Some("tenant"), Some(1)));
    assert_eq!(first["rows"]["patches"], 1);
}

/// The lines of a file, and the file of lines.
fn lines(text: &[u8]) -> Vec<String> {
    String::from_utf8(text.to_vec()).unwrap().lines().map(str::to_owned).collect()
}

fn joined(lines: &[String]) -> Vec<u8> {
    (lines.join("\n") + "\n").into_bytes()
}

async fn a_file_that_was_changed_is_refused_and_nothing_is_written(db: &TestDb) {
    let full = store_tenancy::fill(db).await;
    let keyring = keyring(&db.chance);
    let text = exported(&db.store, &keyring, full.tenant).await;
    let whole = lines(&text);
    let row = whole.iter().position(|line| line.contains("\"tasks\"") && line.contains("\"row\"")).unwrap();
    let changed = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = whole.clone();
        change(&mut lines);
        joined(&lines)
    };
    for (text, says) in [
        (changed(&|lines| lines[row] = lines[row].replace("Task 1", "Task 7")), "its signature does not fit"),
        (changed(&|lines| lines[0] = lines[0].replace("Acme", "Evil")), "its signature does not fit"),
        (changed(&|lines| drop(lines.remove(row))), "not all rows of tasks"),
        (changed(&|lines| lines.swap(1, 2)), "its signature does not fit"),
        (changed(&|lines| lines.push(lines[row].clone())), "something follows its end"),
        (changed(&|lines| drop(lines.pop())), "its end is missing"),
        (changed(&|lines| lines[row].truncate(20)), "can't be read"),
        (changed(&|lines| lines[row] = lines[row].replace("\"tasks\"", "\"jobs\"")), "no table that moves: jobs"),
        (changed(&|lines| lines[row] = lines[row].replace("\"rank\"", "\"tenant_id\"")), "no column tenant_id"),
        (changed(&|lines| lines[0] = lines[0].replace("\"version\":1", "\"version\":2")), "made by a newer Docket"),
        (changed(&|lines| lines[0] = lines[0].replace("\"schema\":2", "\"schema\":9")), "made by a newer Docket"),
        (b"hello\n".to_vec(), "line 1 is not the tenant"),
        (Vec::new(), "line 1 is not the tenant"),
    ] {
        let told = refused(&db.store, &keyring, &text, Target::Fitting, false).await;
        assert!(told.contains(says), "{says}: {told}");
    }

    // Where somebody vouches for a file nobody signed, what does not fit is still refused as a whole.
    let nobody = Keyring::new(&[]).unwrap();
    let unsigned = lines(&exported(&db.store, &nobody, full.tenant).await);
    let twice = |table: &str| {
        let row = unsigned.iter().find(|line| line.contains(&format!("\"table\":\"{table}\""))).unwrap();
        let rows = format!(
            "\"{table}\":{}",
            unsigned.iter().filter(|line| line.contains(&format!("\"table\":\"{table}\""))).count()
        );
        let count: usize = rows.rsplit(':').next().unwrap().parse().unwrap();
        let mut lines = unsigned.clone();
        lines[0] = lines[0].replace(&rows, &format!("\"{table}\":{}", count + 1));
        lines.insert(lines.len() - 1, row.clone());
        joined(&lines)
    };
    let told = refused(&db.store, &nobody, &twice("projects"), Target::Fitting, true).await;
    assert!(told.contains("a row of projects comes twice"), "{told}");
    let mut orphan = unsigned.clone();
    for line in &mut orphan[1..] {
        if line.contains("\"table\":\"approvals\"") {
            *line = line.replace(&full.member.to_string(), "mem_01HF7YAT00000000000000001A");
        }
    }
    let told = refused(&db.store, &nobody, &joined(&orphan), Target::Fitting, true).await;
    assert!(told.contains("the database failed") || told.contains("does not fit"), "{told}");
    let mut odd = unsigned.clone();
    for line in &mut odd {
        *line = line.replace("\\\"op\\\":\\\"create_task\\\"", "\\\"op\\\":\\\"grow_task\\\"");
    }
    assert_ne!(odd, unsigned);
    let told = refused(&db.store, &nobody, &joined(&odd), Target::Fitting, true).await;
    assert!(told.contains("the stored steps can't be read"), "{told}");
}

async fn a_file_of_another_server_is_taken_only_where_somebody_says_so(db: &TestDb) {
    let full = store_tenancy::fill(db).await;
    let (theirs, ours, nobody) = (keyring(&db.chance), keyring(&db.chance), Keyring::new(&[]).unwrap());
    let signed = exported(&db.store, &theirs, full.tenant).await;
    let unsigned = exported(&db.store, &nobody, full.tenant).await;
    let told = refused(&db.store, &ours, &signed, Target::Fitting, false).await;
    assert!(told.contains("was signed with the master key") && told.contains("--trust"), "{told}");
    let told = refused(&db.store, &ours, &unsigned, Target::Fitting, false).await;
    assert!(told.contains("is not signed") && told.contains("--trust"), "{told}");
    for text in [signed, unsigned] {
        let arrived = moving::import(&db.store, &ours, &db.chance, &file(&text), Target::Fitting, true).await.unwrap();
        assert_eq!(plans(&db.store, arrived.tenant).await, plans(&db.store, full.tenant).await);
    }
}

async fn a_tenant_goes_into_an_unused_one_or_a_new_one_and_takes_what_is_free(db: &TestDb) {
    let keyring = keyring(&db.chance);
    let full = store_tenancy::fill(db).await;
    let text = exported(&db.store, &keyring, full.tenant).await;
    let told = refused(&db.store, &keyring, &text, Target::Into(full.tenant), false).await;
    assert!(told.contains("is in use already"), "{told}");

    // The workspace stays with whom it is.
    let arrived = imported(&db.store, &keyring, &text).await;
    assert_eq!(arrived.unmapped, ["slack T1"]);
    assert_eq!(db.store.tenant_of(Surface::Slack, "T1").await.unwrap(), Some(full.tenant));

    // Named, an unused tenant is taken, and what it is called and set to is the file's.
    let empty = db.store.create_tenant("Empty", &db.chance).await.unwrap();
    let into = |tenant| {
        let (store, keyring, text) = (&db.store, &keyring, &text);
        async move { moving::import(store, keyring, &db.chance, &file(text), Target::Into(tenant), false).await }
    };
    assert_eq!(into(empty).await.unwrap().tenant, empty);
    let named = db.store.tenants().await.unwrap().into_iter().find(|tenant| tenant.id == empty).unwrap();
    assert_eq!(named.name, "Acme");
    let mut tx = db.store.read(empty).await.unwrap();
    assert_eq!(tx.policy().await.unwrap().approvals, 2);
    assert_eq!(tx.projects().await.unwrap(), std::slice::from_ref(&full.project));
    assert_eq!(tx.inverse(full.patch.id).await.unwrap(), Some(Vec::new()));
    assert_eq!(tx.next_number(full.project.id).await.unwrap(), TaskNumber(3));
    drop(tx);
    assert!(into(empty).await.unwrap_err().to_string().contains("is in use already"));
    let mut tx = db.store.write(empty).await.unwrap();
    assert_eq!(tx.next_patch_code().await.unwrap().0, 2);
    drop(tx);

    // An open patch lapses there when its time has come.
    assert!(matches!(full.patch.state, PatchState::Proposed));
    let jobs = db.store.jobs(99).await.unwrap();
    assert!(jobs.iter().any(|job| job.tenant == empty && job.kind == "expire_patch"), "{jobs:?}");

    // The console's tenant is taken for the console's only, and its person makes room.
    let local = db.store.local_tenant(&db.chance).await.unwrap();
    let text = exported(&db.store, &keyring, local).await;
    let arrived = imported(&db.store, &keyring, &text).await;
    assert_eq!(arrived.tenant, local);
    let owner = db.store.local_owner(local).await.unwrap().unwrap();
    assert_eq!(db.store.read(local).await.unwrap().members().await.unwrap(), [owner]);
}

/// How many rows of each table of the schema name this tenant.
async fn left(db: &TestDb, tenant: TenantId) -> Vec<(String, i64)> {
    let columns = db.columns().await;
    let mut left = Vec::new();
    for column in &columns {
        let (table, column) = column.trim_end_matches('?').split_once('.').unwrap();
        if column == "tenant_id" || (table, column) == ("tenants", "id") {
            left.push((table.to_owned(), db.count(&format!("{table} WHERE {column} = '{tenant}'")).await));
        }
    }
    left
}

async fn a_tenant_leaves_and_nothing_is_left(db: &TestDb) {
    let Full { tenant, .. } = store_tenancy::fill(db).await;
    let other = db.store.create_tenant("Others", &db.chance).await.unwrap();
    acme::sample(&db.chance).write(&db.store, other).await;
    let kept = (rows(&db.store, other).await, left(db, other).await);
    for (table, rows) in left(db, tenant).await {
        assert!(rows > 0, "{table} is empty: fill it in store_tenancy");
    }
    // What is being done for it comes to nothing.
    let running = db.store.claim("w", db.chance.now(), Duration::from_mins(1), 1).await.unwrap().remove(0);
    assert_eq!(running.tenant, tenant);

    moving::delete(&db.store, tenant).await.unwrap();
    for (table, rows) in left(db, tenant).await {
        assert_eq!(rows, 0, "{table}");
    }
    assert_eq!((rows(&db.store, other).await, left(db, other).await), kept);
    assert!(!db.store.heartbeat(&running, db.chance.now()).await.unwrap());
    assert!(!sample::done(&db.store, &running).await);
    let mut tx = db.store.write(tenant).await.unwrap();
    let late = sample::member(&db.chance, "Late");
    assert!(tx.put_member(&late, &sample::identity("U7")).await.is_err(), "nobody comes back into it");
    drop(tx);
    assert!(moving::delete(&db.store, tenant).await.unwrap_err().to_string().contains("there is no tenant"));
}

async fn a_tenant_that_was_cut_off_while_it_left_can_be_deleted_again(db: &TestDb) {
    let Full { tenant, .. } = store_tenancy::fill(db).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    assert!(tx.begin_leaving().await.unwrap());
    tx.commit().await.unwrap();
    // Closed: no request finds it, and no job runs for it.
    assert_eq!(db.store.tenant_of(Surface::Slack, "T1").await.unwrap(), None);
    assert!(db.store.claim("w", db.chance.now(), Duration::from_mins(1), 9).await.unwrap().is_empty());
    let mut tx = db.store.write(tenant).await.unwrap();
    tx.delete_tenant().await.unwrap();
    drop(tx);
    assert!(left(db, tenant).await.iter().any(|(_, rows)| *rows > 0));
    moving::delete(&db.store, tenant).await.unwrap();
    assert!(left(db, tenant).await.iter().all(|(_, rows)| *rows == 0));
}

/// Runs the program to its end; gives its exit code and what it said.
fn docket(settings: &Settings, arguments: &[&str]) -> (Option<i32>, String) {
    let output = settings.command(arguments).output().map(secrets::checked).unwrap();
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

async fn a_tenant_leaves_while_others_are_served(db: &TestDb) {
    let Full { tenant, .. } = store_tenancy::fill(db).await;
    // Made up, and so nothing that could be decrypted.
    for column in Store::sealed_columns() {
        db.raw(&format!("DELETE FROM {}", column.table)).await.unwrap();
    }
    let folder = TempDir::new().unwrap();
    let settings = Settings::new(&db.url, folder.path());
    let server = Binary::start(&settings).await;
    let (code, told) = docket(&settings, &["tenant", "list"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains(&tenant.to_string()) && told.contains("Acme") && told.contains("local"), "{told}");

    let (code, told) = docket(&settings, &["tenant", "delete", "Acme", "--yes", "Emca"]);
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("is called Acme, not Emca; nothing was deleted"), "{told}");
    let (code, told) = docket(&settings, &["tenant", "delete", "Nobody", "--yes", "Nobody"]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("there is no tenant Nobody"), "{told}");
    let (code, told) = docket(&settings, &["tenant", "delete", "Acme"]);
    assert_eq!(code, Some(2), "{told}");
    assert!(left(db, tenant).await.iter().any(|(_, rows)| *rows > 0));

    let (code, told) = docket(&settings, &["tenant", "delete", "acme", "--yes", "Acme"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("Acme is gone, with everything that was stored of it:"), "{told}");
    assert!(left(db, tenant).await.iter().all(|(_, rows)| *rows == 0));
    assert!(server.is_ready().await);
    let console = client().get(format!("{}/console", server.base)).send().await.unwrap();
    assert!(console.status().is_success(), "{}", console.status());
    server.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_runs_docket_moves_a_tenant_with_two_commands() {
    on_sqlite(async |from: &TestDb| {
        let here = TestApp::start(from).await;
        worked(&here).await;
        let folder = TempDir::new().unwrap();
        let settings = Settings::new(&from.url, folder.path());
        let output = settings.command(&["tenant", "export"]).output().map(secrets::checked).unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::write(folder.path().join("docket.jsonl"), &output.stdout).unwrap();

        let there = Settings::new(&format!("sqlite://{}/there/docket.db", folder.path().display()), folder.path());
        assert_eq!(docket(&there, &["migrate"]).0, Some(0));
        // The other server has another key.
        let (code, told) = docket(&there, &["tenant", "import", "docket.jsonl"]);
        assert_eq!(code, Some(1), "{told}");
        assert!(told.contains("was signed with the master key") && told.contains("--trust"), "{told}");
        let (code, told) = docket(&there, &["tenant", "import", "docket.jsonl", "--trust"]);
        assert_eq!(code, Some(0), "{told}");
        assert!(told.contains("local is here, as ten_"), "{told}");
        let (_, told) = docket(&there, &["say", "show AUTH"]);
        assert!(told.contains("AUTH-1"), "{told}");
        let (code, told) = docket(&there, &["tenant", "import", "nowhere.jsonl"]);
        assert_eq!(code, Some(1), "{told}");
        assert!(told.contains("nowhere.jsonl can't be opened"), "{told}");
    })
    .await;
}
