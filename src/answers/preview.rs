//! `standup preview`: what a digest would say now, for the sender alone.

use super::Ask;
use crate::{
    domain::{
        digest::{Digest, Wording},
        message::{Block, Message, Span},
        policy::able,
        schedule::DigestKind,
    },
    standups,
    store::{self, Tx},
};

pub(super) async fn answer(tx: &mut Tx, ask: &Ask<'_>, kind: DigestKind) -> store::Result<Message> {
    let Some(venue) = ask.venue else { return Ok(super::teach("Say this in a channel:", "/docket standup preview")) };
    let digest = Digest { by: ask.sender.map(|sender| sender.id), ..Digest::unstored(kind, venue, ask.now) };
    let mut facts = standups::facts(tx, &digest, ask.now).await?;
    if ask.sender.is_none_or(|sender| able(sender).is_err()) {
        facts = facts.without_conversations();
    }
    let composed = facts.composed(&Wording::default());
    let note = format!("Only you see this. /docket {} now posts it here.", kind.as_str());
    let details = composed.details.into_iter().flat_map(|detail| detail.blocks);
    let blocks = composed.main.blocks.into_iter().chain(details).chain([Block::Context(vec![Span::Plain(note)])]);
    Ok(Message { summary: composed.main.summary, blocks: blocks.collect() })
}
