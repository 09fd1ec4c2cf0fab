//! Brings cards and private answers to Slack.

use std::time::Duration;

use super::{
    SlackClient, SlackError,
    receive::{self, Reply},
    render::Rendered,
};
use crate::domain::{
    card::{Answer, Card},
    delivery::Delivery,
    event::Venue,
    message::Message,
    time::Timestamp,
};

/// How long a `response_url` works, less a little for the way (docs.slack.dev, handling-user-interaction).
const REPLY_LIFE: Duration = Duration::from_mins(29);

/// How often it works.
const REPLY_USES: usize = 5;

/// A card that says in Slack what is true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The message it is in from now on.
    pub ts: String,
}

/// Makes a card say `message`: see [`keep`].
pub async fn sync_card(client: &SlackClient, message: &Message, card: &Card) -> Result<Delivered, SlackError> {
    keep(client, message, &card.venue, card.message.as_deref()).await
}

/// Makes a message of ours say `message`: posts it at `venue`, or updates it where it is posted.
///
/// One that was deleted is posted again; one that Slack no longer lets us change is followed by a reply in its
/// thread.
pub async fn keep(
    client: &SlackClient,
    message: &Message,
    venue: &Venue,
    posted: Option<&str>,
) -> Result<Delivered, SlackError> {
    let content = client.render(message);
    let Some(ts) = posted else { return post(client, &content, venue, venue.thread.as_deref()).await };
    match client.update(&venue.channel, ts, &content).await {
        Ok(()) => Ok(Delivered { ts: ts.to_owned() }),
        Err(SlackError::Gone(code)) if code == "message_not_found" => {
            post(client, &content, venue, venue.thread.as_deref()).await
        }
        Err(SlackError::Gone(_)) => say_instead(client, message, venue, posted).await,
        Err(error) => Err(error),
    }
}

/// Says in the thread of a card what the card should say: for a card whose update failed for good.
pub async fn reply_instead(client: &SlackClient, message: &Message, card: &Card) -> Result<Delivered, SlackError> {
    say_instead(client, message, &card.venue, card.message.as_deref()).await
}

/// Says in the thread of a message what the message should say.
pub async fn say_instead(
    client: &SlackClient,
    message: &Message,
    venue: &Venue,
    posted: Option<&str>,
) -> Result<Delivered, SlackError> {
    let thread = venue.thread.as_deref().or(posted);
    post(client, &client.render(message), venue, thread).await
}

/// Makes the message that shows a draft being made say `message`, and returns its `ts`: posts it at `venue`, or updates
/// it where it is posted. One that was deleted is posted again.
///
/// The card of what is drafted takes the message over: give it the `ts`, and [`sync_card`] updates it.
pub async fn show_progress(
    client: &SlackClient,
    message: &Message,
    venue: &Venue,
    existing: Option<&str>,
) -> Result<String, SlackError> {
    let content = client.render(message);
    if let Some(ts) = existing {
        match client.update(&venue.channel, ts, &content).await {
            Err(SlackError::Gone(code)) if code == "message_not_found" => {}
            outcome => return outcome.map(|()| ts.to_owned()),
        }
    }
    let posted = client.post(&venue.channel, venue.thread.as_deref(), &content).await?;
    Ok(posted.ts)
}

/// Takes a message of ours away. One that is not there any more is as good.
pub async fn remove(client: &SlackClient, channel: &str, ts: &str) -> Result<(), SlackError> {
    match client.delete(channel, ts).await {
        Err(SlackError::Gone(code)) if code == "message_not_found" => Ok(()),
        outcome => outcome,
    }
}

async fn post(
    client: &SlackClient,
    content: &Rendered,
    venue: &Venue,
    thread: Option<&str>,
) -> Result<Delivered, SlackError> {
    let posted = client.post(&venue.channel, thread, content).await?;
    Ok(Delivered { ts: posted.ts })
}

/// Brings a private answer to its reader. `origin` is the delivery it answers and `uses` how many answers to it were
/// sent before.
///
/// The way of the question is tried first, while it lasts, unless they talk in a thread, which it would leave. After
/// that, what a person expects: in a direct conversation with the bot an ordinary message; elsewhere one that only
/// they see, in the same thread; and where the bot is not, the way of the question after all or a direct message.
pub async fn send_answer(
    client: &SlackClient,
    origin: Option<&Delivery>,
    uses: usize,
    answer: &Answer,
    now: Timestamp,
) -> Result<(), SlackError> {
    let content = client.render(&answer.message);
    let way_back = origin.and_then(|delivery| way_back(delivery, uses, now));
    let threaded = answer.venue.thread.is_some();
    if let Some(url) = way_back.as_deref().filter(|_| !threaded)
        && let Some(outcome) = respond(client, url, &content).await
    {
        return outcome;
    }
    match in_place(client, answer, &content).await {
        Err(error) if error.is_wrong_place() => {}
        outcome => return outcome,
    }
    if let Some(url) = way_back.as_deref().filter(|_| threaded)
        && let Some(outcome) = respond(client, url, &content).await
    {
        return outcome;
    }
    client.post(&answer.to.user, None, &content).await.map(|_| ())
}

/// `None` where the way back is closed.
async fn respond(client: &SlackClient, url: &str, content: &Rendered) -> Option<Result<(), SlackError>> {
    match client.respond(url, content).await {
        Err(SlackError::Gone(reason)) => {
            tracing::debug!(%reason, "a response_url no longer works");
            None
        }
        outcome => Some(outcome),
    }
}

async fn in_place(client: &SlackClient, answer: &Answer, content: &Rendered) -> Result<(), SlackError> {
    let (channel, thread) = (answer.venue.channel.as_str(), answer.venue.thread.as_deref());
    // Ids of direct conversations start with a D, and a person's own id leads to the one with them.
    if channel.starts_with('D') || channel == answer.to.user {
        client.post(channel, thread, content).await.map(|_| ())
    } else {
        client.ephemeral(channel, &answer.to.user, thread, content).await
    }
}

fn way_back(delivery: &Delivery, uses: usize, now: Timestamp) -> Option<String> {
    let alive = now.since(delivery.received_at) < REPLY_LIFE && uses < REPLY_USES;
    let Reply { response_url, .. } = receive::reply(delivery.source, &delivery.body);
    response_url.filter(|_| alive)
}
