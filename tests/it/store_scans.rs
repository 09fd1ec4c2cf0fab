//! No hot statement reads a whole table. (For SQLite, `store::scans` reads its programs.)

use std::{collections::BTreeSet, time::Duration};

use docket::{
    answers::{Ask, answer},
    domain::{
        apply::apply,
        delivery::Source,
        ids::{MemberId, ProjectId, TenantId},
        intent::{Intent, Named, TaskName},
        matches::Match,
        member::Surface,
        model::CallOutcome,
        patch::{Change, Operation, TaskChanges},
        plan::Plan,
        project::Revision,
        provider::Provider,
        session::Party,
        task::{Place, Rank, Status, TaskNumber},
        tenant::Installation,
    },
    review::card,
    secrets::token,
    store::{Accepted, Store},
};
use sqlx::{Connection, PgConnection};

use crate::{
    store_announcements, store_heard, store_matches, store_models, store_schedules, store_trackers,
    support::{
        clock::START,
        db::{TestDb, on_postgres},
        sample,
        site::no_models,
    },
};

/// Without sequential scans PostgreSQL still makes one where no index can serve, however small the table.
const NO_SCANS: &str =
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET enable_seqscan = off', current_database()); END $$";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_answers_every_hot_question_by_an_index() {
    on_postgres(async |db: &TestDb| {
        db.raw(NO_SCANS).await.unwrap();
        let before = scans(db).await;
        hot(db).await;
        assert_eq!(scans(db).await, before);
        // It would be seen: no index leads to a task by its title.
        db.raw("DELETE FROM tasks WHERE title = 'x'").await.unwrap();
        assert_ne!(scans(db).await, before);
    })
    .await;
}

/// How often each table was read from end to end; sessions report it when they end.
async fn scans(db: &TestDb) -> Vec<(String, i64)> {
    const COUNTS: &str = "SELECT relname::text, seq_scan FROM pg_stat_user_tables \
        WHERE seq_scan > 0 AND relname <> '_sqlx_migrations' ORDER BY 1";
    // The server takes the report a moment after the session has closed.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut connection = PgConnection::connect(&db.url).await.unwrap();
    sqlx::query_as(COUNTS).fetch_all(&mut connection).await.unwrap()
}

/// What happens all the time, in sessions of its own.
async fn hot(db: &TestDb) {
    let store = db.another().await;
    let (tenant, ana) = sample::tenant(&store, &db.chance).await;
    let project = hot_around_plans(&store, db, tenant, ana).await;
    hot_around_models(&store, db, tenant, ana).await;
    hot_around_conversations(&store, db, tenant, ana).await;
    hot_around_questions(&store, db, tenant).await;
    hot_at_the_doors(&store, db, tenant, ana).await;
    hot_around_deliveries(&store, db, tenant).await;
    hot_in_a_crowd(&store, db).await;
    hot_around_schedules(&store, db, tenant, ana).await;
    hot_around_trackers(&store, db, (tenant, ana, project)).await;
    hot_while_tidying(&store, db, tenant).await;
    store.close().await;
}

/// What happens around every proposal and every decision.
async fn hot_around_plans(store: &Store, db: &TestDb, tenant: TenantId, ana: MemberId) -> ProjectId {
    let mut project = sample::project(&db.chance, "AUTH");
    let now = db.chance.now();
    let mut tx = store.write(tenant).await.unwrap();
    tx.insert_project(&project, TaskNumber(9), now).await.unwrap();
    project.revision = Revision(1);
    let tasks = (1..=8).map(|n| {
        let mut task = sample::task(n, (n > 2).then_some(n / 2), if n == 5 { &[3] } else { &[] });
        task.fields.assignee = Some(ana);
        task
    });
    let mut plan = Plan::new(project.clone(), tasks);
    let all = plan.tasks().map(|task| task.number).collect();
    assert!(tx.save_plan(&plan, &all, Revision(0), now).await.unwrap());
    tx.bind_channel(&sample::channel("C1"), project.id).await.unwrap();
    tx.commit().await.unwrap();

    let place = |parent| Place { parent, rank: Rank::only() };
    let changes = TaskChanges {
        status: Change::Set(Status::Done),
        depends_on: Change::Set(BTreeSet::from([TaskNumber(7)])),
        ..TaskChanges::default()
    };
    let operations = [
        Operation::UpdateTask { number: TaskNumber(6), changes },
        Operation::MoveTask { number: TaskNumber(5), to: place(None) },
        Operation::MoveTask { number: TaskNumber(4), to: place(Some(TaskNumber(3))) },
        Operation::DeleteTask { number: TaskNumber(8) },
    ];
    let operations: Vec<&Operation> = operations.iter().collect();
    let mut patch = sample::patch(&db.chance, 1, project.id, ana);
    patch.steps = operations.iter().map(|operation| (*operation).clone().into()).collect();
    let mut tx = store.write(tenant).await.unwrap();
    tx.insert_patch(&patch).await.unwrap();
    card::show(&mut tx, &patch, now).await.unwrap();
    plan = tx.plan_part(project.id, &operations).await.unwrap().unwrap();
    let applied = apply(&mut plan, &operations).unwrap();
    assert!(tx.save_plan(&plan, &applied.touched, Revision(1), now).await.unwrap());
    tx.enqueue(db.chance.id(), &sample::job(&db.chance)).await.unwrap();
    tx.commit().await.unwrap();

    for job in store.claim("a", now, Duration::from_secs(30), 10).await.unwrap() {
        assert!(store.heartbeat(&job, now.plus(Duration::from_mins(1))).await.unwrap());
        assert!(sample::done(store, &job).await);
    }
    store.next_run_at().await.unwrap();
    project.id
}

/// What happens whenever somebody asks, in a thread or elsewhere.
async fn hot_around_questions(store: &Store, db: &TestDb, tenant: TenantId) {
    store.read(tenant).await.unwrap().is_our_thread(&sample::thread("C1", "1.0")).await.unwrap();
    let mut tx = store.read(tenant).await.unwrap();
    let me = tx.member_by_identity(&sample::identity("U1")).await.unwrap();
    let task = Named::Task(TaskName::Code("AUTH-3".to_owned()));
    let models = no_models(store, &db.chance);
    for intent in [
        Intent::Inbox,
        Intent::List,
        Intent::Next(None),
        Intent::Status(None),
        Intent::Show(None),
        Intent::Show(Some(task)),
        Intent::WhoAmI,
    ] {
        let venue = sample::channel("C1");
        let now = db.chance.now();
        let ask = Ask { sender: me.as_ref(), venue: Some(&venue), intent: &intent, now, models: &models };
        answer(&mut tx, &ask).await.unwrap();
    }
}

/// What happens around every question to a model.
async fn hot_around_models(store: &Store, db: &TestDb, tenant: TenantId, ana: MemberId) {
    let delivery = db.chance.id();
    let mut call = store_models::call(&db.chance, Some(delivery));
    let mut tx = store.write(tenant).await.unwrap();
    tx.put_account(&store_models::account(&db.chance, "OpenAI", 1, ana)).await.unwrap();
    tx.accounts().await.unwrap();
    tx.model_settings().await.unwrap();
    tx.put_progress(&store_models::progress(&db.chance, delivery)).await.unwrap();
    tx.lock_tenant().await.unwrap();
    tx.tokens_since(db.chance.now()).await.unwrap();
    tx.tokens_of(delivery).await.unwrap();
    tx.insert_call(&call).await.unwrap();
    call.outcome = CallOutcome::Answered;
    assert!(tx.finish_call(&call).await.unwrap());
    tx.open_progress(Surface::Slack).await.unwrap();
    tx.remove_progress(delivery).await.unwrap();
    tx.route(&sample::channel("C1"), "what now").await.unwrap();
    tx.commit().await.unwrap();
}

/// What happens whenever conversations are read, and told of in a digest.
async fn hot_around_conversations(store: &Store, db: &TestDb, tenant: TenantId, ana: MemberId) {
    let mut tx = store.write(tenant).await.unwrap();
    store_heard::fill(db, &mut tx, ana).await;
    let (day, c1) = (db.chance.now().minus(Duration::from_hours(24)), sample::channel("C1"));
    let thread = tx.threads_since(day, 9).await.unwrap()[0].id;
    assert_eq!(tx.newest_threads_of(&c1, day, 9).await.unwrap().len(), 1);
    assert_eq!(tx.newest_open_threads(day, 9).await.unwrap().len(), 1);
    let project = tx.projects().await.unwrap()[0].id;
    tx.insert_match(&Match { thread, ..store_matches::linked(db.chance.id(), project) }).await.unwrap();
    assert_eq!(tx.matches_of_all(&[thread]).await.unwrap().len(), 1);
    assert_eq!(tx.matches_of_number(7).await.unwrap().len(), 1);
    assert_eq!(tx.forget_matches_before(db.chance.now(), 9).await.unwrap(), 0);
    tx.commit().await.unwrap();
}

/// What is asked of every request before it is known whose it is.
async fn hot_at_the_doors(store: &Store, db: &TestDb, tenant: TenantId, ana: MemberId) {
    let installation = Installation {
        surface: Surface::Slack,
        team: "T1".to_owned(),
        name: "Acme".to_owned(),
        bot_user: "U0".to_owned(),
        removed: None,
    };
    let connection = sample::connection(&db.chance, Provider::GitHub, "77", ana);
    let mut tx = store.write(tenant).await.unwrap();
    tx.put_installation(&installation).await.unwrap();
    tx.put_connection(&connection).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.tenant_of(Surface::Slack, "T1").await.unwrap(), Some(tenant));
    assert!(store.is_installed(Surface::Slack).await.unwrap());
    assert_eq!(store.tenant_of_realm(Provider::GitHub, "77").await.unwrap(), Some(tenant));
    let unknown = token::hash("unknown");
    assert!(store.session(&unknown, START).await.unwrap().is_none());
    assert!(store.token_by_hash(&unknown).await.unwrap().is_none());
    assert_eq!(store.tenants_of_login(Party::GitHub, "https://github.com", "7").await.unwrap(), []);
    assert!(store.hook_secrets(Provider::GitHub, 7).await.unwrap().is_empty());
    store.sweep_lapsed(START).await.unwrap();
    let mut tx = store.write(tenant).await.unwrap();
    let (known, later) = (connection.id, START.plus(Duration::from_mins(1)));
    assert!(tx.connection(known).await.unwrap().is_some());
    assert!(tx.lease_connection(known, connection.version, START, later).await.unwrap());
    tx.commit().await.unwrap();
}

/// What happens to every request from then on. Its answer reaches its reader.
async fn hot_around_deliveries(store: &Store, db: &TestDb, tenant: TenantId) {
    let mut batch = ["command", "event", "webhook"].map(|key| sample::delivery(&db.chance, tenant, key));
    for (new, source) in batch.iter_mut().zip([Source::SlackCommand, Source::SlackEvent, Source::GitHub]) {
        new.delivery.source = source;
    }
    assert_eq!(store.accept(&batch).await.unwrap(), [Accepted::New; 3]);
    assert_eq!(store.accept(&batch).await.unwrap(), [Accepted::Duplicate; 3]);
    let mut tx = store.write(tenant).await.unwrap();
    for (new, outcome) in batch.iter().zip(["answered", "heard", "observed"]) {
        let id = new.delivery.id;
        assert!(tx.delivery(id).await.unwrap().is_some());
        assert!(tx.finish_delivery(id, outcome, START).await.unwrap());
        assert!(tx.is_handled(id).await.unwrap());
    }
    let answer = sample::answer(&db.chance);
    tx.insert_answer(&answer).await.unwrap();
    tx.set_answer_sent(answer.id, START).await.unwrap();
    assert_eq!(tx.answers_sent_for(answer.delivery.unwrap()).await.unwrap(), 1);
    tx.commit().await.unwrap();
}

/// What a worker does where one tenant has many jobs of few orders, and where jobs fail.
async fn hot_in_a_crowd(store: &Store, db: &TestDb) {
    let (crowd, _) = sample::tenant(store, &db.chance).await;
    let mut tx = store.write(crowd).await.unwrap();
    for nth in 0..30 {
        // Of the first order there are more than are looked at one by one.
        let order = if nth < 25 { "one" } else { "two" };
        assert!(tx.enqueue(db.chance.id(), &sample::job(&db.chance).in_order(order)).await.unwrap());
    }
    tx.commit().await.unwrap();
    let mut claimed = store.claim("b", START, Duration::from_secs(30), 10).await.unwrap();
    claimed.retain(|job| job.tenant == crowd);
    assert_eq!(claimed.len(), 2, "the other order was looked for by its name");
    assert!(store.retry(&claimed[0], START, "timeout").await.unwrap());
    assert!(store.bury(&claimed[1], START, "channel_not_found").await.unwrap());
    store.release("b").await.unwrap();
}

/// What happens around every digest, and what is asked every few seconds.
async fn hot_around_schedules(store: &Store, db: &TestDb, tenant: TenantId, ana: MemberId) {
    let mut tx = store.write(tenant).await.unwrap();
    let planned = store_schedules::fill(db, &mut tx, ana).await;
    for (table, seen) in store_schedules::sees(&mut tx, &planned).await {
        assert!(seen, "{table}");
    }
    tx.commit().await.unwrap();
    let due = store.due_schedules(START, 9).await.unwrap();
    assert_eq!(store.next_slot().await.unwrap(), Some(START));
    let minute = Duration::from_mins(1);
    assert!(store.schedules_with_drafts(START.minus(minute), START.plus(minute)).await.unwrap().is_empty());
    let mut tx = store.write(tenant).await.unwrap();
    assert!(tx.lock_schedule(due[0].1).await.unwrap().is_some());
    assert!(tx.take_slot(due[0].1, START, None).await.unwrap());
    tx.commit().await.unwrap();
}

/// What happens whenever a webhook comes.
async fn hot_around_trackers(store: &Store, db: &TestDb, of: (TenantId, MemberId, ProjectId)) {
    let (tenant, ana, project) = of;
    let mut tx = store.write(tenant).await.unwrap();
    let repository = store_trackers::fill(db, &mut tx, ana, project).await;
    let told = store_announcements::fill(db, &mut tx, ana, project).await;
    let mut found = store_trackers::sees(&mut tx, &repository, project).await;
    found.extend(store_announcements::sees(&mut tx, &told, ana).await);
    for (table, seen) in found {
        assert!(seen, "{table}");
    }
    tx.commit().await.unwrap();
    assert_eq!(store.tenants_of_repository(repository.id()).await.unwrap(), [tenant]);
}

/// What happens every hour to what is old, as all of the above is by then. There is something of each: what a statement
/// does not come to is not counted.
async fn hot_while_tidying(store: &Store, db: &TestDb, tenant: TenantId) {
    let later = db.chance.now().plus(Duration::from_hours(1));
    assert_eq!(store.forget_bodies(later, later, 9).await.unwrap(), 1);
    assert_eq!(store.forget_webhooks(later, 9).await.unwrap(), 1);
    assert_eq!(store.forget_heard_deliveries(later, 9).await.unwrap(), 1);
    assert_eq!(store.forget_requests(later, 9).await.unwrap(), 1);
    assert_eq!(store.forget_answers(later, 9).await.unwrap(), 1);
    assert_eq!(store.forget_dead_jobs(later, 9).await.unwrap(), 1);
    assert_eq!(store.forget_drafts(later, 9).await.unwrap(), 1);
    let mut tx = store.write(tenant).await.unwrap();
    assert_eq!(tx.forget_said_before(later, 9).await.unwrap(), 2);
    assert_eq!(tx.forget_withdrawn_before(later).await.unwrap(), 2);
    assert_eq!(tx.forget_matches_before(later, 9).await.unwrap(), 1);
    tx.commit().await.unwrap();
}
