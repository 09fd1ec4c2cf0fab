//! What Docket may see, and what becomes of repositories themselves.

use super::{
    Missing, Read, need, sighting,
    wire::{self, Body},
};
use crate::domain::tracker::{Access, Account, Happening, RepositoryId, RepositoryMoment, RepositorySighting};

pub(super) fn repository(action: &str, at: Option<RepositoryId>) -> Read {
    let moment = match action {
        "created" => RepositoryMoment::Created,
        "deleted" => RepositoryMoment::Deleted,
        "renamed" | "transferred" => RepositoryMoment::Moved,
        "archived" | "unarchived" | "edited" | "privatized" | "publicized" => RepositoryMoment::Edited,
        _ => return Ok(None),
    };
    need(at, "repository")?;
    Ok(Some((Happening::Repository(moment), None)))
}

pub(super) fn installation(action: &str, mut body: Body) -> Read {
    let installation = need(body.installation.take(), "installation")?;
    need(installation.id, "installation.id")?;
    let access = match action {
        "created" => Access::Installed(sightings(body.repositories, installation.account.as_ref())?),
        "deleted" => Access::Removed,
        "suspend" => Access::Suspended,
        "unsuspend" => Access::Unsuspended,
        "new_permissions_accepted" => Access::Permitted,
        _ => return Ok(None),
    };
    Ok(Some((Happening::Access(access), None)))
}

pub(super) fn repositories(action: &str, mut body: Body) -> Read {
    if !matches!(action, "added" | "removed") {
        return Ok(None);
    }
    let installation = need(body.installation.take(), "installation")?;
    need(installation.id, "installation.id")?;
    let account = installation.account.as_ref();
    let added = sightings(body.repositories_added, account)?;
    let removed = sightings(body.repositories_removed, account)?;
    Ok(Some((Happening::Access(Access::Repositories { added, removed }), None)))
}

pub(super) fn target(action: &str, body: Body) -> Read {
    if action != "renamed" {
        return Ok(None);
    }
    need(body.installation.and_then(|one| one.id), "installation.id")?;
    let account = need(body.account, "account")?;
    let login = need(account.login, "account.login")?;
    Ok(Some((Happening::Access(Access::Renamed { login }), None)))
}

pub(super) fn authorization(action: &str, by: Option<&Account>) -> Read {
    if action != "revoked" {
        return Ok(None);
    }
    Ok(Some((Happening::Forgotten(need(by, "sender")?.clone()), None)))
}

/// Repositories as an installation names them: without their page, which is found beside that of the account.
fn sightings(
    found: Option<Vec<wire::Repository>>,
    account: Option<&wire::User>,
) -> Result<Vec<RepositorySighting>, Missing> {
    let site = account.and_then(|one| one.html_url.as_deref()?.strip_suffix(one.login.as_deref()?)).unwrap_or_default();
    found.into_iter().flatten().map(|one| sighting(one, site)).collect()
}
