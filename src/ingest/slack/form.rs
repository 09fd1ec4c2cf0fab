//! Opening a form, right after the click that asked for it was stored.

use crate::{
    chat::slack::teams::Teams,
    chat::slack::{SlackError, receive::Received, views},
    domain::{ids::TenantId, message::Message},
};

/// Opens the form; where that fails, tells the person so.
pub(super) async fn open(teams: Teams, tenant: TenantId, received: Received) {
    let Some(form) = &received.form else { return };
    let opened = match &received.reply.trigger {
        Some(trigger) => match teams.client(tenant, &received.team).await {
            Ok(client) => client.open_view(trigger, views::form(form)).await,
            Err(error) => Err(error),
        },
        None => Err(SlackError::Gone("no_trigger".to_owned())),
    };
    let Err(error) = opened else { return };
    tracing::warn!(%error, "a form could not be opened");
    if let Err(error) = apologise(&teams, tenant, &received, &error).await {
        tracing::warn!(%error, "nor could that be said");
    }
}

async fn apologise(teams: &Teams, tenant: TenantId, received: &Received, why: &SlackError) -> Result<(), SlackError> {
    let words = match why {
        SlackError::Denied { advice, .. } => format!("The form could not be opened: {advice}."),
        _ => {
            "The form could not be opened: Slack gives three seconds for it. Please press the button again.".to_owned()
        }
    };
    let content = teams.api().render(&Message::text(words));
    if let Some(url) = &received.reply.response_url {
        match teams.api().respond(url, &content).await {
            Err(SlackError::Gone(_)) => {}
            outcome => return outcome,
        }
    }
    let (Some(sender), Some(venue)) = (&received.incoming.sender, &received.incoming.venue) else { return Ok(()) };
    let client = teams.client(tenant, &received.team).await?;
    client.ephemeral(&venue.channel, &sender.user, venue.thread.as_deref(), &content).await
}
