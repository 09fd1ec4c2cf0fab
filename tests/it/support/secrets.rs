//! No secret that a test uses may stand in a log line or in what a program prints: every one of this process and of the
//! programs that it starts is looked through.
//!
//! Whoever makes a token that nobody else may read names it with [`known`]; what looks like a model's key or a Slack
//! token is known anyway, and so are the secrets among the settings. What is logged on any thread of this process is
//! looked at as it is logged, down to Docket's own `trace` and the libraries' `debug`. A line with a secret in it ends
//! the whole run at once: a panic on a thread of the server under test would go unnoticed.

use std::{
    collections::BTreeSet,
    fmt::{self, Write as _},
    io::Write as _,
    process::Output,
    sync::{LazyLock, Once, PoisonError, RwLock},
};

use docket::domain::secret::has_known_prefix;
use tracing::{
    Event, Id, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Record},
};
use tracing_subscriber::{
    EnvFilter, Layer,
    layer::{Context, SubscriberExt as _},
    registry::LookupSpan,
    util::SubscriberInitExt as _,
};

/// Shorter ones would be found in words.
const SHORTEST: usize = 8;
/// What the tokens of Slack start with.
const SLACK: [&str; 5] = ["xoxb-", "xoxp-", "xoxe-", "xoxe.", "xapp-"];
/// What is logged at most: Slack's and the models' libraries are kept quiet whatever the settings say.
const EVERYTHING: &str = "debug,docket=trace,slack_morphism=warn,async_openai=off";

static KNOWN: LazyLock<RwLock<BTreeSet<String>>> = LazyLock::new(RwLock::default);

/// From now on nobody may print this.
pub(crate) fn known(secret: &str) {
    watch();
    if secret.len() >= SHORTEST {
        KNOWN.write().unwrap_or_else(PoisonError::into_inner).insert(secret.to_owned());
    }
}

/// A setting: its value is secret where its name says so.
pub(crate) fn setting(name: &str, value: &str) {
    if ["_TOKEN", "_SECRET", "_KEY"].iter().any(|end| name.ends_with(end)) {
        value.split(',').for_each(known);
    }
}

/// From now on what this process logs is looked at.
pub(crate) fn watch() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        let filter = EnvFilter::builder().parse(EVERYTHING).unwrap();
        tracing_subscriber::registry().with(Watch.with_filter(filter)).try_init().unwrap();
    });
}

/// Fails where there is a secret in what was printed.
pub(crate) fn check(text: &str) {
    for line in text.lines() {
        assert!(secret_in(line).is_none(), "a secret was printed: {}", masked(line));
    }
}

/// The same for a program that has ended.
pub(crate) fn checked(output: Output) -> Output {
    check(&String::from_utf8_lossy(&output.stdout));
    check(&String::from_utf8_lossy(&output.stderr));
    output
}

/// The secret that stands in a line.
fn secret_in(line: &str) -> Option<String> {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(secret) = known.iter().find(|secret| line.contains(secret.as_str())) {
        return Some(secret.clone());
    }
    let is_token = |word: &&str| {
        let rest = SLACK.iter().find_map(|start| Some(word.split_once(start)?.1));
        rest.is_some_and(|rest| rest.len() >= 4 && rest.contains(|c: char| c.is_ascii_digit()))
    };
    let is_secret = |word: &&str| is_token(word) || has_known_prefix(word);
    line.split(|c: char| c.is_whitespace() || "\"'()=,".contains(c)).find(is_secret).map(str::to_owned)
}

/// The line without what must not be in it.
fn masked(line: &str) -> String {
    let mut line = line.to_owned();
    while let Some(secret) = secret_in(&line) {
        line = line.replace(&secret, "•••");
    }
    line
}

/// Looks at every line and every span.
struct Watch;

/// A line as it would be written.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

impl Watch {
    fn look(line: &Line) {
        if secret_in(&line.0).is_none() {
            return;
        }
        let thread = std::thread::current();
        let line = masked(&line.0);
        // Past the test's capture of what is printed, which nobody would see any more.
        let told = format!("\na secret was logged, on the thread {}: {line}\n", thread.name().unwrap_or("?"));
        let _ = std::io::stderr().write_all(told.as_bytes());
        std::process::exit(101);
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Watch {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        let mut line = Line(attributes.metadata().name().to_owned());
        attributes.record(&mut line);
        Self::look(&line);
    }

    fn on_record(&self, _: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut line = Line(String::new());
        values.record(&mut line);
        Self::look(&line);
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line(event.metadata().target().to_owned());
        event.record(&mut line);
        Self::look(&line);
    }
}
