//! What stands in channels, page by page, as `conversations.history` and `conversations.replies` give it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use docket::{clock::Clock as _, domain::time::Timestamp};
use serde_json::{Value, json};

use super::{BOT, FakeSlack, World};
use crate::support::clock::TestClock;

/// What people and other bots said, and how much of it may be read.
#[derive(Default)]
pub(super) struct History {
    /// Messages as they are now, by channel and id.
    standing: BTreeMap<(String, String), Value>,
    /// Where pages begin: what they are of, and what the page before it ended with.
    cursors: BTreeMap<String, (String, String)>,
    /// Scopes that the app lacks.
    lacking: BTreeSet<String>,
    /// How many calls of a method are allowed in a minute, and messages on a page.
    limits: Option<(usize, usize)>,
    /// The calls that were allowed, each with its method and when.
    allowed: Vec<(String, Timestamp)>,
    /// How late it is; without one the time stands still.
    clock: Option<Arc<TestClock>>,
}

impl History {
    /// The second that new messages are of.
    pub(super) fn seconds(&self) -> i64 {
        self.clock.as_ref().map_or(1_795_000_000, |clock| clock.now().as_millis() / 1_000)
    }
}

/// One of them, in order.
type Listed = (u64, String, Value);

impl FakeSlack {
    /// From now on it is as late in Slack as this clock shows.
    pub(crate) fn follow(&self, clock: &Arc<TestClock>) {
        self.world().history.clock = Some(Arc::clone(clock));
    }

    /// Makes a message stand in a channel.
    pub(crate) fn write(&self, channel: &str, ts: &str, message: &Value) {
        let mut message = message.clone();
        (message["type"], message["ts"]) = (json!("message"), json!(ts));
        self.world().history.standing.insert((channel.to_owned(), ts.to_owned()), message);
    }

    /// Changes what a message says, where it stands.
    pub(super) fn rewrite(&self, channel: &str, ts: &str, text: &str, edited: &Value) {
        if let Some(message) = self.world().history.standing.get_mut(&(channel.to_owned(), ts.to_owned())) {
            (message["text"], message["edited"]) = (json!(text), edited.clone());
        }
    }

    /// Takes a message away; one that has answers leaves this stone.
    pub(super) fn wipe(&self, channel: &str, ts: &str, stone: Option<&Value>) {
        let place = (channel.to_owned(), ts.to_owned());
        let standing = &mut self.world().history.standing;
        match stone {
            Some(stone) => drop(standing.insert(place, stone.clone())),
            None => drop(standing.remove(&place)),
        }
    }

    /// The id of a new message of that instant.
    pub(crate) fn ts_at(&self, at: Timestamp) -> String {
        format!("{}.{:06}", at.as_millis() / 1_000, self.world().tick())
    }

    /// Whoever installed the app has left a scope out.
    pub(crate) fn lack(&self, scope: &str) {
        self.world().history.lacking.insert(scope.to_owned());
    }

    /// The app may read so many pages of so many messages in a minute.
    pub(crate) fn limit_pages(&self, calls: usize, messages: usize) {
        self.world().history.limits = Some((calls, messages));
    }

    /// Ends every cursor, as time does.
    pub(crate) fn expire_cursors(&self) {
        self.world().history.cursors.clear();
    }

    /// How often a method was called and not refused for being too fast.
    pub(crate) fn pages(&self, method: &str) -> usize {
        self.world().history.allowed.iter().filter(|(allowed, _)| allowed == method).count()
    }
}

impl World {
    /// How many seconds have to pass before a method may be called, if any.
    pub(super) fn must_wait(&mut self, method: &str) -> Option<u64> {
        if !method.starts_with("conversations.") {
            return None;
        }
        let now = self.history.clock.as_ref().map_or(Timestamp::from_millis(0), |clock| clock.now());
        let minute = std::time::Duration::from_mins(1);
        let recent = self.history.allowed.iter().filter(|(of, at)| of == method && at.plus(minute) > now);
        let recent: Vec<Timestamp> = recent.map(|(_, at)| *at).collect();
        let is_full = self.history.limits.is_some_and(|(most, _)| recent.len() >= most);
        if let Some(first) = recent.first().filter(|_| is_full) {
            return Some(first.plus(minute).since(now).as_secs().max(1));
        }
        self.history.allowed.push((method.to_owned(), now));
        None
    }

    /// Everything that stands in a channel and everybody sees, in order.
    fn listed(&self, channel: &str) -> Vec<Listed> {
        let ours = self.messages.iter().filter(|shown| shown.channel == channel && shown.only_for.is_none());
        let ours = ours.map(|shown| {
            let mut message = json!({ "type": "message", "user": BOT, "bot_id": "B1", "ts": shown.ts,
                                      "text": shown.payload["text"] });
            if let Some(thread) = &shown.thread {
                message["thread_ts"] = json!(thread);
            }
            (shown.ts.clone(), message)
        });
        let theirs = self.history.standing.iter().filter(|((of, _), _)| of == channel);
        let theirs = theirs.map(|((_, ts), message)| (ts.clone(), message.clone()));
        let mut all: Vec<Listed> = ours.chain(theirs).map(|(ts, message)| (order(&ts), ts, message)).collect();
        all.sort_by_key(|(order, ..)| *order);
        all
    }
}

/// The instant of a message in microseconds.
fn order(ts: &str) -> u64 {
    let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, ""));
    seconds.parse::<u64>().unwrap() * 1_000_000 + format!("{fraction:0<6}").parse::<u64>().unwrap()
}

fn root(message: &Value) -> Option<&str> {
    message["thread_ts"].as_str().filter(|root| message["ts"].as_str() != Some(root))
}

/// The page that is asked for.
pub(super) fn page(world: &mut World, method: &str, parameters: &Value) -> Result<Value, String> {
    let given = |name: &str| parameters[name].as_str().map(str::to_owned);
    let channel = given("channel").unwrap_or_default();
    let is_private = world.private.contains(&channel);
    let scope = match () {
        () if channel.starts_with('D') => "im:history",
        () if is_private => "groups:history",
        () => "channels:history",
    };
    let members = world.channels.get(&channel).ok_or("channel_not_found")?;
    if world.history.lacking.contains(scope) {
        return Err(format!("missing_scope {scope}"));
    }
    if !members.contains(BOT) {
        return Err(if is_private { "channel_not_found" } else { "not_in_channel" }.to_owned());
    }
    let limit: usize = given("limit").map_or(Ok(100), |limit| limit.parse()).map_err(|_| "invalid_limit")?;
    if !(1..1_000).contains(&limit) {
        return Err("invalid_limit".to_owned());
    }
    let limit = world.history.limits.map_or(limit, |(_, most)| most.min(limit));
    let all = world.listed(&channel);
    let is_between = |at: u64| {
        given("oldest").is_none_or(|oldest| at > order(&oldest))
            && given("latest").is_none_or(|latest| at < order(&latest))
    };
    let mut found: Vec<Listed> = if method == "conversations.replies" {
        let ts = given("ts").ok_or("invalid_arguments")?;
        if all.iter().all(|(_, known, _)| *known != ts) {
            return Err("thread_not_found".to_owned());
        }
        // The first message is there whenever it was said.
        let is_in = |at: u64, message: &Value| message["ts"] == ts || root(message) == Some(&ts) && is_between(at);
        all.iter().filter(|(at, _, message)| is_in(*at, message)).cloned().collect()
    } else {
        let is_in = |message: &Value| root(message).is_none() || message["subtype"] == "thread_broadcast";
        all.iter().rev().filter(|(at, _, message)| is_in(message) && is_between(*at)).cloned().collect()
    };
    let of = format!("{method} {channel} {}", given("ts").unwrap_or_default());
    if let Some(cursor) = given("cursor") {
        let (known, last) = world.history.cursors.get(&cursor).ok_or("invalid_cursor")?;
        let begins = found.iter().position(|(_, ts, _)| ts == last).filter(|_| *known == of).ok_or("invalid_cursor")?;
        found.drain(..=begins);
    }
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = if has_more { format!("cursor{}=", world.tick()) } else { String::new() };
    if has_more {
        world.history.cursors.insert(next.clone(), (of, found.last().unwrap().1.clone()));
    }
    let messages: Vec<Value> = found.into_iter().map(|(_, ts, message)| with_answers(message, &ts, &all)).collect();
    Ok(json!({ "messages": messages, "has_more": has_more, "response_metadata": { "next_cursor": next } }))
}

/// A message with what is known of the answers to it.
fn with_answers(mut message: Value, ts: &str, all: &[Listed]) -> Value {
    let answers: Vec<&Listed> = all.iter().filter(|(_, _, other)| root(other) == Some(ts)).collect();
    if let Some((_, last, _)) = answers.last() {
        message["thread_ts"] = json!(ts);
        message["reply_count"] = json!(answers.len());
        message["latest_reply"] = json!(last);
    }
    message
}
