//! The private link that `/docket connect` answers with.
//!
//! Its token is made when the answer is sent, so that what is stored of the answer holds none: the database knows
//! the token's hash alone.

use std::time::Duration;

use secrecy::ExposeSecret;

use crate::{
    domain::{
        card::Answer,
        ids::{MemberId, TenantId},
        member::{Identity, Standing, Surface},
        message::{Block, Message, Span},
    },
    jobs::Desk,
    secrets::token,
    store,
};

/// How long a link works.
const LIFE: Duration = Duration::from_mins(10);
/// Where the link stands in the stored answer: a page that does not exist, without a token.
const PLACE: &str = "/ticket/";
/// Where people connect things, who need no link to get there.
const CONNECT: &str = "/connect";

/// What to answer on a surface: the link or, where whoever asks is on the pages already, the page itself.
pub(super) fn offer(surface: Surface) -> Message {
    let (text, url, words) = match surface {
        Surface::Console => ("Connect", CONNECT, " is the page to connect services and link your accounts."),
        Surface::Slack => (
            "Sign in to Docket",
            PLACE,
            ". Only you see this link. It works once, for ten minutes, and signs in whoever opens it as you: do not pass it on.",
        ),
    };
    let spans = vec![Span::Link { text: text.to_owned(), url: url.to_owned() }, Span::plain(words)];
    Message { summary: "Your private link to Docket's pages".to_owned(), blocks: vec![Block::Text(spans)] }
}

/// The answer as it is sent: with a fresh token where it has a place for one.
pub(super) async fn with_token(desk: &Desk, tenant: TenantId, mut answer: Answer) -> store::Result<Answer> {
    let links = answer.message.blocks.iter_mut().filter_map(|block| match block {
        Block::Text(spans) => Some(spans),
        _ => None,
    });
    let links = links.flatten().filter_map(|span| match span {
        Span::Link { url, .. } if url == PLACE => Some(url),
        _ => None,
    });
    let mut places: Vec<_> = links.collect();
    if places.is_empty() {
        return Ok(answer);
    }
    let Some(member) = reader(desk, tenant, &answer.to).await? else {
        answer.message = Message::text("Docket signs in people only, and does not know you as one.");
        return Ok(answer);
    };
    let token = token::fresh(&desk.chance);
    let mut tx = desk.store.write(tenant).await?;
    tx.insert_ticket(&token::hash(token.expose_secret()), member, desk.chance.now().plus(LIFE)).await?;
    tx.commit().await?;
    for place in &mut places {
        place.push_str(token.expose_secret());
    }
    Ok(answer)
}

/// Whom the link would sign in; `None` for who gets none, such as a bot.
async fn reader(desk: &Desk, tenant: TenantId, identity: &Identity) -> store::Result<Option<MemberId>> {
    let member = desk.store.read(tenant).await?.member_by_identity(identity).await?;
    Ok(member.filter(|member| !matches!(member.standing, Standing::Bot | Standing::Gone)).map(|member| member.id))
}
