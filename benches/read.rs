//! What it costs to read what comes in: checking its signature, and understanding a line without a model.

use axum::http::{HeaderMap, HeaderValue};
use chrono::NaiveDate;
use divan::{Bencher, black_box};
use docket::{
    domain::time::Timestamp,
    ingest::signature::{GitHubCheck, sign_github, sign_slack, verify_slack},
    intent,
};
use secrecy::SecretString;

/// A usual webhook.
const BODY: usize = 12 * 1024;
const SIGNED_AT: &str = "1795171320";

/// Commands, and everyday words that none of them begins.
const LINES: [&str; 6] = [
    "plan Build a user authentication flow",
    "assign AUTH-3 to ana",
    "standup at 9:30 weekdays Europe/Paris",
    "could you add a task for documentation, please",
    "rename 2 to Token service; estimate 3 at 2 days; drop the last one",
    "the deployment is slow again and nobody knows why, who has seen this before",
];

fn main() {
    divan::main();
}

fn secret() -> SecretString {
    "a secret of thirty-two characters".into()
}

fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
    all.iter()
        .map(|(name, value)| (name.parse().expect("a name"), HeaderValue::from_str(value).expect("a value")))
        .collect()
}

#[divan::bench]
fn verify_slack_12_kb(bencher: Bencher<'_, '_>) {
    let (body, secrets) = (vec![b'x'; BODY], [secret()]);
    let signature = sign_slack(&secret(), SIGNED_AT, &body);
    let headers = headers(&[("x-slack-request-timestamp", SIGNED_AT), ("x-slack-signature", &signature)]);
    let now = Timestamp::from_millis(1_795_171_320_000);
    bencher.bench_local(|| verify_slack(&headers, black_box(&body), &secrets, now).expect("Slack's signature"));
}

#[divan::bench]
fn verify_github_12_kb(bencher: Bencher<'_, '_>) {
    let (body, secrets) = (vec![b'x'; BODY], [secret()]);
    let headers = headers(&[("x-hub-signature-256", &sign_github(&secret(), &body))]);
    bencher.bench_local(|| {
        let mut check = GitHubCheck::new(&headers, &secrets).expect("a signature");
        check.take(black_box(&body));
        check.end().expect("GitHub's signature")
    });
}

#[divan::bench(args = LINES)]
fn parse_line(bencher: Bencher<'_, '_>, line: &str) {
    let today = NaiveDate::from_ymd_opt(2026, 11, 20).expect("a day");
    bencher.bench_local(|| intent::words(black_box(line), today));
}
