//! Everybody at once: commands, clicks and webhooks for real programs, and what of it was acknowledged.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use docket::clock::{Chance, Entropy, SystemEntropy};
use reqwest::{StatusCode, header::RETRY_AFTER};
use serde_json::json;
use tokio::task::JoinSet;

use super::{
    app::{SECRET, words},
    binary::client,
    fake_slack::{FakeSlack, Shown, SignedRequest, SlackUser, TEAM},
    github::{INSTALLATION, Webhook, body, repository},
};

/// Where they talk.
pub(crate) const CHANNELS: [&str; 3] = ["C1", "CTWO", "CTHREE"];
/// How long somebody tries to be heard.
const PATIENCE: Duration = Duration::from_mins(2);
/// Over how long what comes at once is spread.
const SPREAD: usize = 150;
/// Among how many of the newest cards somebody chooses one.
const IN_VIEW: usize = 12;

/// How much comes in at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rush {
    /// First plans, which wait for somebody.
    pub(crate) plans: usize,
    /// Changes that are applied as they come.
    pub(crate) estimates: usize,
    /// Presses on a button of some card, and rejections by command.
    pub(crate) decisions: usize,
    /// Pull requests that GitHub tells of.
    pub(crate) webhooks: usize,
}

/// What was acknowledged, as it is found again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Promise {
    /// The door.
    pub(crate) source: &'static str,
    /// Its key there.
    pub(crate) key: String,
    /// Whether a proposal follows from it.
    pub(crate) proposes: bool,
}

impl Promise {
    /// What acknowledging this command promises.
    pub(crate) fn of_command(request: &SignedRequest, proposes: bool) -> Self {
        let key = url::form_urlencoded::parse(&request.body).find(|(name, _)| name == "trigger_id").unwrap().1.into();
        Self { source: "slack.command", key, proposes }
    }
}

/// A request with what follows from its acknowledgement.
struct Wish {
    promise: Promise,
    request: SignedRequest,
    /// Whether it is sent until it is heard. Slack and GitHub do not; people do, and so do redeliveries.
    insists: bool,
}

/// What became of requests.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Heard {
    /// What was answered 2xx.
    pub(crate) promised: BTreeSet<Promise>,
    /// How often 503 was answered, each time with when to come again.
    pub(crate) refused: usize,
    /// How often there was no answer.
    pub(crate) silent: usize,
    /// How long the slowest answer took.
    pub(crate) slowest: Duration,
}

/// People and services that want something. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Crowd {
    pub(crate) slack: FakeSlack,
    client: reqwest::Client,
    /// Where the programs listen, which take turns; none while all are down.
    doors: Arc<Mutex<Vec<String>>>,
    /// The codes of tasks that are estimated.
    tasks: Arc<Mutex<Vec<String>>>,
    turn: Arc<AtomicUsize>,
    count: Arc<AtomicUsize>,
    heard: Arc<Mutex<Heard>>,
}

impl Crowd {
    /// Ana and Ben in three channels.
    pub(crate) async fn gather() -> Self {
        let slack = FakeSlack::start().await;
        for channel in CHANNELS {
            slack.add_channel(channel, &["U1", "U2", super::fake_slack::BOT]);
        }
        Self {
            slack,
            client: client(),
            doors: Arc::default(),
            tasks: Arc::default(),
            turn: Arc::default(),
            count: Arc::default(),
            heard: Arc::default(),
        }
    }

    /// From now on these programs are spoken to, in turns.
    pub(crate) fn turn_to(&self, doors: &[&str]) {
        *self.doors.lock().unwrap() = doors.iter().map(|&door| door.to_owned()).collect();
    }

    /// From now on these tasks are estimated.
    pub(crate) fn work_on(&self, tasks: Vec<String>) {
        *self.tasks.lock().unwrap() = tasks;
    }

    /// What became of what they asked for so far.
    pub(crate) fn heard(&self) -> Heard {
        self.heard.lock().unwrap().clone()
    }

    /// Somebody in a channel.
    pub(crate) fn person(&self, id: &str, channel: &str) -> SlackUser {
        SlackUser::new(&self.slack, id, channel, SECRET.into())
    }

    /// All of this at once, a little spread. Ends when everybody was heard or gave up.
    pub(crate) fn rush(&self, much: Rush) -> JoinSet<()> {
        type Make = fn(&Crowd) -> Option<Wish>;
        let mut coming = JoinSet::new();
        let kinds: [(usize, Make); 4] = [
            (much.plans, |crowd| Some(crowd.plan())),
            (much.estimates, |crowd| Some(crowd.estimate())),
            (much.decisions, Self::decision),
            (much.webhooks, |crowd| Some(crowd.webhook())),
        ];
        for (times, make) in kinds {
            for _ in 0..times {
                let (crowd, pause) = (self.clone(), millis(any(SPREAD)));
                coming.spawn(async move {
                    tokio::time::sleep(pause).await;
                    if let Some(wish) = make(&crowd) {
                        crowd.send(wish).await;
                    }
                });
            }
        }
        coming
    }

    /// A first plan, of which there is only one.
    fn plan(&self) -> Wish {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        self.command(&format!("plan Build the import of ledger{number}"), true)
    }

    /// An estimate as no other.
    fn estimate(&self) -> Wish {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let task = {
            let tasks = self.tasks.lock().unwrap();
            tasks[number % tasks.len()].clone()
        };
        self.command(&format!("estimate {task} {}m", number + 1), true)
    }

    fn command(&self, line: &str, proposes: bool) -> Wish {
        let ana = self.person("U1", CHANNELS[any(CHANNELS.len())]);
        let request = ana.slash(line, Chance::system().now());
        wish(Promise::of_command(&request, proposes), request)
    }

    /// What somebody does about one of the newest cards.
    fn decision(&self) -> Option<Wish> {
        let shown = self.slack.shown();
        let cards: Vec<&Shown> = shown.iter().rev().filter(|one| one.only_for.is_none()).take(IN_VIEW).collect();
        let card = *cards.get(any(cards.len().max(1)))?;
        let said = words(&card.payload);
        let has = |action: &str| card.payload.to_string().contains(&format!("\"{action}\""));
        let action = match any(10) {
            0 if has("patch.approve") => {
                let code = said.split(' ').next()?;
                return Some(self.command(&format!("reject {code} not now"), false));
            }
            1 | 2 if has("patch.details") => "patch.details",
            _ if has("patch.approve") => "patch.approve",
            _ if has("patch.rebase") => "patch.rebase",
            // A first plan that is taken back would take the tasks along that others work on.
            _ if has("patch.undo") && said.contains("estimate") => "patch.undo",
            _ if has("patch.details") => "patch.details",
            _ => return None,
        };
        let (user, now) = (if any(2) == 0 { "U1" } else { "U2" }, Chance::system().now());
        let request = self.person(user, &card.channel).click(card, action, now);
        let key = format!("click:{TEAM}:{user}:{}:{action}:{}.000100", card.ts, now.as_millis() / 1_000);
        Some(wish(Promise { source: "slack.interaction", key, proposes: false }, request))
    }

    /// A pull request that was opened, as no other.
    fn webhook(&self) -> Wish {
        let number = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let user = json!({ "id": 11, "login": "ana-gh", "type": "User" });
        let pull = json!({
            "id": number, "number": number, "state": "open", "draft": false, "merged": false, "title": "Sign-in page",
            "html_url": format!("https://github.com/acme/web/pull/{number}"), "user": user, "labels": [],
            "requested_reviewers": [], "created_at": "2026-11-20T09:00:00Z", "updated_at": "2026-11-20T10:00:00Z",
            "head": { "ref": format!("branch-{number}"), "sha": "b".repeat(40), "repo": { "id": 700 } },
            "base": { "ref": "main", "sha": "c".repeat(40), "repo": { "id": 700 } }, "body": "",
        });
        let more = json!({ "number": number, "pull_request": pull });
        let told = body("opened", INSTALLATION, Some(&repository(700, "acme/web")), &more);
        let id = format!("pull-{number}");
        let webhook = Webhook::new("pull_request", &told).with_id(Some(&id));
        let path = "/github/webhooks".to_owned();
        let request = SignedRequest { path, headers: webhook.headers(), body: webhook.body() };
        wish(Promise { source: "github", key: format!("pull_request {id}"), proposes: false }, request)
    }

    /// Sends it to whose turn it is, until it is answered 2xx, or its sender gives up.
    async fn send(&self, wish: Wish) {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            let door = {
                let doors = self.doors.lock().unwrap();
                let turn = self.turn.fetch_add(1, Ordering::Relaxed);
                doors.get(turn % doors.len().max(1)).cloned()
            };
            let asked = Instant::now();
            let answer = match &door {
                Some(door) => Some(wish.request.clone().try_send(&self.client, door).await),
                None => None,
            };
            {
                let heard = &mut *self.heard.lock().unwrap();
                match answer {
                    Some(Ok(answer)) if answer.status().is_success() => {
                        heard.slowest = heard.slowest.max(asked.elapsed());
                        heard.promised.insert(wish.promise);
                        return;
                    }
                    Some(Ok(answer)) => {
                        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{:?}", wish.promise);
                        assert!(answer.headers().contains_key(RETRY_AFTER), "a refusal says when to come again");
                        heard.slowest = heard.slowest.max(asked.elapsed());
                        heard.refused += 1;
                    }
                    Some(Err(_)) => heard.silent += 1,
                    None => {}
                }
            }
            if door.is_some() && !wish.insists {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("nobody heard {:?} for {PATIENCE:?}", wish.promise);
    }
}

fn wish(promise: Promise, request: SignedRequest) -> Wish {
    Wish { promise, request, insists: any(2) == 0 }
}

/// A number below this one.
pub(crate) fn any(below: usize) -> usize {
    usize::try_from(SystemEntropy.bits() % u128::try_from(below).unwrap()).unwrap()
}

/// So many milliseconds.
pub(crate) fn millis(count: usize) -> Duration {
    Duration::from_millis(u64::try_from(count).unwrap())
}
