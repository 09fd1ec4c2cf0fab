//! Projects, their counters and channels, and plans that are written by compare-and-set.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use docket::domain::{
    event::Venue,
    plan::Plan,
    project::Revision,
    task::{Link, Priority, Status, TaskNumber},
};

use crate::support::{
    db::{TestDb, for_each_db},
    sample,
};

for_each_db! {
    projects_are_found_by_id_and_key,
    numbers_are_reserved_by_whoever_comes_first,
    a_channel_is_bound_once,
    a_plan_reads_back_as_it_was_saved,
    only_the_first_of_two_savers_wins,
    a_plan_that_does_not_hold_together_is_not_stored,
    a_long_plan_is_saved_and_counted,
}

fn numbers(numbers: impl IntoIterator<Item = u32>) -> BTreeSet<TaskNumber> {
    numbers.into_iter().map(TaskNumber).collect()
}

async fn projects_are_found_by_id_and_key(db: &TestDb) {
    let (tenant, author) = sample::tenant(&db.store, &db.chance).await;
    let (auth, billing) = (sample::project(&db.chance, "AUTH"), sample::project(&db.chance, "BILL"));
    let mut tx = db.store.write(tenant).await.unwrap();
    for project in [&billing, &auth] {
        tx.insert_project(project, TaskNumber(1), db.chance.now()).await.unwrap();
    }
    let mut first_plan = sample::patch(&db.chance, 1, db.chance.id(), author);
    first_plan.founding = Some(docket::domain::patch::Founding {
        key: "NEW".parse().unwrap(),
        title: "New".to_owned(),
        summary: String::new(),
    });
    tx.insert_patch(&first_plan).await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = db.store.read(tenant).await.unwrap();
    assert_eq!(tx.project(auth.id).await.unwrap(), Some(auth.clone()));
    assert_eq!(tx.project(db.chance.id()).await.unwrap(), None);
    assert_eq!(tx.project_by_key(&"bill".parse().unwrap()).await.unwrap(), Some(billing.clone()));
    assert_eq!(tx.project_by_key(&"NEW".parse().unwrap()).await.unwrap(), None);
    assert_eq!(tx.projects().await.unwrap(), [auth, billing]);
    let keys: Vec<_> = tx.taken_keys().await.unwrap().into_iter().map(String::from).collect();
    assert_eq!(keys, ["AUTH", "BILL", "NEW"]);
    drop(tx);

    let mut tx = db.store.write(tenant).await.unwrap();
    let twin = sample::project(&db.chance, "AUTH");
    tx.insert_project(&twin, TaskNumber(1), db.chance.now()).await.expect_err("a key is taken once");
}

async fn numbers_are_reserved_by_whoever_comes_first(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let project = sample::project(&db.chance, "AUTH");
    let mut tx = db.store.write(tenant).await.unwrap();
    tx.insert_project(&project, TaskNumber(4), db.chance.now()).await.unwrap();
    assert_eq!(tx.next_number(project.id).await.unwrap(), TaskNumber(4));
    assert!(tx.reserve_numbers(project.id, TaskNumber(4), TaskNumber(7)).await.unwrap());
    assert!(!tx.reserve_numbers(project.id, TaskNumber(4), TaskNumber(9)).await.unwrap());
    assert_eq!(tx.next_number(project.id).await.unwrap(), TaskNumber(7));
    assert!(tx.next_number(db.chance.id()).await.is_err());
}

async fn a_channel_is_bound_once(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let (auth, billing) = (sample::project(&db.chance, "AUTH"), sample::project(&db.chance, "BILL"));
    let mut tx = db.store.write(tenant).await.unwrap();
    for project in [&billing, &auth] {
        tx.insert_project(project, TaskNumber(1), db.chance.now()).await.unwrap();
    }
    let venue = sample::channel("C1");
    assert_eq!(tx.channel_project(&venue).await.unwrap(), None);
    assert!(tx.bind_channel(&venue, auth.id).await.unwrap());
    assert!(!tx.bind_channel(&venue, billing.id).await.unwrap());
    let thread = Venue { thread: Some("1.2".to_owned()), ..venue };
    assert_eq!(tx.channel_project(&thread).await.unwrap(), Some(auth.id));
    assert_eq!(tx.channel_project(&sample::channel("C2")).await.unwrap(), None);
}

async fn a_plan_reads_back_as_it_was_saved(db: &TestDb) {
    let (tenant, ana) = sample::tenant(&db.store, &db.chance).await;
    let mut project = sample::project(&db.chance, "AUTH");
    let mut tx = db.store.write(tenant).await.unwrap();
    assert!(tx.plan(project.id).await.unwrap().is_none());
    tx.insert_project(&project, TaskNumber(5), db.chance.now()).await.unwrap();
    assert!(tx.plan(project.id).await.unwrap().unwrap().is_empty());

    // A child before its parent, and a dependency on a later number: the order of writing does not matter.
    let mut rich = sample::task(1, Some(3), &[2, 4]);
    rich.fields.description = "So that \"they\" stay signed in. 🔐 שלום".into();
    rich.fields.acceptance = vec!["It works".to_owned(), "It's fast".to_owned()];
    rich.fields.status = Status::InReview;
    rich.fields.assignee = Some(ana);
    rich.fields.estimate = Some(90);
    rich.fields.priority = Priority::Urgent;
    rich.fields.due = NaiveDate::from_ymd_opt(2026, 12, 24);
    rich.fields.links = vec![Link { label: "PR".to_owned(), url: "https://example.com/1".to_owned() }];
    project.revision = Revision(1);
    project.summary = "Signing in".into();
    let tasks = [rich, sample::task(2, None, &[]), sample::task(3, None, &[]), sample::task(4, None, &[2])];
    let plan = Plan::new(project.clone(), tasks);
    assert!(tx.save_plan(&plan, &numbers(1..=4), Revision(0), db.chance.now()).await.unwrap());
    tx.commit().await.unwrap();

    let mut tx = db.store.write(tenant).await.unwrap();
    assert_eq!(tx.plan(project.id).await.unwrap().as_ref(), Some(&plan));
    assert_eq!(tx.task(project.id, TaskNumber(1)).await.unwrap().as_ref(), plan.task(TaskNumber(1)));
    assert_eq!(tx.task(project.id, TaskNumber(9)).await.unwrap(), None);

    // Tasks 2 and 4 go, 1 changes, 3 is left alone although the plan handed over has it differently.
    project.revision = Revision(2);
    let mut odd = sample::task(3, None, &[]);
    odd.fields.title = "Never written".into();
    let next = Plan::new(project.clone(), [sample::task(1, Some(3), &[]), odd]);
    assert!(tx.save_plan(&next, &numbers([1, 2, 4]), Revision(1), db.chance.now()).await.unwrap());
    tx.commit().await.unwrap();
    let expected = Plan::new(project.clone(), [sample::task(1, Some(3), &[]), sample::task(3, None, &[])]);
    assert_eq!(db.store.read(tenant).await.unwrap().plan(project.id).await.unwrap(), Some(expected));
}

async fn only_the_first_of_two_savers_wins(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let mut project = sample::project(&db.chance, "AUTH");
    let mut tx = db.store.write(tenant).await.unwrap();
    tx.insert_project(&project, TaskNumber(9), db.chance.now()).await.unwrap();
    tx.commit().await.unwrap();

    project.revision = Revision(1);
    let saving = (1..=4).map(|number| {
        let (store, project, now) = (db.store.clone(), project.clone(), db.chance.now());
        tokio::spawn(async move {
            let mut tx = store.write(tenant).await.unwrap();
            let plan = Plan::new(project, [sample::task(number, None, &[])]);
            let won = tx.save_plan(&plan, &numbers([number]), Revision(0), now).await.unwrap();
            tx.commit().await.unwrap();
            won.then_some(number)
        })
    });
    let mut winners = Vec::new();
    for saver in saving.collect::<Vec<_>>() {
        winners.extend(saver.await.unwrap());
    }
    let plan = db.store.read(tenant).await.unwrap().plan(project.id).await.unwrap().unwrap();
    assert_eq!(plan.tasks().map(|task| task.number.0).collect::<Vec<_>>(), winners);
    assert_eq!(winners.len(), 1);
}

async fn a_plan_that_does_not_hold_together_is_not_stored(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let (foreign, foreign_member) = sample::tenant(&db.store, &db.chance).await;
    assert_ne!(tenant, foreign);
    let project = sample::project(&db.chance, "AUTH");
    let mut tx = db.store.write(tenant).await.unwrap();
    tx.insert_project(&project, TaskNumber(9), db.chance.now()).await.unwrap();
    tx.commit().await.unwrap();

    let mut stranger = sample::task(1, None, &[]);
    stranger.fields.assignee = Some(foreign_member);
    for task in [sample::task(1, Some(7), &[]), sample::task(1, None, &[7]), stranger] {
        let mut tx = db.store.write(tenant).await.unwrap();
        let plan = Plan::new(project.clone(), [task]);
        let saved = tx.save_plan(&plan, &numbers([1]), Revision(0), db.chance.now()).await;
        let committed = match saved {
            Ok(_) => tx.commit().await,
            Err(error) => Err(error),
        };
        committed.expect_err("a foreign key refuses it");
    }
    assert!(db.store.read(tenant).await.unwrap().plan(project.id).await.unwrap().unwrap().is_empty());
}

async fn a_long_plan_is_saved_and_counted(db: &TestDb) {
    const TASKS: u32 = 1_200;
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let mut project = sample::project(&db.chance, "AUTH");
    let mut tx = db.store.write(tenant).await.unwrap();
    tx.insert_project(&project, TaskNumber(TASKS + 1), db.chance.now()).await.unwrap();
    project.revision = Revision(1);
    let plan = Plan::new(
        project.clone(),
        (1..=TASKS).map(|n| {
            let mut task = sample::task(n, (n > 1).then_some(1), if n > 2 { &[2] } else { &[] });
            task.fields.status = if n % 3 == 0 { Status::Done } else { Status::Todo };
            task
        }),
    );
    assert!(tx.save_plan(&plan, &numbers(1..=TASKS), Revision(0), db.chance.now()).await.unwrap());
    tx.commit().await.unwrap();
    let mut tx = db.store.read(tenant).await.unwrap();
    assert_eq!(tx.plan(project.id).await.unwrap(), Some(plan));
    let counts = BTreeMap::from([(Status::Done, 400), (Status::Todo, 800)]);
    assert_eq!(tx.task_counts().await.unwrap(), BTreeMap::from([(project.id, counts)]));
}
