//! Whose a webhook is. What is not signed only chooses which secrets are tried.

use axum::http::HeaderMap;
use secrecy::SecretString;

use super::{Failure, GitHubDoor};
use crate::{
    domain::{ids::TenantId, session::Party},
    trackers::github::receive::Received,
};

/// Who signed a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signer {
    /// GitHub, for whoever runs Docket: with a secret of the settings.
    Operator,
    /// GitHub, for the own App of this tenant, whose people know the secret.
    Own(TenantId),
}

impl Signer {
    /// The tenant whose people know the secret.
    pub(super) const fn tenant(self) -> Option<TenantId> {
        match self {
            Self::Own(tenant) => Some(tenant),
            Self::Operator => None,
        }
    }
}

/// Who a webhook is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Whose {
    /// These tenants: one, but for what a person did to the App of all.
    Tenants(Vec<TenantId>),
    /// Nobody here.
    Nobody,
    /// Another tenant than the one whose own App signed it.
    Foreign,
}

/// The secrets that a webhook may be signed with, by the number of its App, and whether it says that.
pub(super) async fn candidates(
    door: &GitHubDoor,
    headers: &HeaderMap,
) -> Result<(Vec<(Signer, SecretString)>, bool), Failure> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_app = header("x-github-hook-installation-target-type").is_none_or(|kind| kind == "integration");
    let app: Option<u64> = header("x-github-hook-installation-target-id").and_then(|id| id.parse().ok());
    let of_settings = door.secrets.iter().map(|secret| (Signer::Operator, secret.clone()));
    if let Some(app) = app.filter(|app| is_app && door.app != Some(*app)) {
        let own = door.hook_secrets(app).await?;
        if !own.is_empty() {
            return Ok((own.into_iter().map(|(tenant, secret)| (Signer::Own(tenant), secret)).collect(), true));
        }
    }
    Ok((of_settings.collect(), app.is_some()))
}

/// The secret of the tenant that a body says it is of.
pub(super) async fn claimed(door: &GitHubDoor, installation: u64) -> Result<Option<(Signer, SecretString)>, Failure> {
    let Some(tenant) = door.tenant_of(installation).await? else { return Ok(None) };
    Ok(door.vault.hook_secret(tenant).await?.map(|secret| (Signer::Own(tenant), secret)))
}

/// Who a signed webhook is for: the tenant of the installation, else that of the repository, else whoever knows its
/// sender.
pub(super) async fn whose(
    door: &GitHubDoor,
    signer: Signer,
    kind: &str,
    received: &Received,
) -> Result<Whose, Failure> {
    let own = signer.tenant();
    if let Some(installation) = received.installation {
        let found = door.tenant_of(installation).await?;
        return Ok(match (found, own) {
            (None, _) => Whose::Nobody,
            (Some(found), Some(own)) if found != own => Whose::Foreign,
            (Some(found), _) => Whose::Tenants(vec![found]),
        });
    }
    let tenants = match (own, received.repository, received.sender) {
        (Some(own), _, _) => vec![own],
        // Of a repository that several know, an installation would have to say who is meant.
        (None, Some(repository), _) => door.store.tenants_of_repository(repository).await?,
        (None, None, Some(sender)) if kind == "github_app_authorization" => {
            let realm = door.vault.providers().github.url();
            return Ok(match door.store.tenants_of_login(Party::GitHub, realm, &sender.to_string()).await? {
                tenants if tenants.is_empty() => Whose::Nobody,
                tenants => Whose::Tenants(tenants),
            });
        }
        _ => Vec::new(),
    };
    Ok(if tenants.len() == 1 { Whose::Tenants(tenants) } else { Whose::Nobody })
}
