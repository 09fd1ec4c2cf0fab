//! What the doors ask of the rest: an answer that can be given in the acknowledgement, a place to
//! put a console request.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    answers::{self, Ask},
    domain::{event::Incoming, ids::TenantId, message::Message},
    error::{Error, Result},
    ingest::{intake::Intake, slack::Front},
    intent::{Reading, phrase},
    jobs::{Desk, understand::understand},
    store::{Accepted, NewDelivery},
    web::Accept,
};

/// Answers what changes nothing while the request waits.
pub(super) struct DeskFront(pub(super) Arc<Desk>);

#[async_trait]
impl Front for DeskFront {
    async fn immediate(&self, tenant: TenantId, incoming: &Incoming) -> Option<Message> {
        match self.answer(tenant, incoming).await {
            Ok(message) => message,
            Err(Error::User(words)) => Some(Message::text(words.to_string())),
            // Perhaps the database was away for a moment. A job tries again, and says so where that does not help either.
            Err(Error::Internal(error)) => {
                tracing::warn!(error = format!("{error:#}"), "what was asked could not be answered at once");
                None
            }
        }
    }
}

impl DeskFront {
    async fn answer(&self, tenant: TenantId, incoming: &Incoming) -> Result<Option<Message>> {
        let now = self.0.chance.now();
        let mut tx = self.0.store.read(tenant).await?;
        let sender = match &incoming.sender {
            Some(identity) => tx.member_by_identity(identity).await?,
            None => None,
        };
        let venue = incoming.venue.as_ref();
        let intent = match understand(&mut tx, &incoming.event, sender.as_ref(), venue, now).await? {
            Some(Reading::Meant(intent)) => intent,
            Some(Reading::Wrong(words)) => return Err(words.into()),
            // A model may understand it, in its own time.
            Some(Reading::Unknown(_)) if self.0.models.is_connected(&mut tx).await? => return Ok(None),
            Some(Reading::Unknown(words)) => return Err(phrase::without_model(&words).into()),
            None => return Ok(None),
        };
        if !intent.is_read_only() {
            return Ok(None);
        }
        let ask = Ask { sender: sender.as_ref(), venue, intent: &intent, now, models: &self.0.models };
        Ok(Some(answers::answer(&mut tx, &ask).await?))
    }
}

/// Puts console requests where all deliveries go.
pub(super) struct ConsoleDoor(pub(super) Intake);

#[async_trait]
impl Accept for ConsoleDoor {
    async fn accept(&self, delivery: NewDelivery) -> anyhow::Result<Accepted> {
        Ok(self.0.accept(delivery).await?)
    }
}
