//! Private links from chat: a page that says whom the link signs in, and a button that does it.
//!
//! Opening the link uses nothing up, so that a chat which looks at links to preview them spoils none.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::{Redirect, Response},
};

use super::{
    Web,
    reply::{Frame, Trouble},
    session::{may_enter, with_cookie},
};
use crate::{
    domain::{
        ids::{MemberId, TenantId},
        member::{Member, Surface},
        session::WayIn,
    },
    secrets::token,
};

/// Where somebody lands who came by a link from chat.
const LANDING: &str = "/connect";

#[derive(Template)]
#[template(path = "ticket.html", config = "src/web/askama.toml")]
struct TicketPage {
    frame: Frame,
    name: String,
    organisation: String,
}

/// Says whom the link signs in.
pub(super) async fn page(State(web): State<Web>, Path(token): Path<String>) -> Response {
    let page = async {
        let (tenant, member) = web.holder(&token).await?;
        let mut tx = web.store.read(tenant).await?;
        let workspace = tx.installations().await?.into_iter().find(|place| place.surface == Surface::Slack);
        let organisation = match workspace {
            Some(workspace) => workspace.name,
            None if tenant == web.local => "this Docket".to_owned(),
            None => tx.tenant_name().await?,
        };
        Ok(TicketPage { frame: Frame::new("Sign in", "").bare(), name: member.name, organisation })
    };
    web.reply(page.await)
}

/// Signs in whoever pressed the button, once.
pub(super) async fn enter(State(web): State<Web>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    let entered = async {
        let (tenant, _) = web.holder(&token).await?;
        let mut tx = web.store.write(tenant).await?;
        let member: Option<MemberId> = tx.use_ticket(&token::hash(&token), web.chance.now()).await?;
        tx.commit().await?;
        let cookie = web.sign_in(&headers, tenant, member.ok_or_else(used_up)?, WayIn::Ticket).await?;
        Ok(with_cookie(cookie, Redirect::to(LANDING)))
    };
    entered.await.unwrap_or_else(|trouble| web.failed(trouble))
}

impl Web {
    /// Whom the ticket of this token signs in now.
    async fn holder(&self, token: &str) -> Result<(TenantId, Member), Trouble> {
        let found = self.store.ticket(&token::hash(token), self.chance.now()).await?;
        let (tenant, member) = found.ok_or_else(used_up)?;
        let member = self.store.read(tenant).await?.member(member).await?;
        Ok((tenant, member.filter(may_enter).ok_or_else(used_up)?))
    }
}

fn used_up() -> Trouble {
    let words = "This link does not count any more: it works once, and for ten minutes. Type /docket connect where you \
        talk to Docket to get a new one.";
    Trouble::refused("Not signed in", words)
}
