//! What processing a day of chatter asks of a model, against the naive way: all messages and all tasks in every prompt.
//!
//! `cargo bench --bench process` replays 1,000 messages against 200 tasks through Docket itself, with a model that answers
//! what it is shown, and prints the calls and the tokens.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Json, Router, extract::State, routing::post};
use docket::{
    app::App,
    clock::{Chance, Clock, Entropy, SystemEntropy},
    config::Config,
    domain::{
        event::Venue,
        heard::{Heard, Saying, Wording},
        ids::MemberId,
        member::Surface,
        plan::Plan,
        project::{Lifecycle, Project, Revision},
        task::{Place, Rank, Task, TaskFields, TaskNumber},
        time::Timestamp,
    },
    jobs,
    llm::tokens,
    shutdown::Shutdown,
    store::{Store, Tx},
};
use serde_json::{Value, json};

const MESSAGES: usize = 1_000;
const TASKS: usize = 200;
/// Nights at most: as long as messages are kept.
const NIGHTS: usize = 14;
/// Messages of a conversation.
const THREAD: usize = 2;

/// Things that work is about, and what is done to them: a task is one of each, and each thing has a few tasks.
const THINGS: [&str; 40] = [
    "invoice",
    "avatar",
    "calendar",
    "search index",
    "login page",
    "token service",
    "webhook",
    "backup",
    "dashboard",
    "newsletter",
    "billing report",
    "mobile menu",
    "audit log",
    "upload form",
    "price list",
    "staging cluster",
    "certificate",
    "queue",
    "cache",
    "feature flag",
    "onboarding tour",
    "password reset",
    "export job",
    "import wizard",
    "chat widget",
    "map view",
    "payment terminal",
    "tax table",
    "access policy",
    "color theme",
    "keyboard shortcut",
    "translation file",
    "load balancer",
    "rate limiter",
    "status page",
    "release script",
    "test suite",
    "data warehouse",
    "consent banner",
    "support inbox",
];
const DEEDS: [&str; 5] = ["Speed up the", "Document the", "Redesign the", "Monitor the", "Rewrite the"];
/// What people say: of a task by its code or its words, of a thing only, of something else, and of nothing.
const CHATTER: [&str; 6] = [
    "good morning everybody",
    "thanks, that helped",
    "pizza for lunch?",
    "who is in the office today?",
    "happy birthday :tada:",
    "see you tomorrow",
];
const ELSEWHERE: [&str; 4] = [
    "can somebody call the plumber for the kitchen sink?",
    "the coffee machine leaks again, please order a gasket",
    "we need a new lawyer for the trademark",
    "the parking gate does not open since Monday",
];

/// A clock that moves when it is told to.
struct Moved(AtomicI64);

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

struct Random;

impl Entropy for Random {
    fn bits(&self) -> u128 {
        SystemEntropy.bits()
    }
}

/// What the model was asked.
#[derive(Default)]
struct Asked {
    calls: AtomicU64,
    tokens: AtomicU64,
}

#[tokio::main]
async fn main() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let clock = Arc::new(Moved(AtomicI64::new(1_795_168_800_000)));
    let chance = Chance::new(clock.clone(), Arc::new(Random));
    let asked = Arc::new(Asked::default());
    let model = model(Arc::clone(&asked)).await;
    let url = format!("sqlite://{}", folder.path().join("docket.db").display());
    let app = docket(&url, &model, chance.clone()).await;
    let titles = plan(&app, &chance).await;
    let said = talk(&app, &chance, &titles).await;
    let (mut nights, mut busy) = (0, Duration::ZERO);
    let mut made = Vec::new();
    // A night proposes only so much for one project, and leaves the rest to the next ones.
    loop {
        jobs::queue_nights(&app.desk).await.expect("a night");
        clock.0.fetch_add(24 * 3_600_000, Ordering::SeqCst);
        let started = Instant::now();
        app.worker.drain().await;
        busy += started.elapsed();
        nights += 1;
        let mut tx = app.desk.store.read(app.tenant).await.expect("a transaction");
        let known = std::mem::replace(&mut made, tx.matches_page(None, None, 0, MESSAGES).await.expect("matches"));
        if nights == 1 {
            let (calls, used) = (asked.calls.load(Ordering::SeqCst), asked.tokens.load(Ordering::SeqCst));
            println!("the first night: {} conversations, {calls} questions, {used} tokens", made.len());
        }
        if made.len() == known.len() || nights == NIGHTS {
            break;
        }
    }
    let proposed = made.iter().filter(|one| one.patch.is_some()).count();
    let (calls, used) = (asked.calls.load(Ordering::SeqCst), asked.tokens.load(Ordering::SeqCst));
    // The naive way asks of each conversation with everything that was said and planned.
    let everything = tokens::count(&said.join("\n")) + tokens::count(&titles.join("\n"));
    let conversations = u64::try_from(MESSAGES / THREAD).unwrap_or(u64::MAX);
    let naive = everything * conversations;
    println!(
        "{MESSAGES} messages in {conversations} conversations, {TASKS} tasks; read in {nights} nights, {busy:.1?}"
    );
    println!("{} conversations are about something, {proposed} changes were proposed", made.len());
    println!("            {:>10} {:>14}", "calls", "tokens");
    println!("Docket      {calls:>10} {used:>14}");
    println!("naive       {conversations:>10} {naive:>14}");
    println!("of which Docket takes {:.3} %", 100.0 * ratio(used, naive));
    assert!(made.len() > 100 && calls > 0 && used * 20 < naive, "the prefilter spares almost everything");
}

#[expect(clippy::cast_precision_loss, reason = "it is printed with three digits")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

/// Numbers that repeat from run to run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % limit
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// Docket with a model, of a tenant whose channel is `C1`.
async fn docket(url: &str, model: &str, chance: Chance) -> App {
    let settings = [
        ("DATABASE_URL", url),
        ("DOCKET_MASTER_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
        ("OPENAI_API_KEY", "sk-bench"),
        ("OPENAI_BASE_URL", model),
        ("OPENAI_MODEL", "scripted"),
    ];
    let read = |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let config = Config::read(&read).expect("settings");
    let store = Store::open(url).await.expect("a database");
    store.migrate().await.expect("migrations");
    App::build(&config, store, chance, Shutdown::new()).await.expect("Docket")
}

/// Two hundred tasks in one project, whose channel is `C1`; gives their lines.
async fn plan(app: &App, chance: &Chance) -> Vec<String> {
    let project = Project {
        id: chance.id(),
        key: "WORK".parse().expect("a key"),
        title: "Everything".to_owned(),
        summary: String::new(),
        lifecycle: Lifecycle::Draft,
        revision: Revision(0),
    };
    let mut tx = app.desk.store.write(app.tenant).await.expect("a transaction");
    tx.insert_project(&project, TaskNumber(1_000), chance.now()).await.expect("a project");
    let mut rank = Rank::only();
    let mut tasks = Vec::new();
    for (number, (thing, deed)) in (1..).zip(THINGS.iter().flat_map(|thing| DEEDS.map(|deed| (thing, deed)))) {
        rank = Rank::between(Some(&rank), None);
        let place = Place { parent: None, rank: rank.clone() };
        let fields = TaskFields::titled(format!("{deed} {thing}"));
        tasks.push(Task { number: TaskNumber(number), place, fields, version: Revision(1) });
    }
    assert_eq!(tasks.len(), TASKS);
    let touched: BTreeSet<TaskNumber> = tasks.iter().map(|task| task.number).collect();
    let plan = Plan::new(Project { revision: Revision(1), ..project.clone() }, tasks);
    assert!(tx.save_plan(&plan, &touched, Revision(0), chance.now()).await.expect("a plan"));
    tx.bind_channel(&channel(), project.id).await.expect("a channel");
    tx.commit().await.expect("a commit");
    plan.tasks().map(|task| format!("WORK-{} {}", task.number, task.fields.title)).collect()
}

fn channel() -> Venue {
    Venue { surface: Surface::Slack, team: "T1".to_owned(), channel: "C1".to_owned(), thread: None }
}

/// A day of messages; gives what they say.
async fn talk(app: &App, chance: &Chance, titles: &[String]) -> Vec<String> {
    let mut dice = Dice(20_261_120);
    let mut tx = app.desk.store.write(app.tenant).await.expect("a transaction");
    let by = tx.members().await.expect("members")[0].id;
    let mut all = Vec::new();
    for nth in 0..MESSAGES / THREAD {
        let (code, title) = dice.pick(titles).split_once(' ').expect("a code");
        let thing = dice.pick(&THINGS);
        let (first, second) = match dice.below(10) {
            0 => (format!("any news about {code}?"), "we shipped it this morning".to_owned()),
            1 | 2 => (format!("{} is harder than I thought", title.to_lowercase()), "blocked by legal".to_owned()),
            3 => (format!("should we look at the {thing} again?"), "I am not sure which part".to_owned()),
            4 => ((*dice.pick(&ELSEWHERE)).to_owned(), "I'll have a look".to_owned()),
            _ => ((*dice.pick(&CHATTER)).to_owned(), "sure".to_owned()),
        };
        let root = format!("1795160000.{nth:06}");
        for (at, text) in [(0, first), (1, second)] {
            let message = if at == 0 { root.clone() } else { format!("1795160001.{nth:06}") };
            hear(&mut tx, chance, (&root, &message), &text, by).await;
            all.push(text);
        }
    }
    tx.commit().await.expect("a commit");
    all
}

async fn hear(tx: &mut Tx, chance: &Chance, (root, message): (&str, &str), text: &str, by: MemberId) {
    let venue = Venue { thread: Some(root.to_owned()), ..channel() };
    let at = chance.now().minus(Duration::from_hours(1));
    let what = Saying::Said(Wording { text: text.to_owned(), since: at.as_millis() * 1_000 });
    let heard = Heard { message: message.to_owned(), at, is_private: Some(false), what };
    assert!(tx.put_heard(&venue, &heard, Some(by), chance.id(), chance.now()).await.expect("a message"));
}

/// A model behind HTTP that says of every conversation that it is about none of its tasks, and counts what it reads.
async fn model(asked: Arc<Asked>) -> String {
    let router = Router::new().route("/v1/chat/completions", post(answer)).with_state(asked);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}/v1", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    origin
}

async fn answer(State(asked): State<Arc<Asked>>, Json(request): Json<Value>) -> Json<Value> {
    let messages: Vec<&str> =
        request["messages"].as_array().into_iter().flatten().filter_map(|one| one["content"].as_str()).collect();
    let prompt = messages.iter().map(|text| tokens::count(text)).sum::<u64>();
    let shown: Vec<u64> = messages
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| line.strip_prefix("Conversation ")?.strip_suffix(':')?.parse().ok())
        .collect();
    let said: Vec<Value> =
        shown.iter().map(|number| json!({ "number": number, "task": null, "work": true, "confidence": 0.9 })).collect();
    let text = json!({ "conversations": said }).to_string();
    let answered = tokens::count(&text);
    asked.calls.fetch_add(1, Ordering::SeqCst);
    asked.tokens.fetch_add(prompt + answered, Ordering::SeqCst);
    Json(json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "scripted",
        "choices": [{ "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": text } }],
        "usage": { "prompt_tokens": prompt, "completion_tokens": answered, "total_tokens": prompt + answered },
    }))
}
