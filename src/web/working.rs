//! The drafts that are being made for the console, at the end of its conversation.

use crate::{
    chat::console::receive::{incoming, said},
    domain::{event::Incoming, ids::DeliveryId, member::Surface, progress::Progress, time::Timestamp},
    store::{self, Tx},
};

/// A draft that is being made.
pub(super) struct Working {
    pub(super) delivery: DeliveryId,
    /// What is being made: `a plan for “Build a login page”`.
    pub(super) what: String,
    /// For how long, in whole seconds.
    pub(super) seconds: u64,
    /// Whether somebody has stopped it, and it is about to end.
    pub(super) is_stopped: bool,
    /// Who asked for it in which words, until the conversation has them.
    pub(super) asked: Option<(String, String)>,
}

impl Working {
    /// For how long, in words.
    pub(super) fn elapsed(&self) -> String {
        match (self.seconds / 60, self.seconds % 60) {
            (0, seconds) => format!("{seconds} s"),
            (minutes, seconds) => format!("{minutes} min {seconds} s"),
        }
    }
}

/// What is being made now, the oldest first.
pub(super) async fn working(tx: &mut Tx, now: Timestamp) -> store::Result<Vec<Working>> {
    let mut drafts = Vec::new();
    for progress in tx.open_progress(Surface::Console).await? {
        let Progress { delivery, what, started_at, stopped_by, is_over, .. } = progress;
        if !is_over {
            let asked = asked(tx, delivery).await?;
            let seconds = now.since(started_at).as_secs();
            drafts.push(Working { delivery, what, seconds, is_stopped: stopped_by.is_some(), asked });
        }
    }
    Ok(drafts)
}

/// Who asked in which words. The conversation gets the line when its delivery is handled; until then it is shown from
/// there.
async fn asked(tx: &mut Tx, delivery: DeliveryId) -> store::Result<Option<(String, String)>> {
    let Some(stored) = tx.open_delivery(delivery).await? else { return Ok(None) };
    let Ok(Incoming { sender: Some(sender), event, .. }) = incoming(&stored.body) else { return Ok(None) };
    let Some(words) = said(&event) else { return Ok(None) };
    let by = tx.member_by_identity(&sender).await?.map_or_else(|| "Somebody".to_owned(), |member| member.name);
    Ok(Some((by, words)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Chance;

    #[test]
    fn a_long_wait_is_told_in_minutes() {
        for (seconds, words) in [(0, "0 s"), (12, "12 s"), (59, "59 s"), (60, "1 min 0 s"), (125, "2 min 5 s")] {
            let draft = Working {
                delivery: Chance::system().id(),
                what: String::new(),
                seconds,
                is_stopped: false,
                asked: None,
            };
            assert_eq!(draft.elapsed(), words);
        }
    }
}
