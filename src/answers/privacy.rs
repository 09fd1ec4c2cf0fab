//! `privacy`: what is kept of what people say, in plain words.

use super::{Ask, line::titled};
use crate::{
    domain::{
        event::Venue,
        heard::Kept,
        member::Surface,
        message::{Block, Line, Message, Span},
        time::Timestamp,
    },
    review::words::count,
    store::{self, Tx},
};

pub(super) async fn answer(tx: &mut Tx, ask: &Ask<'_>) -> store::Result<Message> {
    let (kept, days) = (tx.kept().await?, tx.kept_days().await?);
    let is_read = match ask.venue {
        Some(venue) => tx.backfill_of(venue).await?.is_some(),
        None => false,
    };
    Ok(message(&kept, days, ask.venue, is_read))
}

/// Whether people talk to each other there: not in the console, and not where somebody writes to Docket alone.
pub(crate) fn is_channel(venue: &Venue) -> bool {
    venue.surface == Surface::Slack && !venue.channel.starts_with('D')
}

/// `is_read` where the last hours of the channel are being read.
fn message(kept: &[Kept], days: u32, venue: Option<&Venue>, is_read: bool) -> Message {
    let mut lines = vec![here(kept, venue), elsewhere(kept, venue)];
    let before = if is_read {
        "What was said before I heard it: I am reading the last 24 hours of this channel, as somebody asked."
    } else {
        "What was said before I heard it: nothing, unless somebody asks for the last 24 hours of a channel."
    };
    lines.push(Line::plain(vec![Span::plain(before)]));
    let days_word = count(usize::try_from(days).unwrap_or(usize::MAX), "day");
    lines.extend(
        [
            format!("For how long: {days_word}. Then messages are deleted, at once where their author deletes them."),
            "Never kept: direct messages, messages of bots, files, and channels that I am not in.".to_owned(),
            "Drafts of standups: how you correct yours is kept until a day after the standup, or until you say \
             /docket forget me."
                .to_owned(),
            "Who sees it: what is said in a public channel may be shown in any digest of your organisation; what is said \
             in a private channel only in that channel. Whoever runs Docket has the database."
                .to_owned(),
            "What a model gets: nothing, unless one is connected; then conversations of public channels, to tell which \
             task they are about and which of them belong together in a standup, within the budget."
                .to_owned(),
            "What stays: what became of it. Tasks, proposals with the sentence that they quote, and standups that are \
             posted are the team's, and forgetting leaves them."
                .to_owned(),
        ]
        .map(|text| Line::plain(vec![Span::plain(text)])),
    );
    let title = "What Docket keeps of what is said".to_owned();
    let code = |line: &str| Span::Code(line.to_owned());
    let change = vec![
        Span::plain("Change it: "),
        code("/docket privacy off"),
        Span::plain(" · "),
        code("/docket privacy keep 7 days"),
        Span::plain(" · "),
        code("/docket privacy backfill"),
        Span::plain(" · delete it: "),
        code("/docket forget me"),
        Span::plain(" · "),
        code("/docket forget channel"),
    ];
    titled(title.clone(), title, vec![Block::Lines { lines, more: None }, Block::Context(change)])
}

/// What is kept of this channel.
fn here(kept: &[Kept], venue: Option<&Venue>) -> Line {
    let Some(venue) = venue.filter(|venue| is_channel(venue)) else {
        let words = "Here: nothing but what you ask of me. Only channels are listened to.";
        return Line::plain(vec![Span::plain(words)]);
    };
    let Some(one) = kept.iter().find(|one| one.channel.venue.is_channel_of(venue)) else {
        return Line::plain(vec![Span::plain("This channel: nothing yet.")]);
    };
    let mut spans = vec![Span::Strong("This channel: ".to_owned()), Span::plain(amount(one.messages))];
    since(&mut spans, one.since);
    let standing = if one.channel.is_kept {
        ". What people say here is kept, with its edits; what they delete is deleted."
    } else {
        ". It is off: nothing more is kept but what is asked of me."
    };
    spans.push(Span::plain(standing));
    Line::plain(spans)
}

/// What is kept of all others: private ones are counted, and named nowhere else.
fn elsewhere(kept: &[Kept], venue: Option<&Venue>) -> Line {
    let others: Vec<&Kept> = kept
        .iter()
        .filter(|one| one.messages > 0 && venue.is_none_or(|venue| !one.channel.venue.is_channel_of(venue)))
        .collect();
    let mut spans = vec![Span::Strong("Elsewhere: ".to_owned())];
    if others.is_empty() {
        spans.push(Span::plain("nothing."));
        return Line::plain(spans);
    }
    let total = others.iter().fold(0, |total: u32, one| total.saturating_add(one.messages));
    let (open, private): (Vec<&Kept>, Vec<&Kept>) =
        others.into_iter().partition(|one| one.channel.is_private == Some(false));
    spans.push(Span::plain(amount(total)));
    since(&mut spans, open.iter().chain(&private).filter_map(|one| one.since).min());
    spans.push(Span::plain(format!(
        ", of {} and {}.",
        count(open.len(), "public channel"),
        count(private.len(), "private one")
    )));
    for one in open.iter().take(NAMED) {
        let Venue { team, channel, .. } = &one.channel.venue;
        let url = format!("https://app.slack.com/client/{team}/{channel}");
        spans.extend([Span::plain(" "), Span::Link { text: channel.clone(), url }]);
    }
    Line::plain(spans)
}

/// Channels that are named at most.
const NAMED: usize = 10;

fn amount(messages: u32) -> String {
    count(usize::try_from(messages).unwrap_or(usize::MAX), "message")
}

fn since(spans: &mut Vec<Span>, since: Option<Timestamp>) {
    if let Some(since) = since {
        spans.extend([Span::plain(" since "), Span::Time(since)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::heard::HeardChannel;

    fn at(channel: &str) -> Venue {
        Venue { surface: Surface::Slack, team: "T1".to_owned(), channel: channel.to_owned(), thread: None }
    }

    fn kept(channel: &str, is_private: bool, is_kept: bool, messages: u32) -> Kept {
        let channel = HeardChannel { venue: at(channel), is_private: Some(is_private), is_kept, set_by: None };
        Kept { channel, messages, since: Some(Timestamp::from_millis(1_795_168_800_000)) }
    }

    #[test]
    fn what_is_kept_is_said_in_plain_words() {
        let kept = [kept("C1", false, true, 12), kept("C2", false, true, 3), kept("G3", true, true, 40)];
        insta::assert_snapshot!(message(&kept, 14, Some(&at("C1")), false).to_plain());
    }

    #[test]
    fn a_private_channel_is_named_nowhere_else() {
        let kept = [kept("C1", false, false, 0), kept("G3", true, true, 40)];
        let elsewhere = message(&kept, 1, Some(&at("C1")), true).to_plain();
        assert!(elsewhere.contains("40 messages") && !elsewhere.contains("G3"), "{elsewhere}");
        assert!(elsewhere.contains("I am reading the last 24 hours of this channel"), "{elsewhere}");
        assert!(elsewhere.contains("It is off") && elsewhere.contains("1 day."), "{elsewhere}");
        let nobody = message(&[], 14, Some(&at("D1")), false).to_plain();
        assert!(nobody.contains("Here: nothing but what you ask of me."), "{nobody}");
    }
}
