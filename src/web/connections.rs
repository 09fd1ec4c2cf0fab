//! What people connect: the provider grants access, and the tenant or the member gets it.

use std::collections::BTreeMap;

use axum::{
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};

use super::{
    Viewer, Web,
    connecting::{Asked, PAGE, secret},
    oauth::Returned,
    reply::Trouble,
    session::with_cookie,
};
use crate::{
    chat::slack::Profile,
    connect::{
        Refused,
        call::{Access, Person},
        slack::Installed,
        vault::Unusable,
    },
    domain::{
        member::{Identity, Member, Role, Standing, Surface},
        provider::Provider,
        session::{Login, Party, Purpose, WayIn},
        tenant::Installation,
    },
    store::{Error, Tx},
};

/// Why nothing was connected, for people.
pub(super) fn refused(why: &Refused) -> Trouble {
    let provider = |provider: &Provider| provider.name();
    let words = match why {
        Refused::Denied(Provider::Coder, code) if code == "unauthorized" => {
            "Coder does not take that token. Make another one with “coder tokens create”, and paste it whole."
                .to_owned()
        }
        Refused::Denied(who, code) => {
            format!("{} did not grant it ({code}). Start again from the page Connect.", provider(who))
        }
        Refused::Busy(who, _) => format!("{} is busy. Try again in a minute.", provider(who)),
        Refused::Unreachable(who, _) => format!("{} can't be reached right now. Try again in a minute.", provider(who)),
        Refused::Unreadable(who) => {
            format!("What answered is not {}, or not one that Docket knows. Check the address.", provider(who))
        }
        Refused::NotConfigured(who, what) => {
            format!("{}: {what}. Whoever runs Docket can mend that; “docket doctor” says how.", provider(who))
        }
    };
    tracing::warn!(%why, "something was not connected");
    Trouble::refused("Not connected", words)
}

/// The same where it could not be kept.
pub(super) fn unusable(why: Unusable) -> Trouble {
    match why {
        Unusable::Store(Error::Taken { .. }) => Trouble::refused(
            "Not connected",
            "That organisation is connected to Docket already, for another team. It can be with one at a time: whoever connected it there has to disconnect it first.",
        ),
        Unusable::Store(error) => error.into(),
        Unusable::Refused(why) => refused(&why),
        Unusable::Unsealable(why) => Trouble::refused("Not connected", format!("{why}.")),
        other => Trouble::refused("Not connected", format!("It can't be used: {other}.")),
    }
}

impl Web {
    /// Sends a member who is signed in to a provider, to connect it. `asked` is what the form says.
    pub(super) async fn connect_with(
        &self,
        party: Party,
        viewer: &Viewer,
        headers: &HeaderMap,
        asked: &BTreeMap<String, String>,
    ) -> Result<Response, Trouble> {
        let provider = Provider::from_word(party.as_str());
        let provider = provider.ok_or_else(|| Trouble::Missing(format!("Nothing connects {} here.", party.name())))?;
        let organisation = asked.get("organisation").cloned().unwrap_or_default();
        self.start_connecting(provider, viewer, headers, &Asked { organisation }).await
    }

    /// Goes on with what somebody brought from a provider to connect it.
    pub(super) async fn connected(&self, returned: Returned) -> Result<Response, Trouble> {
        // Whoever pressed the button may have lost the right to it meanwhile.
        let for_all = returned.flow.by.is_some() && returned.flow.purpose != Purpose::Own;
        if for_all && !super::connect::may_connect(&signed_in(&returned)?.member) {
            return Err(Trouble::refused(
                "Not allowed",
                "Only owners and admins connect for everybody. Ask one of them.",
            ));
        }
        let providers = self.vault.providers();
        let (caller, party) = (&providers.caller, returned.flow.party);
        let redirect = self.redirect_uri(party);
        let no = |why| refused(&why);
        let code = secret(&returned.code);
        let verifier = &returned.flow.verifier;
        match party {
            Party::Slack => {
                let slack = providers.slack().map_err(no)?;
                let installed = slack.exchange(caller, code, &redirect).await.map_err(no)?;
                return self.installed(returned, installed).await;
            }
            Party::Linear => {
                let linear = providers.linear().map_err(no)?;
                let tokens = linear.exchange(caller, code, &redirect, verifier).await.map_err(no)?;
                let access = linear.organisation(caller, tokens).await.map_err(no)?;
                self.keep_for_all(&signed_in(&returned)?, Provider::Linear, access, None).await?;
            }
            Party::Discord => {
                let discord = providers.discord().map_err(no)?;
                let granted = discord.exchange(caller, code, &redirect).await.map_err(no)?;
                let person = discord.person(caller, &granted.tokens.access).await.map_err(no)?;
                let access = discord.server(granted).map_err(no)?;
                self.keep_for_all(&signed_in(&returned)?, Provider::Discord, access, Some(person)).await?;
            }
            Party::Coder => {
                let coder =
                    providers.coder.as_ref().ok_or_else(|| Trouble::Missing("Coder is not set up.".to_owned()))?;
                let tokens = coder.exchange(code, &redirect, verifier).await.map_err(no)?;
                let access = coder.account(tokens).await.map_err(no)?;
                self.keep_own(&signed_in(&returned)?, Provider::Coder, access).await?;
            }
            Party::GitHub => return self.github(returned).await,
            Party::Oidc => return Err(Trouble::Missing("Nothing is connected there.".to_owned())),
        }
        Ok(Redirect::to(PAGE).into_response())
    }

    /// Slack's app is in: in the tenant of whoever pressed the button; else in that of the workspace, or a fresh one,
    /// and whoever installed it is signed in.
    async fn installed(&self, returned: Returned, installed: Installed) -> Result<Response, Trouble> {
        let Installed { access, bot_user, installer } = installed;
        let known = self.store.tenant_of(Surface::Slack, &access.realm).await?;
        let mine = returned.viewer.as_ref().filter(|_| returned.flow.by.is_some());
        if let (Some(viewer), Some(other)) = (mine, known)
            && viewer.tenant != other
        {
            return Err(unusable(Error::Taken { what: "installation", why: access.realm }.into()));
        }
        let teams = self.teams.as_ref().ok_or_else(|| Trouble::Missing("Slack is not set up.".to_owned()))?;
        let client = teams.api().client(&access.tokens.access);
        let profile = client.user(&installer, &access.realm).await.map_err(|error| {
            tracing::warn!(%error, "Slack does not say who installed the app");
            Trouble::refused("Not connected", "Slack did not say who you are. Try again in a minute.")
        })?;
        let tenant = match (mine, known) {
            (Some(viewer), _) => viewer.tenant,
            (None, Some(tenant)) => tenant,
            (None, None) => self.store.create_tenant(&access.name, &self.chance).await?,
        };
        let identity = Identity { surface: Surface::Slack, team: access.realm.clone(), user: installer };
        let mut tx = self.store.write(tenant).await?;
        tx.lock_tenant().await?;
        let member = match mine {
            Some(viewer) => viewer.member.clone(),
            None => self.installer(&mut tx, &identity, profile, known.is_none()).await?,
        };
        // Whose workspace is known already has people who look after it: nobody else puts it back, or swaps its token.
        if mine.is_none() && known.is_some() && !member.is_in_charge() {
            let there = tx.installation(Surface::Slack, &access.realm).await?;
            if there.is_none_or(|there| there.removed.is_some()) {
                let words = "This workspace was connected to Docket before. Its owners and admins here can connect it \
                    again: ask one of them to press Add to Slack.";
                return Err(Trouble::refused("Not connected", words));
            }
            tx.commit().await?;
            let cookie = self.sign_in(&returned.headers, tenant, member.id, WayIn::Slack).await?;
            return Ok(with_cookie(cookie, Redirect::to(PAGE)));
        }
        let (team, name) = (access.realm.clone(), access.name.clone());
        let installation = Installation { surface: Surface::Slack, team, name, bot_user, removed: None };
        tx.put_installation(&installation).await.map_err(|error| unusable(error.into()))?;
        self.vault.connect(&mut tx, Provider::Slack, access, member.id, None).await.map_err(unusable)?;
        tx.commit().await?;
        if mine.is_some() {
            return Ok(Redirect::to(PAGE).into_response());
        }
        let cookie = self.sign_in(&returned.headers, tenant, member.id, WayIn::Slack).await?;
        Ok(with_cookie(cookie, Redirect::to(PAGE)))
    }

    /// The member who installed the app: the owner of a fresh tenant, and in one that was there whoever they are.
    async fn installer(
        &self,
        tx: &mut Tx,
        identity: &Identity,
        profile: Profile,
        is_fresh: bool,
    ) -> Result<Member, Trouble> {
        let known = tx.member_by_identity(identity).await?;
        let is_owner = is_fresh && profile.standing == Standing::Full;
        let member = Member {
            id: known.as_ref().map_or_else(|| self.chance.id(), |known| known.id),
            name: profile.name,
            role: known.as_ref().map_or(if is_owner { Role::Owner } else { Role::Member }, |known| known.role),
            standing: profile.standing,
            time_zone: profile.time_zone.unwrap_or_else(|| "UTC".to_owned()),
        };
        tx.put_member(&member, identity).await?;
        Ok(member)
    }

    /// Adds a login to whoever is signed in: they showed at the provider who they are there.
    pub(super) async fn linked(&self, returned: Returned) -> Result<Response, Trouble> {
        let viewer = signed_in(&returned)?;
        let providers = self.vault.providers();
        let caller = &providers.caller;
        let (party, code, verifier) = (returned.flow.party, secret(&returned.code), &returned.flow.verifier);
        let redirect = self.redirect_uri(party);
        let no = |why| refused(&why);
        let (person, given_back) = match party {
            Party::GitHub => {
                let client = self.github_client(viewer.tenant).await?;
                let tokens = providers.github.exchange(caller, &client, code, &redirect, verifier).await.map_err(no)?;
                let person = providers.github.person(caller, &tokens.access).await.map_err(no)?;
                (person, providers.github.revoke(caller, &client, &tokens.access).await)
            }
            Party::Linear => {
                let linear = providers.linear().map_err(no)?;
                let tokens = linear.exchange(caller, code, &redirect, verifier).await.map_err(no)?;
                let person = linear.person(caller, &tokens.access).await.map_err(no)?;
                (person, linear.revoke(caller, &tokens.access).await)
            }
            Party::Discord => {
                let discord = providers.discord().map_err(no)?;
                let granted = discord.exchange(caller, code, &redirect).await.map_err(no)?;
                let person = discord.person(caller, &granted.tokens.access).await.map_err(no)?;
                (person, discord.revoke(caller, &granted.tokens.access).await)
            }
            _ => return Err(Trouble::Missing("Nobody is linked like this.".to_owned())),
        };
        if let Err(error) = given_back {
            tracing::warn!(%error, "a person's token could not be given back; it ends by itself");
        }
        let mut tx = self.store.write(viewer.tenant).await?;
        self.put_person(&mut tx, &viewer, party, person).await?;
        tx.commit().await?;
        Ok(Redirect::to(PAGE).into_response())
    }

    /// Keeps what a provider granted to a member alone.
    pub(super) async fn keep_own(&self, viewer: &Viewer, provider: Provider, access: Access) -> Result<(), Trouble> {
        let mut tx = self.store.write(viewer.tenant).await?;
        let (by, owner) = (viewer.member.id, Some(viewer.member.id));
        self.vault.connect(&mut tx, provider, access, by, owner).await.map_err(unusable)?;
        Ok(tx.commit().await?)
    }

    /// Keeps what a provider granted to the tenant, and that it knows whoever brought it.
    pub(super) async fn keep_for_all(
        &self,
        viewer: &Viewer,
        provider: Provider,
        access: Access,
        person: Option<Person>,
    ) -> Result<(), Trouble> {
        if !super::connect::may_connect(&viewer.member) {
            return Err(Trouble::refused("Not allowed", "Only owners and admins connect for everybody."));
        }
        let mut tx = self.store.write(viewer.tenant).await?;
        self.vault.connect(&mut tx, provider, access, viewer.member.id, None).await.map_err(unusable)?;
        if let Some(person) = person {
            self.put_person(&mut tx, viewer, Party::from(provider), person).await?;
        }
        Ok(tx.commit().await?)
    }

    async fn put_person(&self, tx: &mut Tx, viewer: &Viewer, party: Party, person: Person) -> Result<(), Trouble> {
        let realm = match party {
            Party::GitHub => self.vault.providers().github.url().to_owned(),
            party => party.as_str().to_owned(),
        };
        let login = Login {
            party,
            realm,
            subject: person.id,
            member: viewer.member.id,
            name: person.login,
            linked_at: self.chance.now(),
        };
        tx.put_login(&login).await.map_err(|error| match error {
            Error::Taken { .. } => Trouble::refused(
                "Not linked",
                format!(
                    "That account at {} is another member's here. A link never passes from one to another.",
                    party.name()
                ),
            ),
            error => error.into(),
        })
    }
}

/// Whoever started it, who is still there.
pub(super) fn signed_in(returned: &Returned) -> Result<Viewer, Trouble> {
    let viewer = returned.viewer.clone().filter(|_| returned.flow.by.is_some());
    viewer.ok_or_else(|| Trouble::refused("Not done", "You are not signed in any more. Sign in and start again."))
}
