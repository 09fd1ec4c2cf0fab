//! The page to sign in on, and the ways in: with Slack, and with the server's OpenID Connect provider.

use askama::Template;
use axum::{
    extract::{Query, State},
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    Viewer, Web,
    oauth::Returned,
    path::SitePath,
    reply::{Frame, Trouble},
    session::{may_enter, with_cookie},
};
use crate::{
    connect::{
        flow::{NewFlow, Started},
        oidc::{Oidc, Person},
        slack_login::{SlackLogin, SlackPerson},
    },
    domain::{
        ids::{MemberId, TenantId},
        member::{Identity, Member, Role, Standing, Surface},
        session::{Login, Party, Purpose, WayIn},
        tenant::DISCONNECTED,
    },
};

/// The ways in that are set up.
#[derive(Clone, Default)]
pub struct Ways {
    /// Sign in with Slack.
    pub slack: Option<SlackLogin>,
    /// The server's OpenID Connect provider.
    pub oidc: Option<Oidc>,
}

/// What the page's address may say.
#[derive(Deserialize)]
pub(super) struct Asked {
    next: Option<String>,
    out: Option<String>,
}

#[derive(Template)]
#[template(path = "login.html", config = "src/web/askama.toml")]
struct LoginPage {
    frame: Frame,
    /// Whether somebody just signed out.
    is_out: bool,
    /// Whether Docket can be added to a workspace here.
    can_install: bool,
    ways: Vec<Way>,
}

/// A way in.
struct Way {
    id: &'static str,
    label: String,
    address: String,
}

/// The page. Whoever is signed in goes on at once.
pub(super) async fn page(
    State(web): State<Web>,
    Query(asked): Query<Asked>,
    viewer: Result<Viewer, Response>,
) -> Response {
    let next = SitePath::read(asked.next.as_deref().unwrap_or("/"));
    if viewer.is_ok_and(|viewer| viewer.session.is_some()) {
        return Redirect::to(next.as_str()).into_response();
    }
    let page = LoginPage {
        frame: Frame::new("Sign in", "").bare(),
        is_out: asked.out.is_some(),
        can_install: web.vault.providers().slack.is_some(),
        ways: web.ways(&next),
    };
    web.reply(Ok(page))
}

impl Web {
    /// The ways in that are set up, each of which leads on to `next`.
    fn ways(&self, next: &SitePath) -> Vec<Way> {
        let way = |party: Party, label: String| {
            let start = format!("/oauth/{}/start", party.as_str());
            let address = if next.as_str() == "/" { start } else { format!("{start}?{}", next.as_query()) };
            Way { id: party.as_str(), label, address }
        };
        let slack = self.ways.slack.as_ref().map(|_| way(Party::Slack, "Sign in with Slack".to_owned()));
        let oidc = self.ways.oidc.as_ref().map(|oidc| way(Party::Oidc, format!("Sign in with {}", oidc.name())));
        let install = self.vault.providers().slack.as_ref().map(|_| Way {
            id: "install",
            label: "Add to Slack".to_owned(),
            address: "/oauth/slack/start?install".to_owned(),
        });
        install.into_iter().chain(slack).chain(oidc).collect()
    }

    /// Sends somebody to sign in with a provider.
    pub(super) async fn sign_in_with(
        &self,
        party: Party,
        headers: &HeaderMap,
        next: &SitePath,
    ) -> Result<Response, Trouble> {
        let flow = NewFlow {
            party,
            purpose: Purpose::SignIn,
            by: None,
            detail: serde_json::Value::Null,
            return_to: next.to_string(),
        };
        let started = self.start_flow(headers, flow).await?;
        let address = self.address_of(party, &started).await?;
        Ok(self.send_to(&started, &address))
    }

    /// Sends a member who is signed in to a provider, to add a login there.
    pub(super) async fn link_with(
        &self,
        party: Party,
        viewer: &Viewer,
        headers: &HeaderMap,
    ) -> Result<Response, Trouble> {
        let flow = NewFlow {
            party,
            purpose: Purpose::Link,
            by: Some((viewer.tenant, viewer.member.id)),
            detail: serde_json::Value::Null,
            return_to: "/sessions".to_owned(),
        };
        let started = self.start_flow(headers, flow).await?;
        let address = self.address_of(party, &started).await?;
        Ok(self.lead_to(party, &started, &address))
    }

    /// Where the provider asks who somebody is.
    async fn address_of(&self, party: Party, started: &Started) -> Result<String, Trouble> {
        match (party, &self.ways) {
            (Party::Slack, Ways { slack: Some(slack), .. }) => slack.authorize_url(started).map_err(|why| failed(&why)),
            (Party::Oidc, Ways { oidc: Some(oidc), .. }) => {
                oidc.authorize_url(started).await.map_err(|why| failed(&why))
            }
            _ => Err(no_such_way(party)),
        }
    }

    /// Goes on with what somebody brought from a provider: signs them in, or adds the login to whoever is signed in.
    pub(super) async fn signed_in_with(&self, returned: Returned) -> Result<Response, Trouble> {
        let Returned { flow, code, said, viewer, headers } = returned;
        let (tenant, member, how) = match (flow.party, &self.ways) {
            (Party::Slack, Ways { slack: Some(slack), .. }) => {
                let person = slack.person(&flow, &code).await.map_err(|why| failed(&why))?;
                let (tenant, member) = self.slack_member(&person, viewer.as_ref(), flow.purpose).await?;
                (tenant, member, WayIn::Slack)
            }
            (Party::Oidc, Ways { oidc: Some(oidc), .. }) => {
                let person = oidc.person(&flow, &code, &said).await.map_err(|why| failed(&why))?;
                let member = self.oidc_member(&person, viewer.as_ref(), flow.purpose).await?;
                (self.local, member, WayIn::Oidc)
            }
            (party, _) => return Err(no_such_way(party)),
        };
        let next = Redirect::to(SitePath::read(&flow.return_to).as_str());
        if flow.purpose == Purpose::Link {
            return Ok(next.into_response());
        }
        Ok(with_cookie(self.sign_in(&headers, tenant, member, how).await?, next))
    }

    /// The member whom Slack vouches for. Their workspace decides the tenant or, where Docket is in the whole organisation
    /// of workspaces, that organisation, by which the chat knows them then as well. Somebody new reads only, until Slack is
    /// asked who they are, which it is before anything that they do counts.
    async fn slack_member(
        &self,
        person: &SlackPerson,
        viewer: Option<&Viewer>,
        purpose: Purpose,
    ) -> Result<(TenantId, MemberId), Trouble> {
        let organisations = [Some(&person.team), person.enterprise.as_ref()];
        let mut home = None;
        for team in organisations.into_iter().flatten() {
            if home.is_none()
                && let Some(tenant) = self.store.tenant_of(Surface::Slack, team).await?
                && !self.is_disconnected(tenant, team).await?
            {
                home = Some((tenant, team.clone()));
            }
        }
        let Some((tenant, team)) = home else {
            let words = "Docket is not in that Slack workspace yet. Open the start page and press Add to Slack, or ask \
                whoever looks after the workspace to do so.";
            return Err(Trouble::refused("Not connected", words));
        };
        let identity = Identity { surface: Surface::Slack, team, user: person.user.clone() };
        let linking = viewer.filter(|_| purpose == Purpose::Link);
        if linking.is_some_and(|viewer| viewer.tenant != tenant) {
            return Err(of_others("That Slack workspace belongs to other people here"));
        }
        let mut tx = self.store.write(tenant).await?;
        tx.lock_tenant().await?;
        let known = tx.member_by_identity(&identity).await?;
        let member = match (known, linking) {
            (Some(known), Some(viewer)) if known.id != viewer.member.id => {
                return Err(of_others("That Slack account is another member here"));
            }
            (Some(known), _) if !may_enter(&known) => return Err(left()),
            (Some(known), _) => return Ok((tenant, known.id)),
            // As they are now, and not as they were when they set out.
            (None, Some(viewer)) => tx.member(viewer.member.id).await?.filter(may_enter).ok_or_else(left)?,
            (None, None) => self.newcomer(&person.name, Role::Member, Standing::Unknown),
        };
        tx.put_member(&member, &identity).await?;
        tx.commit().await?;
        Ok((tenant, member.id))
    }

    /// Whether the tenant's owners took this Slack organisation out: its people are none of theirs any more.
    async fn is_disconnected(&self, tenant: TenantId, team: &str) -> Result<bool, Trouble> {
        let found = self.store.read(tenant).await?.installation(Surface::Slack, team).await?;
        Ok(found.is_some_and(|found| found.removed.as_deref() == Some(DISCONNECTED)))
    }

    /// The member whom the OpenID Connect provider vouches for; it belongs to whoever runs this server, and so do they.
    /// Known by the provider's own name for them alone: an e-mail address can pass to somebody else.
    async fn oidc_member(
        &self,
        person: &Person,
        viewer: Option<&Viewer>,
        purpose: Purpose,
    ) -> Result<MemberId, Trouble> {
        let linking = viewer.filter(|_| purpose == Purpose::Link);
        if linking.is_some_and(|viewer| viewer.tenant != self.local) {
            return Err(of_others("That provider is for the people who run this server"));
        }
        let owner = self.store.local_owner(self.local).await?.map(|owner| owner.id);
        let mut tx = self.store.write(self.local).await?;
        tx.lock_tenant().await?;
        let known = tx.login(Party::Oidc, &person.issuer, &person.subject).await?;
        let known = match known {
            Some(login) => tx.member(login.member).await?,
            None => None,
        };
        let member = match (known, linking) {
            (Some(known), Some(viewer)) if known.id != viewer.member.id => {
                return Err(of_others("That account is another member here"));
            }
            (Some(known), _) if !may_enter(&known) => return Err(left()),
            (Some(known), _) => return Ok(known.id),
            (None, Some(viewer)) => viewer.member.id,
            (None, None) => {
                // Whoever owned it once and left leaves it to nobody who happens to come by.
                let is_theirs = |member: &Member| member.role == Role::Owner && Some(member.id) != owner;
                let is_owned = !tx.owners().await?.is_empty() || tx.members().await?.iter().any(is_theirs);
                let role = if is_owned { Role::Member } else { Role::Owner };
                let member = self.newcomer(&person.name, role, Standing::Full);
                tx.add_member(&member).await?;
                member.id
            }
        };
        let (realm, subject) = (person.issuer.clone(), person.subject.clone());
        let login = Login {
            party: Party::Oidc,
            realm,
            subject,
            member,
            name: person.name.clone(),
            linked_at: self.chance.now(),
        };
        tx.put_login(&login).await?;
        tx.commit().await?;
        Ok(member)
    }

    fn newcomer(&self, name: &str, role: Role, standing: Standing) -> Member {
        Member { id: self.chance.id(), name: name.to_owned(), role, standing, time_zone: "UTC".to_owned() }
    }
}

/// The words for a sign-in that the provider did not let happen.
fn failed(why: &dyn std::error::Error) -> Trouble {
    tracing::warn!(error = %why, "a sign-in did not work");
    Trouble::refused("Not signed in", format!("The sign-in did not work: {why}. Try again in a moment."))
}

fn no_such_way(party: Party) -> Trouble {
    Trouble::Missing(format!("Nobody signs in here with {}. The page Sign in has the ways there are.", party.name()))
}

fn of_others(what: &str) -> Trouble {
    Trouble::refused("Not added", format!("{what}, so nothing was added. Sign in with it to see who it is."))
}

fn left() -> Trouble {
    let words = "You were deactivated in your organisation, so Docket lets you in no more. Whoever looks after its \
        people can say more.";
    Trouble::refused("Not signed in", words)
}
