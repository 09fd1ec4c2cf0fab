//! The lines in the thread of a pull request's message.

use super::super::observe::{News, What};
use crate::{
    domain::{
        announce::{PullCard, Topic},
        ids::MemberId,
        member::Surface,
        message::{Block, Line, Message, Span},
        pulls::failing,
        time::Timestamp,
        tracker::{Account, Check, CheckOutcome, Pull, PullState, Remark, Review, Verdict},
    },
    jobs::cards::way_to,
    review::{accounts::Accounts, words::clip},
    store::{Result, Tx},
};

/// Characters of what somebody wrote, and of names.
const WORDS: usize = 200;
const NAME: usize = 100;

/// A line to be.
pub(super) struct NewLine {
    /// What it is about, for those who don't want to hear of that.
    pub(super) topic: Topic,
    /// When that happened.
    pub(super) at: Timestamp,
    /// What it tells of, the same for the same thing.
    pub(super) about: String,
    /// What it says.
    pub(super) message: Message,
}

/// The lines that these news make in the thread of a message, in the order in which things happened.
pub(super) async fn of(tx: &mut Tx, news: &News, card: &PullCard, accounts: &Accounts) -> Result<Vec<NewLine>> {
    let (pull, before) = (&news.pull, news.before.as_ref());
    let mut lines = Vec::new();
    for (review, text) in reviews(news) {
        let own = mention(tx, card, accounts, &pull.author, &review.by).await?;
        lines.push(reviewed(accounts, review, text, own));
    }
    if let What::Remark(remark) = &news.what
        && !remark.by.is_bot
    {
        lines.push(said(accounts, remark));
    }
    for check in failed(news) {
        let own = mention_always(tx, card, accounts, &pull.author).await?;
        lines.push(check_failed(check, own));
    }
    for (account, since) in pull.waiting() {
        let is_known = before.is_some_and(|before| before.reviewers.contains_key(&account.id));
        if is_known || before.is_none_or(|before| before.state != PullState::Open) && news.before.is_some() {
            continue;
        }
        // Nobody else needs the line: the message says who is waited for.
        if let Some(who) = mention_always(tx, card, accounts, account).await? {
            lines.push(asked(accounts, pull, (account, since), who));
        }
    }
    lines.extend(before.and_then(|before| ended(accounts, before, pull)));
    lines.sort_by_key(|line| line.at);
    Ok(lines)
}

/// The reviews that are new, each with what it says as far as that was told.
fn reviews(news: &News) -> Vec<(&Review, &str)> {
    let told = match &news.what {
        What::Review(review, text) => Some((review, text.as_str())),
        _ => None,
    };
    let is_new = |review: &&Review| {
        let before = news.before.as_ref().and_then(|before| before.reviews.get(&review.by.id));
        before.is_none_or(|before| before.id != review.id || before.verdict != review.verdict)
    };
    let is_told = |review: &&Review| told.is_some_and(|(told, _)| told.id == review.id);
    let found = news.pull.reviews.values().filter(|review| is_new(review) && !is_told(review)).map(|one| (one, ""));
    found.chain(told).filter(|(review, _)| !review.by.is_bot).collect()
}

/// The checks of the last commit that failed and did not fail before.
fn failed(news: &News) -> Vec<&Check> {
    let was = |check: &&Check| {
        let before = news.before.as_ref().and_then(|before| before.checks.get(&check.key()));
        before.is_some_and(|before| before.outcome == CheckOutcome::Failed)
    };
    if news.pull.state != PullState::Open {
        return Vec::new();
    }
    failing(&news.pull).filter(|check| !was(check)).collect()
}

/// How to mention whoever has an account, if they want that and did not do it themselves.
async fn mention(
    tx: &mut Tx,
    card: &PullCard,
    accounts: &Accounts,
    whom: &Account,
    by: &Account,
) -> Result<Option<Span>> {
    if whom.id == by.id { Ok(None) } else { mention_always(tx, card, accounts, whom).await }
}

async fn mention_always(tx: &mut Tx, card: &PullCard, accounts: &Accounts, whom: &Account) -> Result<Option<Span>> {
    let Some(member) = accounts.member(whom) else { return Ok(None) };
    if !tx.wants_mentions(member).await? {
        return Ok(None);
    }
    let name = accounts.name(whom).to_owned();
    Ok(user_at(tx, card, member).await?.map(|user| Span::Mention { user, name }))
}

/// How the surface of a message names a member.
async fn user_at(tx: &mut Tx, card: &PullCard, member: MemberId) -> Result<Option<String>> {
    let known = way_to(tx, member, &card.venue).await?;
    Ok((known.surface != Surface::Console).then_some(known.user))
}

fn reviewed(accounts: &Accounts, review: &Review, text: &str, own: Option<Span>) -> NewLine {
    let did = match review.verdict {
        Verdict::Commented => "reviewed",
        Verdict::Dismissed => "had a review taken back",
        Verdict::ChangesRequested => "requested changes",
        Verdict::Approved => "approved",
    };
    let mut spans = vec![accounts.person(&review.by), Span::plain(" ")];
    spans.push(Span::Link { text: did.to_owned(), url: review.url.clone() });
    spans.extend(words(text));
    spans.extend(own.into_iter().flat_map(|who| [Span::plain(" · "), who]));
    let summary = format!("{} {did}", accounts.name(&review.by));
    let about = format!("review {} {}", review.id, review.verdict.as_str());
    NewLine { topic: Topic::Reviews, at: review.at, about, message: one_line(summary, spans) }
}

fn said(accounts: &Accounts, remark: &Remark) -> NewLine {
    let mut spans = vec![accounts.person(&remark.by), Span::plain(" ")];
    spans.push(Span::Link { text: "commented".to_owned(), url: remark.url.clone() });
    spans.extend(words(&remark.text));
    let summary = format!("{} commented", accounts.name(&remark.by));
    let about = format!("remark {}", remark.id);
    NewLine { topic: Topic::Comments, at: remark.at, about, message: one_line(summary, spans) }
}

fn check_failed(check: &Check, own: Option<Span>) -> NewLine {
    let name = clip(&check.name, NAME);
    let mut spans = vec![Span::plain("! "), Span::Link { text: name.clone(), url: check.url.clone() }];
    spans.push(Span::plain(" failed"));
    spans.extend(own.into_iter().flat_map(|who| [Span::plain(" · "), who]));
    let about = format!("check {} {}", check.sha, check.name);
    NewLine { topic: Topic::Checks, at: check.at, about, message: one_line(format!("{name} failed"), spans) }
}

fn asked(accounts: &Accounts, pull: &Pull, (account, since): (&Account, Timestamp), who: Span) -> NewLine {
    let spans = vec![who, Span::plain(": "), accounts.person(&pull.author), Span::plain(" waits for your review")];
    let summary = format!("{} waits for a review of {}", accounts.name(&pull.author), accounts.name(account));
    let about = format!("asked {} {}", account.id, since.as_millis());
    // Told by what is known of the pull request, which may name an older asking.
    NewLine { topic: Topic::Reviews, at: since.max(pull.updated_at), about, message: one_line(summary, spans) }
}

/// That it was merged, closed or opened again.
fn ended(accounts: &Accounts, before: &Pull, pull: &Pull) -> Option<NewLine> {
    if before.state == pull.state {
        return None;
    }
    let at = pull.ended_at.unwrap_or(pull.updated_at);
    let (did, spans) = match (pull.state, &pull.merged_by) {
        (PullState::Merged, Some(by)) => ("merged", vec![Span::plain("✓ merged by "), accounts.person(by)]),
        (PullState::Merged, None) => ("merged", vec![Span::plain("✓ merged")]),
        (PullState::Closed, _) => ("closed", vec![Span::plain("× closed without being merged")]),
        (PullState::Open, _) => ("opened again", vec![Span::plain("○ opened again")]),
    };
    let about = format!("{did} {}", at.as_millis());
    Some(NewLine { topic: Topic::Merges, at, about, message: one_line(format!("#{} {did}", pull.at.number), spans) })
}

/// That there is more than is told here.
pub(super) fn more(pull: &Pull) -> Message {
    let link = Span::Link { text: format!("#{}", pull.at.number), url: pull.url.clone() };
    let spans = vec![Span::plain("A lot is happening: see "), link, Span::plain(" for more of it.")];
    one_line(format!("More is happening on #{}", pull.at.number), spans)
}

/// A release, by its tag, its name and its page.
pub(super) fn release(repository: &str, (tag, name, url): (&str, &str, &str)) -> Message {
    let what = format!("{repository} {}", clip(tag, NAME));
    let mut spans = vec![Span::plain("Released: "), Span::Link { text: what.clone(), url: url.to_owned() }];
    if !name.is_empty() && name != tag {
        spans.push(Span::plain(format!(" · {}", clip(name, WORDS))));
    }
    one_line(format!("Released: {what}"), spans)
}

/// `: Nice work`, where anything was said.
fn words(text: &str) -> Option<Span> {
    let text = clip(text, WORDS);
    (!text.is_empty()).then(|| Span::plain(format!(": {text}")))
}

fn one_line(summary: String, spans: Vec<Span>) -> Message {
    Message { summary, blocks: vec![Block::Lines { lines: vec![Line::plain(spans)], more: None }] }
}
