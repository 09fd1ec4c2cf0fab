//! GitHub's round trips: an App is made, then installed, then whoever did it shows that they can see it; or a classic
//! OAuth App is let in.

use std::collections::BTreeMap;

use axum::response::{IntoResponse, Redirect, Response};
use secrecy::SecretString;
use serde_json::json;

use super::{
    Viewer, Web,
    connecting::{PAGE, secret},
    connections::{refused, signed_in, unusable},
    oauth::Returned,
    reply::Trouble,
};
use crate::{
    config::ClientConfig,
    connect::{Refused, call::Access, github},
    domain::{
        audit::AuditEntry,
        connection::{Condition, Connection, ProviderApp},
        ids::TenantId,
        member::Role,
        provider::Provider,
        session::{Party, Purpose},
    },
};

impl Web {
    /// Goes on with what somebody brought from GitHub to connect it.
    pub(super) async fn github(&self, returned: Returned) -> Result<Response, Trouble> {
        let viewer = signed_in(&returned)?;
        if returned.flow.purpose == Purpose::App {
            return self.github_app_made(&viewer, &returned).await;
        }
        let step = returned.flow.detail.get("step").and_then(|step| step.as_str()).unwrap_or_default().to_owned();
        match step.as_str() {
            "install" => self.github_installed(&viewer, &returned).await,
            "confirm" => self.github_confirmed(&viewer, &returned).await,
            "classic" => self.github_classic(&viewer, &returned).await,
            _ => Err(Trouble::Missing("This was not started here.".to_owned())),
        }
    }

    /// GitHub made the App: its secrets are kept, and it is installed next.
    async fn github_app_made(&self, viewer: &Viewer, returned: &Returned) -> Result<Response, Trouble> {
        let providers = self.vault.providers();
        let made =
            providers.github.made(&providers.caller, secret(&returned.code)).await.map_err(|why| refused(&why))?;
        let seal = |what, plain: &SecretString| {
            self.vault.seal_app(viewer.tenant, what, plain).map_err(|why| unusable(why.into()))
        };
        let app = ProviderApp {
            provider: Provider::GitHub,
            number: made.number,
            slug: made.slug.clone(),
            name: made.name,
            url: made.url,
            client_id: made.client.id,
            client_secret: seal("client", &made.client.secret)?,
            private_key: seal("key", &made.private_key)?,
            hook_secret: made.hook_secret.as_ref().map(|plain| seal("hook", plain)).transpose()?,
            by: viewer.member.id,
            made_at: self.chance.now(),
        };
        let mut tx = self.store.write(viewer.tenant).await?;
        tx.put_provider_app(&app).await?;
        tx.commit().await?;
        let step = json!({ "step": "install" });
        let started = self.begin(viewer, &returned.headers, Party::GitHub, Purpose::Connect, step).await?;
        Ok(self.send_to(&started, &providers.github.install(&made.slug, secret(&started.state))))
    }

    /// The address says which installation it was, which proves nothing: the person has to show that they can see it.
    async fn github_installed(&self, viewer: &Viewer, returned: &Returned) -> Result<Response, Trouble> {
        let number = returned.said.get("installation_id").and_then(|text| text.parse::<u64>().ok());
        let asked = || {
            Trouble::refused(
                "Not connected yet",
                "GitHub says that somebody with more rights there has to allow the installation. Come back and press Connect when they have.",
            )
        };
        let number = number.ok_or_else(asked)?;
        let client = self.github_client(viewer.tenant).await?;
        let step = json!({ "step": "confirm", "installation": number });
        let started = self.begin(viewer, &returned.headers, Party::GitHub, Purpose::Connect, step).await?;
        let redirect = self.redirect_uri(Party::GitHub);
        let github = &self.vault.providers().github;
        let address = github.authorize(&client, &redirect, secret(&started.state), &started.challenge, "");
        Ok(self.send_to(&started, &address))
    }

    async fn github_confirmed(&self, viewer: &Viewer, returned: &Returned) -> Result<Response, Trouble> {
        let providers = self.vault.providers();
        let (github, caller) = (&providers.github, &providers.caller);
        let no = |why| refused(&why);
        let number = returned.flow.detail.get("installation").and_then(serde_json::Value::as_u64).unwrap_or_default();
        let app = self.vault.github_app(viewer.tenant).await.map_err(unusable)?;
        let app = app.ok_or_else(|| Trouble::Missing("There is no GitHub App any more.".to_owned()))?;
        let redirect = self.redirect_uri(Party::GitHub);
        let tokens =
            github.exchange(caller, &app.client, secret(&returned.code), &redirect, &returned.flow.verifier).await;
        let tokens = tokens.map_err(no)?;
        let person = github.person(caller, &tokens.access).await.map_err(no)?;
        let found = github.installation(caller, &tokens.access, number).await.map_err(no)?;
        let looks_after = match &found {
            Some(found) => github.looks_after(caller, &tokens.access, found, &person).await.map_err(no)?,
            None => false,
        };
        // What the person let Docket see has served its purpose.
        if let Err(error) = github.revoke(caller, &app.client, &tokens.access).await {
            tracing::warn!(%error, "a person's token could not be given back; it ends by itself");
        }
        let Some(found) = found else {
            let words = "You can't see that installation at GitHub, so nothing was connected.";
            return Err(Trouble::refused("Not connected", words));
        };
        if !looks_after {
            let words = "GitHub does not say that you own that organisation, so nothing was connected: seeing it is not \
                enough. Ask one of its owners to connect it. The App has to be allowed to read members.";
            return Err(Trouble::refused("Not connected", words));
        }
        let realm = number.to_string();
        let tokens = github.installation_token(caller, &app, &realm, self.chance.now()).await.map_err(no)?;
        let access = github::access(&found, tokens).ok_or_else(|| refused(&Refused::Unreadable(Provider::GitHub)))?;
        self.keep_for_all(viewer, Provider::GitHub, access, Some(person)).await?;
        Ok(Redirect::to(PAGE).into_response())
    }

    async fn github_classic(&self, viewer: &Viewer, returned: &Returned) -> Result<Response, Trouble> {
        let providers = self.vault.providers();
        let (github, caller) = (&providers.github, &providers.caller);
        let no = |why| refused(&why);
        let client = self.github_client(viewer.tenant).await?;
        let redirect = self.redirect_uri(Party::GitHub);
        let tokens = github.exchange(caller, &client, secret(&returned.code), &redirect, &returned.flow.verifier).await;
        let tokens = tokens.map_err(no)?;
        let person = github.person(caller, &tokens.access).await.map_err(no)?;
        let access = Access {
            realm: format!("user {}", person.id),
            name: person.login.clone(),
            account: person.login.clone(),
            url: format!("{}/{}", github.url(), person.login),
            tokens,
        };
        self.keep_for_all(viewer, Provider::GitHub, access, Some(person)).await?;
        Ok(Redirect::to(PAGE).into_response())
    }

    /// Forgets the tenant's own App with its secrets, once nothing works by it any more.
    pub(super) async fn forget_app(&self, viewer: &Viewer) -> Result<(), Trouble> {
        if viewer.member.effective_role() != Role::Owner {
            return Err(Trouble::refused("Not allowed", "Only owners forget the App. Ask one of them."));
        }
        let mut tx = self.store.write(viewer.tenant).await?;
        tx.lock_tenant().await?;
        let app = tx.provider_app(Provider::GitHub).await?;
        let app = app.ok_or_else(|| Trouble::Missing("There is no GitHub App of your own.".to_owned()))?;
        let in_use = |one: &Connection| one.provider == Provider::GitHub && one.condition != Condition::Broken;
        if let Some(one) = tx.connections().await?.into_iter().find(in_use) {
            let words = format!("{} is connected by this App. Disconnect it first.", one.name);
            return Err(Trouble::refused("Not forgotten", words));
        }
        tx.remove_provider_app(Provider::GitHub).await?;
        tx.record(&AuditEntry {
            id: self.chance.id(),
            at: self.chance.now(),
            actor: Some(viewer.member.id),
            action: "app.forgotten".to_owned(),
            subject: Provider::GitHub.as_str().to_owned(),
            venue: None,
            before: json!({ "number": app.number, "slug": app.slug }),
            after: serde_json::Value::Null,
        })
        .await?;
        Ok(tx.commit().await?)
    }

    /// Who Docket is at GitHub where people show who they are.
    pub(super) async fn github_client(&self, tenant: TenantId) -> Result<ClientConfig, Trouble> {
        let app = self.vault.github_app(tenant).await.map_err(unusable)?;
        let client = app.map(|app| app.client).or_else(|| self.vault.providers().github_client.clone());
        client.ok_or_else(|| {
            Trouble::refused("Not set up", "There is no GitHub App yet. An owner makes one on the page Connect.")
        })
    }
}

/// Whether an answer without a code is one all the same: of an App that was installed.
pub(super) fn is_installation(party: Party, said: &BTreeMap<String, String>) -> bool {
    party == Party::GitHub && (said.contains_key("installation_id") || said.contains_key("setup_action"))
}
