//! A foreign tenant finds nothing and changes nothing, in any table.

use std::{collections::BTreeSet, time::Duration};

use docket::{
    domain::{
        audit::AuditEntry,
        calendar::Calendar,
        card::{Answer, Card, Entry, EntryContent},
        connection::Connection,
        ids::{DeliveryId, MemberId, PatchId, ProjectId, TenantId},
        member::{Role, Surface},
        model::{Account, Call, CallOutcome, JsonMode, ModelSettings},
        patch::{Patch, PatchState},
        plan::Plan,
        policy::{ChangeCode, ChangeState, Override, Policy, PolicyChange, Rules},
        project::{Project, Revision},
        provider::Provider,
        reminder::Reminder,
        route::Route,
        secret::Sealed,
        session::{Login, Party, Purpose, Session, StartedFlow, WayIn},
        task::TaskNumber,
        tenant::Installation,
        token::{ApiToken, Scope},
        tracker::Repository,
    },
    secrets::token,
    store::{Kept, Renewed, Request, StoredSecret, Tx},
};

use crate::{
    store_announcements, store_availability, store_heard, store_matches, store_models, store_reminders,
    store_schedules, store_trackers,
    support::{
        clock::START,
        db::{TestDb, for_each_db},
        sample,
    },
};

for_each_db! {
    a_foreign_tenant_finds_and_changes_nothing,
    every_table_has_its_case,
}

/// Tables whose rows belong to a tenant, each with the case below that proves it is out of reach.
const TABLES: [&str; 61] = [
    "answers",
    "api_requests",
    "api_tokens",
    "approvals",
    "audit",
    "backfills",
    "calendars",
    "cards",
    "channels",
    "connections",
    "deliveries",
    "digest_people",
    "digests",
    "drafts",
    "entries",
    "flows",
    "forgotten",
    "heard_channels",
    "holidays",
    "identities",
    "incidents",
    "installations",
    "issue_orders",
    "issues",
    "jobs",
    "leaves",
    "lessons",
    "llm_accounts",
    "llm_calls",
    "logins",
    "looks",
    "matches",
    "members",
    "mentions",
    "messages",
    "notices",
    "objections",
    "patches",
    "policy_changes",
    "progress",
    "projects",
    "provider_apps",
    "pull_cards",
    "pull_tasks",
    "pulls",
    "pushes",
    "readings",
    "remarks",
    "reminders",
    "repositories",
    "repository_links",
    "routes",
    "schedules",
    "sessions",
    "task_dependencies",
    "tasks",
    "tenants",
    "threads",
    "tickets",
    "work_hours",
    "withdrawn_messages",
];

/// What is no tenant's: which deliveries of an App were asked for again, though many tenants may share it.
const NOBODYS: &str = "app_sweeps";

async fn every_table_has_its_case(db: &TestDb) {
    let mut tables: BTreeSet<_> =
        db.columns().await.into_iter().filter_map(|column| Some(column.split_once('.')?.0.to_owned())).collect();
    assert!(tables.remove(NOBODYS));
    assert_eq!(tables, TABLES.map(str::to_owned).into(), "a new table needs a case in `check`");
}

/// A tenant with something in every table.
pub(crate) struct Full {
    pub(crate) tenant: TenantId,
    pub(crate) member: MemberId,
    installation: Installation,
    pub(crate) project: Project,
    plan: Plan,
    pub(crate) patch: Patch,
    card: Card,
    answer: Answer,
    delivery: DeliveryId,
    account: Account,
    call: Call,
    session: Session,
    connection: Connection,
    token: ApiToken,
    change: PolicyChange,
    repository: Repository,
    told: store_announcements::Told,
    planned: store_schedules::Planned,
    calendar: Calendar,
    reminder: Reminder,
}

pub(crate) async fn fill(db: &TestDb) -> Full {
    let (tenant, member) = sample::tenant(&db.store, &db.chance).await;
    let delivery = sample::delivery(&db.chance, tenant, "a");
    db.store.accept(std::slice::from_ref(&delivery)).await.unwrap();
    let mut project = sample::project(&db.chance, "AUTH");
    let patch = sample::patch(&db.chance, 1, project.id, member);
    let mut card = sample::card(&db.chance, patch.id, sample::channel("C1"));
    card.message = Some("1.0".to_owned());
    let mut answer = sample::answer(&db.chance);
    answer.delivery = Some(delivery.delivery.id);
    answer.sent_at = Some(START);
    let installation = Installation {
        surface: Surface::Slack,
        team: "T1".to_owned(),
        name: "Acme".to_owned(),
        bot_user: "U0".to_owned(),
        removed: None,
    };
    let mut tx = db.store.write(tenant).await.unwrap();
    tx.set_policy(&Policy { approvals: 2, ..Policy::default() }).await.unwrap();
    tx.put_installation(&installation).await.unwrap();
    tx.insert_project(&project, TaskNumber(3), START).await.unwrap();
    project.revision = Revision(1);
    let plan = Plan::new(project.clone(), [sample::task(1, None, &[]), sample::task(2, Some(1), &[1])]);
    let touched = BTreeSet::from([TaskNumber(1), TaskNumber(2)]);
    assert!(tx.save_plan(&plan, &touched, Revision(0), START).await.unwrap());
    assert!(tx.bind_channel(&sample::channel("C1"), project.id).await.unwrap());
    tx.next_patch_code().await.unwrap();
    tx.insert_patch(&patch).await.unwrap();
    tx.set_inverse(patch.id, &[]).await.unwrap();
    tx.add_approval(patch.id, 1, member, START).await.unwrap();
    tx.insert_card(&card).await.unwrap();
    tx.insert_answer(&answer).await.unwrap();
    let said = EntryContent::Said { by: "Ana".to_owned(), words: "hello".to_owned() };
    tx.append_entry(&Entry { id: db.chance.id(), seq: 0, at: START, reader: None, content: said }).await.unwrap();
    tx.record(&audit(db, &patch)).await.unwrap();
    let delivery = delivery.delivery.id;
    let (account, call) = fill_models(db, &mut tx, member, delivery, patch.id).await;
    let session = fill_sign_in(db, &mut tx, member).await;
    let connection = sample::connection(&db.chance, Provider::Linear, "org-1", member);
    tx.put_connection(&connection).await.unwrap();
    tx.put_provider_app(&sample::provider_app(member)).await.unwrap();
    let token = fill_api(db, &mut tx, member).await;
    let change = fill_policy(db, &mut tx, member, (project.id, patch.id)).await;
    let repository = store_trackers::fill(db, &mut tx, member, project.id).await;
    let told = store_announcements::fill(db, &mut tx, member, project.id).await;
    let planned = store_schedules::fill(db, &mut tx, member).await;
    let calendar = store_availability::fill(db, &mut tx, member).await;
    store_heard::fill(db, &mut tx, member).await;
    let reminder = store_reminders::fill(db, &mut tx, member, project.id).await;
    store_matches::fill(db, &mut tx, member, project.id, patch.id).await;
    tx.commit().await.unwrap();
    db.store.start_flow(&flow(tenant, member)).await.unwrap();
    Full {
        tenant,
        member,
        installation,
        project,
        plan,
        patch,
        card,
        answer,
        delivery,
        account,
        call,
        session,
        connection,
        token,
        change,
        repository,
        told,
        planned,
        calendar,
        reminder,
    }
}

async fn fill_sign_in(db: &TestDb, tx: &mut Tx, member: MemberId) -> Session {
    let session = Session {
        id: db.chance.id(),
        member,
        how: WayIn::Ticket,
        browser: String::new(),
        created_at: START,
        seen_at: START,
    };
    tx.insert_session(&session, &token::hash("session")).await.unwrap();
    tx.put_login(&login(member)).await.unwrap();
    tx.insert_ticket(&token::hash("ticket"), member, START.plus(Duration::from_mins(10))).await.unwrap();
    session
}

async fn fill_api(db: &TestDb, tx: &mut Tx, member: MemberId) -> ApiToken {
    let token = ApiToken {
        id: db.chance.id(),
        name: "CI".to_owned(),
        scopes: BTreeSet::from([Scope::Read]),
        member,
        created_at: START,
        expires_at: None,
        used_at: None,
    };
    tx.insert_token(&token, &token::hash("token")).await.unwrap();
    assert_eq!(tx.claim_request(&request(), START, START).await.unwrap(), None);
    tx.answer_request(&request(), &kept()).await.unwrap();
    token
}

fn request() -> Request {
    Request { caller: "tok_1".to_owned(), key: "1".to_owned(), fingerprint: "f".to_owned() }
}

fn kept() -> Kept {
    Kept { fingerprint: "f".to_owned(), status: 201, headers: Vec::new(), body: "{}".to_owned() }
}

fn flow(tenant: TenantId, member: MemberId) -> StartedFlow {
    StartedFlow {
        state: token::hash("state"),
        browser: token::hash("browser"),
        party: Party::Oidc,
        purpose: Purpose::Link,
        by: Some((tenant, member)),
        verifier: "verifier".to_owned(),
        nonce: "nonce".to_owned(),
        detail: serde_json::Value::Null,
        return_to: "/".to_owned(),
        expires_at: START.plus(Duration::from_mins(10)),
    }
}

fn login(member: MemberId) -> Login {
    let (realm, subject) = ("https://id.example.com".to_owned(), "ana".to_owned());
    Login { party: Party::Oidc, realm, subject, member, name: "Ana".to_owned(), linked_at: START }
}

async fn fill_policy(db: &TestDb, tx: &mut Tx, member: MemberId, on: (ProjectId, PatchId)) -> PolicyChange {
    let (project, patch) = on;
    let own = Override { approvals: Some(3), ..Override::default() };
    tx.set_own_policy(project, &own).await.unwrap();
    tx.object(patch, 1, member, "too early", START).await.unwrap();
    tx.start_clock(patch, START).await.unwrap();
    let (code, revision) = tx.next_change().await.unwrap();
    let change = PolicyChange {
        id: db.chance.id(),
        code,
        revision,
        project: Some(project),
        before: Rules::Project(Override::default()),
        after: Rules::Project(own),
        author: member,
        words: "policy AUTH approvals 3".to_owned(),
        state: ChangeState::Open,
        venue: sample::channel("C1"),
        message: None,
        shown: None,
        created_at: START,
        expires_at: START,
    };
    tx.insert_change(&change).await.unwrap();
    change
}

async fn fill_models(
    db: &TestDb,
    tx: &mut Tx,
    member: MemberId,
    delivery: DeliveryId,
    patch: PatchId,
) -> (Account, Call) {
    let account = store_models::account(&db.chance, "OpenAI", 1, member);
    let call = store_models::call(&db.chance, Some(delivery));
    tx.set_model_settings(&ModelSettings { daily_tokens: 9, ..ModelSettings::default() }).await.unwrap();
    tx.put_account(&account).await.unwrap();
    tx.insert_call(&call).await.unwrap();
    tx.put_progress(&store_models::progress(&db.chance, delivery)).await.unwrap();
    let route = Route { phrase: "what now".to_owned(), line: "next".to_owned(), by: member, at: START };
    tx.put_route(&sample::channel("C1"), &route).await.unwrap();
    tx.insert_lesson(&sample::lesson(patch, START)).await.unwrap();
    (account, call)
}

fn audit(db: &TestDb, patch: &Patch) -> AuditEntry {
    AuditEntry {
        id: db.chance.id(),
        at: START,
        actor: None,
        action: "patch.proposed".to_owned(),
        subject: patch.id.to_string(),
        venue: None,
        before: serde_json::Value::Null,
        after: serde_json::Value::Null,
    }
}

/// Whether this tenant sees what `full` has, table by table.
async fn sees(tx: &mut Tx, full: &Full) -> Vec<(&'static str, bool)> {
    let venue = sample::channel("C1");
    let key = &full.project.key;
    let (project, patch) = (full.project.id, full.patch.id);
    let first = TaskNumber(1);
    let delete = docket::domain::patch::Operation::DeleteTask { number: first };
    let part = tx.plan_part(project, &[&delete]).await.unwrap();
    let mut seen = store_trackers::sees(tx, &full.repository, project).await;
    seen.extend(store_announcements::sees(tx, &full.told, full.member).await);
    seen.extend(store_schedules::sees(tx, &full.planned).await);
    seen.extend(store_availability::sees(tx, &full.calendar).await);
    seen.extend(store_heard::sees(tx).await);
    seen.extend(store_reminders::sees(tx, &full.reminder).await);
    seen.extend(store_matches::sees(tx, project).await);
    seen.extend([
        ("tenants", tx.policy().await.unwrap().approvals == 2),
        ("installations", tx.installation(Surface::Slack, "T1").await.unwrap().is_some()),
        ("installations", !tx.installations().await.unwrap().is_empty()),
        ("members", tx.member(full.member).await.unwrap().is_some()),
        ("members", !tx.members().await.unwrap().is_empty()),
        ("identities", tx.member_by_identity(&sample::identity("U1")).await.unwrap().is_some()),
        ("identities", !tx.identities(full.member).await.unwrap().is_empty()),
        ("projects", tx.project(project).await.unwrap().is_some()),
        ("projects", tx.project_by_key(key).await.unwrap().is_some()),
        ("projects", !tx.projects().await.unwrap().is_empty()),
        ("projects", tx.taken_keys().await.unwrap().contains(key)),
        ("projects", tx.next_number(project).await.is_ok()),
        ("projects", tx.own_policy(project).await.unwrap().approvals == Some(3)),
        ("patches", tx.clock(patch).await.unwrap() == Some(START)),
        ("objections", tx.objections(patch, 1).await.unwrap() == [(full.member, "too early".to_owned())]),
        ("policy_changes", tx.change(full.change.id).await.unwrap().as_ref() == Some(&full.change)),
        ("policy_changes", tx.change_by_code(full.change.code).await.unwrap().is_some()),
        ("policy_changes", tx.open_changes().await.unwrap().len() == 1),
        ("policy_changes", tx.next_change().await.unwrap().0 == ChangeCode(2)),
        ("tasks", tx.plan(project).await.unwrap().as_ref() == Some(&full.plan)),
        ("tasks", tx.task(project, first).await.unwrap().is_some()),
        ("tasks", !tx.task_counts().await.unwrap().is_empty()),
        ("task_dependencies", part.is_some_and(|part| part.dependents(first).count() == 1)),
        ("channels", tx.channel_project(&venue).await.unwrap().is_some()),
        ("patches", tx.patch(patch).await.unwrap().is_some()),
        ("patches", tx.patch_by_code(full.patch.code).await.unwrap().is_some()),
        ("patches", !tx.open_patches().await.unwrap().is_empty()),
        ("patches", !tx.patches_of(project, 9).await.unwrap().is_empty()),
        ("patches", !tx.recent_patches(9).await.unwrap().is_empty()),
        ("patches", tx.open_patch_at(&venue).await.unwrap().is_some()),
        ("patches", tx.inverse(patch).await.unwrap().is_some()),
        ("approvals", !tx.approvals(patch, 1).await.unwrap().is_empty()),
        ("cards", tx.card(full.card.id).await.unwrap().is_some()),
        ("cards", !tx.cards_of(patch).await.unwrap().is_empty()),
        ("cards", tx.card_by_message(Surface::Slack, "T1", "C1", "1.0").await.unwrap().is_some()),
        ("cards", tx.is_our_thread(&sample::thread("C1", "1.0")).await.unwrap()),
        ("answers", tx.answer(full.answer.id).await.unwrap().is_some()),
        ("answers", tx.answers_sent_for(full.delivery).await.unwrap() == 1),
        ("entries", !tx.entries(full.member, 0, 9).await.unwrap().is_empty()),
        ("entries", !tx.latest_entries(full.member, 9).await.unwrap().is_empty()),
        ("deliveries", tx.delivery(full.delivery).await.unwrap().is_some()),
        ("audit", !tx.audit_of(&patch.to_string(), 9).await.unwrap().is_empty()),
        ("lessons", !tx.lessons_since(START).await.unwrap().is_empty()),
        ("api_tokens", tx.tokens().await.unwrap() == [full.token.clone()]),
        ("tenants", tx.model_settings().await.unwrap().daily_tokens == 9),
        ("llm_accounts", tx.accounts().await.unwrap() == [full.account.clone()]),
        ("llm_accounts", tx.account_by_name("openai").await.unwrap().is_some()),
        ("llm_calls", tx.calls_since(START).await.unwrap() == [full.call.clone()]),
        ("llm_calls", tx.tokens_since(START).await.unwrap() == full.call.reserved),
        ("llm_calls", tx.tokens_of(full.delivery).await.unwrap() == full.call.reserved),
        ("connections", tx.connections().await.unwrap() == [full.connection.clone()]),
        ("connections", tx.connection(full.connection.id).await.unwrap().is_some()),
        ("connections", tx.connection_to(Provider::Linear, "org-1", None).await.unwrap().is_some()),
        ("provider_apps", tx.provider_app(Provider::GitHub).await.unwrap().is_some()),
        ("routes", tx.route(&venue, "what now").await.unwrap().is_some_and(|route| route.line == "next")),
        ("routes", !tx.routes_of(&venue).await.unwrap().is_empty()),
        ("progress", tx.progress(full.delivery).await.unwrap().is_some_and(|progress| progress.stopped_by.is_none())),
        ("sessions", tx.sessions(full.member, START).await.unwrap() == [full.session.clone()]),
        ("logins", tx.login(Party::Oidc, "https://id.example.com", "ana").await.unwrap().is_some()),
        ("logins", tx.logins_of(full.member).await.unwrap().len() == 1),
        ("logins", !tx.logins().await.unwrap().is_empty()),
        ("progress", tx.open_progress(Surface::Slack).await.unwrap().iter().any(|progress| !progress.is_over)),
    ]);
    seen
}

/// Tries to change what `full` has; everything must miss.
async fn meddle(db: &TestDb, intruder: TenantId, full: &Full) {
    let secrets = db.store.secrets(None, 9).await.unwrap();
    assert!(!secrets.is_empty() && secrets.iter().all(|secret| secret.tenant == full.tenant));
    let mut tx = db.store.write(intruder).await.unwrap();
    let mut patch = full.patch.clone();
    patch.state = PatchState::Expired { at: START };
    assert!(!tx.update_patch(&patch, &PatchState::Proposed, 1).await.unwrap());
    tx.set_inverse(patch.id, &[docket::domain::patch::Operation::DeleteTask { number: TaskNumber(1) }]).await.unwrap();
    assert!(!tx.reserve_numbers(full.project.id, TaskNumber(3), TaskNumber(9)).await.unwrap());
    let empty = Plan::new(full.project.clone(), []);
    let touched = BTreeSet::from([TaskNumber(1), TaskNumber(2)]);
    assert!(!tx.save_plan(&empty, &touched, Revision(1), START).await.unwrap());
    let card = Card { message: None, shown: Some("forged".to_owned()), ..full.card.clone() };
    assert!(!tx.update_card(&full.card, &card).await.unwrap());
    tx.doubt_card(full.card.id).await.unwrap();
    tx.set_answer_sent(full.answer.id, START.plus(std::time::Duration::from_secs(1))).await.unwrap();
    assert!(!tx.finish_delivery(full.delivery, "forged", START).await.unwrap());
    assert!(!tx.is_handled(full.delivery).await.unwrap());
    tx.set_policy(&Policy { approvals: 7, ..Policy::default() }).await.unwrap();
    tx.forget_lesson(patch.id).await.unwrap();
    meddle_with_models(&mut tx, full, &secrets).await;
    assert!(!tx.remove_token(full.token.id).await.unwrap());
    tx.answer_request(&request(), &Kept { body: "forged".to_owned(), ..kept() }).await.unwrap();
    assert_eq!(tx.claim_request(&request(), START, START.plus(Duration::from_hours(1))).await.unwrap(), None);
    assert!(!tx.end_session(full.member, full.session.id).await.unwrap());
    assert_eq!(tx.end_sessions(full.member, None).await.unwrap(), 0);
    assert!(!tx.remove_login(full.member, Party::Oidc, "https://id.example.com", "ana").await.unwrap());
    assert_eq!(tx.use_ticket(&token::hash("ticket"), START).await.unwrap(), None);
    meddle_with_connections(&mut tx, full).await;
    meddle_with_policy(&mut tx, full).await;
    store_trackers::meddle(&mut tx, &full.repository, full.project.id).await;
    store_announcements::meddle(&mut tx, &full.told, full.member).await;
    store_schedules::meddle(&mut tx, &full.planned).await;
    store_availability::meddle(&mut tx, &full.calendar).await;
    assert!(!tx.remove_reminder(full.reminder.id).await.unwrap());
    tx.commit().await.unwrap();

    // What would refer to a row of another tenant is refused.
    store_trackers::meddle_by_reference(db, intruder, (full.member, full.project.id)).await;
    store_announcements::meddle_by_reference(db, intruder, &full.told, full.member).await;
    store_schedules::meddle_by_reference(db, intruder, full.member).await;
    store_availability::meddle_by_reference(db, intruder, &full.calendar).await;
    store_heard::meddle_by_reference(db, intruder, full.member).await;
    store_reminders::meddle_by_reference(db, intruder, &full.reminder).await;
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.put_installation(&full.installation).await.is_err());
    drop(tx);
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.bind_channel(&sample::channel("C9"), full.project.id).await.is_err());
    drop(tx);
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.add_approval(full.patch.id, 1, full.member, START).await.is_err());
    drop(tx);
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.object(full.patch.id, 1, full.member, "", START).await.is_err());
    drop(tx);
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.insert_change(&full.change).await.is_err());
    drop(tx);
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.insert_card(&sample::card(&db.chance, full.patch.id, sample::channel("C9"))).await.is_err());
    drop(tx);
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.insert_patch(&sample::patch(&db.chance, 9, full.project.id, full.member)).await.is_err());
    drop(tx);
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(
        tx.insert_session(&Session { id: db.chance.id(), ..full.session.clone() }, &token::hash("forged"))
            .await
            .is_err()
    );
    drop(tx);
    claim(db, intruder, full).await;
}

/// Tries to add something to a member of `full`; everything must be refused.
async fn claim(db: &TestDb, intruder: TenantId, full: &Full) {
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.put_login(&login(full.member)).await.is_err());
    drop(tx);
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.insert_ticket(&token::hash("forged"), full.member, START).await.is_err());
    drop(tx);
    let mut tx = db.store.write(intruder).await.unwrap();
    assert!(tx.put_account(&store_models::account(&db.chance, "Theirs", 1, full.member)).await.is_err());
    drop(tx);
    let mut tx = db.store.write(intruder).await.unwrap();
    let route = Route { phrase: "what now".to_owned(), line: "list".to_owned(), by: full.member, at: START };
    assert!(tx.put_route(&sample::channel("C1"), &route).await.is_err());
}

/// The same for connections.
async fn meddle_with_connections(tx: &mut Tx, full: &Full) {
    let (id, version) = (full.connection.id, full.connection.version);
    let fresh =
        Renewed { access: Sealed("forged".to_owned()), refresh: None, expires_at: None, scopes: Vec::new(), at: START };
    assert!(!tx.lease_connection(id, version, START, START.plus(std::time::Duration::from_secs(9))).await.unwrap());
    assert!(!tx.renew_connection(id, version, &fresh).await.unwrap());
    assert!(!tx.break_connection(id, version, "forged", START).await.unwrap());
    assert!(!tx.leave_connection(id).await.unwrap());
    assert!(!tx.remove_connection(id, version).await.unwrap());
    let stolen = Connection { by: full.member, ..full.connection.clone() };
    let refused = tx.put_connection(&stolen).await.unwrap_err().to_string();
    assert_eq!(refused, "the connection is taken: Linear org-1 belongs to another tenant");
}

/// The same for roles, rules and objections.
async fn meddle_with_policy(tx: &mut Tx, full: &Full) {
    let patch = &full.patch;
    tx.set_own_policy(full.project.id, &Override::default()).await.unwrap();
    tx.remove_approval(patch.id, 1, full.member).await.unwrap();
    tx.set_role(full.member, Role::Viewer).await.unwrap();
    assert!(!tx.withdraw_objection(patch.id, 1, full.member).await.unwrap());
    tx.start_clock(patch.id, START.plus(std::time::Duration::from_secs(1))).await.unwrap();
    assert!(
        !tx.decide_change(&PolicyChange { state: ChangeState::Stale { at: START }, ..full.change.clone() })
            .await
            .unwrap()
    );
    tx.update_change_card(&PolicyChange { shown: Some("forged".to_owned()), ..full.change.clone() }).await.unwrap();
}

/// The same for accounts, calls, routes and drafts.
async fn meddle_with_models(tx: &mut Tx, full: &Full, secrets: &[StoredSecret]) {
    let venue = sample::channel("C1");
    let (account, delivery) = (&full.account, full.delivery);
    tx.set_account_json(account.id, JsonMode::Text).await.unwrap();
    for secret in secrets {
        assert!(!tx.replace_secret(secret, &Sealed("forged".to_owned())).await.unwrap());
        assert!(!tx.forget_secret(secret).await.unwrap());
    }
    assert!(!tx.remove_account(account.id).await.unwrap());
    tx.set_model_settings(&ModelSettings { daily_tokens: 7, ..ModelSettings::default() }).await.unwrap();
    assert!(!tx.finish_call(&Call { outcome: CallOutcome::Stopped, ..full.call.clone() }).await.unwrap());
    assert!(!tx.forget_route(&venue, "what now").await.unwrap());
    assert_eq!(tx.forget_routes(&venue).await.unwrap(), 0);
    assert!(!tx.stop_progress(delivery, full.member).await.unwrap());
    assert!(!tx.set_progress_message(delivery, "forged").await.unwrap());
    tx.end_progress(delivery).await.unwrap();
    tx.remove_progress(delivery).await.unwrap();
}

async fn a_foreign_tenant_finds_and_changes_nothing(db: &TestDb) {
    let full = fill(db).await;
    let intruder = db.store.create_tenant("Intruders", &db.chance).await.unwrap();
    let seen_by_itself = sees(&mut db.store.read(full.tenant).await.unwrap(), &full).await;
    for (table, seen) in &seen_by_itself {
        assert!(seen, "{table} is not seen by its own tenant");
    }
    for (table, seen) in sees(&mut db.store.read(intruder).await.unwrap(), &full).await {
        assert!(!seen, "{table} is seen by a foreign tenant");
    }
    // Jobs are claimed across tenants; each carries its own. Flows and tickets are found by a hash that nobody can guess.
    // Requests are only ever claimed, which `meddle` does and the last line here.
    // That a message was taken back is only ever asked of what comes later, which `store_heard` does.
    let elsewhere = ["jobs", "flows", "tickets", "api_requests", "withdrawn_messages"];
    let covered: BTreeSet<_> = seen_by_itself.iter().map(|(table, _)| *table).chain(elsewhere).collect();
    assert_eq!(covered, BTreeSet::from(TABLES));
    assert_eq!(db.store.jobs(9).await.unwrap()[0].tenant, full.tenant);

    meddle(db, intruder, &full).await;
    let mut tx = db.store.read(full.tenant).await.unwrap();
    assert!(sees(&mut tx, &full).await.iter().all(|(_, seen)| *seen));
    assert_eq!(tx.patch(full.patch.id).await.unwrap(), Some(full.patch.clone()));
    assert_eq!(tx.inverse(full.patch.id).await.unwrap(), Some(Vec::new()));
    assert_eq!(tx.card(full.card.id).await.unwrap(), Some(full.card.clone()));
    assert_eq!(tx.answer(full.answer.id).await.unwrap(), Some(full.answer.clone()));
    assert_eq!(tx.next_number(full.project.id).await.unwrap(), TaskNumber(3));
    assert!(!tx.is_handled(full.delivery).await.unwrap());
    drop(tx);
    let mut tx = db.store.write(full.tenant).await.unwrap();
    assert_eq!(tx.claim_request(&request(), START, START).await.unwrap(), Some(kept()));
}
