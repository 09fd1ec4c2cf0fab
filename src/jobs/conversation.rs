//! What a turn leaves in its conversation.

use crate::{
    domain::{
        card::EntryContent,
        event::{Action, Click, Event},
        member::Surface,
        policy::able,
        route::{Route, phrase},
    },
    error::Result,
    intent::{self, Reading, classify},
    jobs::{Desk, cards::append, handle::Talk, understand},
    store::Tx,
};

/// Remembers what somebody chose their words to mean in this channel.
pub(super) async fn learn(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>) -> Result<()> {
    let Event::Chosen { words, line } = talk.event else { return Ok(()) };
    // What a guest means by them is not what the channel means; and words never come to decide or set anything.
    let meant = intent::typed(line, understand::today(Some(talk.member), desk.chance.now()));
    let may_be_meant = matches!(&meant, Reading::Meant(intent) if classify::may_mean(intent));
    if able(talk.member).is_err() || !may_be_meant {
        return Ok(());
    }
    if let Some(phrase) = phrase(words) {
        let route = Route { phrase, line: line.clone(), by: talk.member.id, at: desk.chance.now() };
        tx.put_route(talk.venue, &route).await?;
    }
    Ok(())
}

/// In the console, what somebody typed becomes a line of the conversation.
pub(super) async fn echo(desk: &Desk, tx: &mut Tx, talk: &Talk<'_>) -> Result<()> {
    let words = match talk.event {
        Event::Command(words) | Event::Chosen { line: words, .. } => format!("/docket {words}"),
        Event::Words(words) | Event::Click(Click { action: Action::RequestChanges, words: Some(words), .. }) => {
            words.clone()
        }
        _ => return Ok(()),
    };
    if talk.venue.surface == Surface::Console {
        let content = EntryContent::Said { by: talk.member.name.clone(), words: words.trim().to_owned() };
        append(desk, tx, None, content).await?;
    }
    Ok(())
}
