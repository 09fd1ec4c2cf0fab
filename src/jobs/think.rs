//! From what came in to what should happen: reads, and changes nothing.

use unicode_segmentation::UnicodeSegmentation;

use crate::{
    answers::{self, Ask},
    domain::{
        event::{Action, Click, Event},
        ids::{DeliveryId, MemberId, PatchId},
        intent::Intent,
        matches::Match,
        message::{Block, Button, Message, Press, Span},
        model::Use,
        patch::{PatchCode, PatchState},
        policy::{ChangeAction, ChangeCode, Policy},
        route::phrase,
    },
    error::{Result, UserError},
    intent::{
        Reading,
        classify::{self, Candidate},
        command::shorten,
        phrase::without_model,
    },
    jobs::{
        Desk,
        consult::{Consultation, Memo},
        errand::Errand,
        handle::Talk,
        issues::IssueWish,
        process,
        standups::drafts,
        understand::understand,
        wish::Wish,
    },
    planner::Draft,
    review::{propose::Target, words::quote},
    store::Tx,
};

/// What should happen.
pub(super) enum Thought {
    /// Nothing.
    Nothing,
    /// An answer, and nothing else.
    Say(Message),
    /// A decision on a patch.
    Decide(Click),
    /// A new proposal.
    Propose(Box<Idea>),
    /// First a model has to be asked; then everything is thought again.
    Ask(Box<Consultation>),
    /// An account is to be tried out; then everything is thought again.
    Test(String),
    /// The draft of another delivery is to be stopped.
    Stop(DeliveryId),
    /// Something is to be done at once.
    Errand(Errand),
    /// What follows from what was said is to be proposed.
    Process(Box<process::Reading>),
    /// An issue is to stand for a task.
    OrderIssue(IssueWish),
    /// A decision on a change of the policy.
    DecideChange(ChangeCode, ChangeAction),
    /// What would happen if somebody approved a patch.
    TestPolicy(PatchCode, MemberId),
}

/// A proposal to be.
pub(super) struct Idea {
    pub(super) draft: Draft,
    pub(super) target: Target,
    pub(super) words: String,
    pub(super) supersedes: Option<PatchId>,
    pub(super) undoes: Option<PatchId>,
    /// The decision it follows from, to be checked when it is stored.
    pub(super) follows: Option<Click>,
    /// What the model says to the sender besides.
    pub(super) note: Option<String>,
    /// What it makes of a conversation.
    pub(super) thread: Option<Match>,
}

impl Thought {
    /// The outcome that is stored with the delivery.
    pub(super) fn outcome(&self) -> &'static str {
        match self {
            Self::Nothing => "ignored",
            Self::Say(_) | Self::Ask(_) | Self::Test(_) | Self::TestPolicy(..) => "told",
            Self::Decide(_) | Self::DecideChange(..) => "decided",
            Self::Propose(_) | Self::Process(_) => "proposed",
            Self::Stop(_) => "stopped",
            Self::Errand(errand) => errand.outcome(),
            Self::OrderIssue(_) => "ordered",
        }
    }
}

/// Thinks about one event of a known sender.
///
/// # Errors
/// [`UserError`] with words for the sender where it can't be done.
pub(super) async fn think(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>, memo: &Memo) -> Result<Thought> {
    let line = match talk.event {
        Event::Click(click) => return clicked(desk, tx, talk, memo, click.clone()).await,
        Event::Stop { delivery } => return Ok(Thought::Stop(*delivery)),
        Event::Account(form) => return Ok(Thought::Errand(Errand::AddAccount(form.clone()))),
        Event::Command(line) | Event::Words(line) | Event::Reply(line) | Event::Chosen { line, .. } => line,
        Event::Removed { .. } | Event::Tracker(_) | Event::Nothing => return Ok(Thought::Nothing),
    };
    let now = desk.chance.now();
    if let Some((of, wish)) = drafts::answered(tx, talk).await? {
        return Ok(Thought::Errand(Errand::Draft(wish, Some(of))));
    }
    let Some(reading) = understand(tx, talk.event, Some(talk.member), Some(talk.venue), now).await? else {
        return Ok(Thought::Nothing);
    };
    let wish = Wish { desk, talk, memo, line };
    if matches!(talk.event, Event::Reply(_)) {
        return overheard(&wish, tx, reading).await;
    }
    match reading {
        Reading::Meant(intent) => meant(&wish, tx, intent).await,
        Reading::Wrong(words) => Err(words.into()),
        Reading::Unknown(words) => unknown(&wish, tx, words).await,
    }
}

/// A click on a card: a decision, or the start of a new proposal.
async fn clicked(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>, memo: &Memo, click: Click) -> Result<Thought> {
    let Some(patch) = tx.patch(click.patch).await? else { return Ok(Thought::Decide(click)) };
    let is_current = click.revision == patch.revision;
    let wish = |line| Wish { desk, talk, memo, line };
    match (click.action, &patch.state) {
        // Whoever may only look is refused before anything is drafted.
        _ if Policy::may_propose(talk.member).is_err() => Ok(Thought::Decide(click)),
        (Action::RequestChanges, PatchState::Proposed) if is_current => {
            let Some(words) = click.words.clone() else {
                return Err(
                    UserError::new("Say what should be different, for example: combine the first two tasks").into()
                );
            };
            wish(words.as_str()).edit_proposal(tx, &patch, &words, click).await
        }
        (Action::Undo, PatchState::Applied { revision, .. }) if is_current => {
            wish("undo").take_back(tx, &patch, *revision, click).await
        }
        _ => Ok(Thought::Decide(click)),
    }
}

/// What is understood for certain.
async fn meant(wish: &Wish<'_>, tx: &mut Tx, intent: Intent) -> Result<Thought> {
    if !intent.is_read_only() {
        return wish.fulfil(tx, intent).await;
    }
    let (talk, desk) = (wish.talk, wish.desk);
    let ask = Ask {
        sender: Some(talk.member),
        venue: Some(talk.venue),
        intent: &intent,
        now: desk.chance.now(),
        models: &desk.models,
    };
    Ok(Thought::Say(answers::answer(tx, &ask).await?))
}

/// What people say to each other in the thread of a proposal. Only a wish about that proposal counts; about
/// anything else Docket keeps quiet.
async fn overheard(wish: &Wish<'_>, tx: &mut Tx, reading: Reading) -> Result<Thought> {
    if tx.open_patch_at(wish.talk.venue).await?.is_none() {
        return Ok(Thought::Nothing);
    }
    match reading {
        Reading::Meant(intent @ (Intent::Edit(_) | Intent::Approve(_) | Intent::Reject { .. })) => {
            wish.fulfil(tx, intent).await
        }
        Reading::Meant(_) | Reading::Wrong(_) => Ok(Thought::Nothing),
        Reading::Unknown(_) if is_chatter(wish.line) || !wish.may_ask(tx).await? => Ok(Thought::Nothing),
        Reading::Unknown(_) => match routed(wish, tx).await? {
            Routed::Ask(consultation) => Ok(Thought::Ask(consultation)),
            Routed::As(classify::Verdict::Act(candidate)) if matches!(candidate.intent, Intent::Edit(_)) => {
                wish.fulfil(tx, candidate.intent).await
            }
            Routed::As(_) => Ok(Thought::Nothing),
            // Perhaps it was a wish, and silence would lose it.
            Routed::Trouble(trouble) => Ok(Thought::Say(Message::text(trouble))),
        },
    }
}

/// Words of which no wish is worth a question to a model: a nod, or a line to somebody else.
fn is_chatter(line: &str) -> bool {
    line.unicode_words().count() < 3 || line.trim_start().starts_with("<@")
}

/// Words that nothing understands without a model. `words` is what to say where there is none.
async fn unknown(wish: &Wish<'_>, tx: &mut Tx, words: UserError) -> Result<Thought> {
    if !wish.may_ask(tx).await? {
        let is_connected = wish.desk.models.is_connected(tx).await?;
        return Err(if is_connected { words } else { without_model(&words) }.into());
    }
    // A thread stays with its proposal, whatever its words could mean elsewhere.
    if wish.talk.venue.thread.is_some() && tx.open_patch_at(wish.talk.venue).await?.is_some() {
        return wish.fulfil(tx, Intent::Edit(wish.line.to_owned())).await;
    }
    match routed(wish, tx).await? {
        Routed::Ask(consultation) => Ok(Thought::Ask(consultation)),
        Routed::Trouble(trouble) => Err(UserError::new(format!("{trouble}\n{words}")).into()),
        Routed::As(classify::Verdict::Act(candidate)) => meant(wish, tx, candidate.intent).await,
        Routed::As(classify::Verdict::Ask(candidates)) => Ok(Thought::Say(which(wish.line, &candidates))),
        Routed::As(classify::Verdict::Nothing) => Err(words.into()),
    }
}

/// What a model makes of words.
enum Routed {
    /// It has to be asked first.
    Ask(Box<Consultation>),
    /// It says this.
    As(classify::Verdict),
    /// It can't be asked, for this reason in words.
    Trouble(String),
}

async fn routed(wish: &Wish<'_>, tx: &mut Tx) -> Result<Routed> {
    let today = wish.today();
    let line = wish.line.to_owned();
    match wish.memo.said(Use::Route) {
        None => {
            let question = wish.route(tx).await?;
            // Of what was not said to us, nobody expects that we read it.
            let is_addressed = !matches!(wish.talk.event, Event::Reply(_));
            let what = is_addressed.then(|| format!("Reading {}", quote(wish.line, 80)));
            let check = Box::new(move |text: &str| classify::read(text, &line, today).map(drop));
            Ok(Routed::Ask(Box::new(Consultation { question, check, what })))
        }
        Some(Err(trouble)) => Ok(Routed::Trouble(trouble.words())),
        Some(Ok(reply)) => {
            let candidates = classify::read(&reply.text, &line, today).unwrap_or_default();
            Ok(Routed::As(classify::decide(&candidates)))
        }
    }
}

/// Asks which of its meanings somebody's words have. The answer is remembered for the channel.
fn which(words: &str, candidates: &[Candidate]) -> Message {
    let which = if candidates.len() == 1 { "Is it this?" } else { "Is it one of these?" };
    let question = format!("I am not sure what you mean by {}. {which}", quote(words, 200));
    let phrase = phrase(words);
    let button = |candidate: &Candidate| {
        let button = Button::say(shorten(&candidate.line), &candidate.line);
        match &phrase {
            Some(phrase) => {
                let press = Press::Choose { words: phrase.clone(), line: candidate.line.clone() };
                Button { press, ..button }
            }
            None => button,
        }
    };
    let hint = match &phrase {
        Some(_) => "I remember your choice for this channel; /docket routes lists what I remember.",
        None => "If it is none of them, say it in other words.",
    };
    Message {
        summary: question.clone(),
        blocks: vec![
            Block::Text(vec![Span::Plain(question)]),
            Block::Buttons(candidates.iter().map(button).collect()),
            Block::Context(vec![Span::plain(hint)]),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nod_and_a_line_to_somebody_else_are_chatter_in_any_script() {
        for chatter in ["", "👍", "lgtm", "sounds great!", "<@U2> what do you think of this?"] {
            assert!(is_chatter(chatter), "{chatter}");
        }
        for wish in ["we need a security review", "セキュリティの確認を追加してください", "把前两个任务合并"]
        {
            assert!(!is_chatter(wish), "{wish}");
        }
    }
}
