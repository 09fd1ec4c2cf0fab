//! Round trips to a provider: what was started is kept until it comes back, to the same browser, once, within minutes.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::{
    clock::Chance,
    domain::{
        ids::{MemberId, TenantId},
        session::{Party, Purpose, StartedFlow},
    },
    secrets::token,
    store::{self, Store},
};

/// How long somebody may take at the provider.
pub const LIFE: Duration = Duration::from_mins(10);

/// A flow that is to start.
pub struct NewFlow {
    /// With whom.
    pub party: Party,
    /// What for.
    pub purpose: Purpose,
    /// Who starts it; `None` where nobody is signed in.
    pub by: Option<(TenantId, MemberId)>,
    /// What the purpose has to remember. Stored as it is: no secrets.
    pub detail: serde_json::Value,
    /// The page to go on with, a path on this site.
    pub return_to: String,
}

/// A flow that was started: what the browser takes along.
pub struct Started {
    /// The state in the address.
    pub state: SecretString,
    /// The challenge of PKCE.
    pub challenge: String,
    /// What the provider has to repeat in what it states about the person.
    pub nonce: String,
    /// The value of the cookie that binds the flow to this browser.
    pub browser: SecretString,
}

/// A flow that came back to where it started.
pub struct Flow {
    /// With whom.
    pub party: Party,
    /// What for.
    pub purpose: Purpose,
    /// Who started it. Whether they are still signed in is for whoever goes on to check.
    pub by: Option<(TenantId, MemberId)>,
    /// What the purpose has to remember.
    pub detail: serde_json::Value,
    /// The page to go on with.
    pub return_to: String,
    /// The verifier of PKCE.
    pub verifier: SecretString,
    /// What the provider has to have repeated.
    pub nonce: String,
}

/// Why something that came back is not taken. Worded for the person.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// It was never started, or is over.
    #[error(
        "This was not started here, or it was finished already. Start again from the page where you pressed the button."
    )]
    Unknown,
    /// It took too long.
    #[error("This took longer than ten minutes, so it counts no more. Start again.")]
    Late,
    /// It was started in another browser.
    #[error(
        "This was started in another browser. Finish it there, or start again in this one. If you did not start it, \
         somebody may have sent you a link: close the page, nothing was done."
    )]
    OtherBrowser,
    /// It came back from somebody else.
    #[error("This was started with another service. Start again.")]
    OtherParty,
    /// The database failed.
    #[error("the flow can't be read: {0}")]
    Store(#[from] store::Error),
}

/// Starts a flow for a browser, which keeps the cookie that it may have: several tabs can each have a flow.
pub async fn start(store: &Store, chance: &Chance, new: NewFlow, browser: Option<&str>) -> store::Result<Started> {
    let browser = browser.filter(|token| is_token(token)).map_or_else(|| token::fresh(chance), SecretString::from);
    let (state, verifier, nonce) = (token::fresh(chance), token::fresh(chance), token::fresh(chance));
    let challenge = token::challenge(verifier.expose_secret());
    let nonce = nonce.expose_secret().to_owned();
    let NewFlow { party, purpose, by, detail, return_to } = new;
    store
        .start_flow(&StartedFlow {
            state: token::hash(state.expose_secret()),
            browser: token::hash(browser.expose_secret()),
            party,
            purpose,
            by,
            verifier: verifier.expose_secret().to_owned(),
            nonce: nonce.clone(),
            detail,
            return_to,
            expires_at: chance.now().plus(LIFE),
        })
        .await?;
    Ok(Started { state, challenge, nonce, browser })
}

/// Takes a flow that came back. It is over with that, whatever comes of it: a state that was seen in two browsers is
/// good in neither.
pub async fn finish(
    store: &Store,
    chance: &Chance,
    state: &str,
    browser: Option<&str>,
    party: Party,
) -> Result<Flow, NotTaken> {
    let flow = store.take_flow(&token::hash(state)).await?.ok_or(NotTaken::Unknown)?;
    if flow.expires_at <= chance.now() {
        return Err(NotTaken::Late);
    }
    if browser.map(token::hash).as_ref() != Some(&flow.browser) {
        return Err(NotTaken::OtherBrowser);
    }
    if flow.party != party {
        return Err(NotTaken::OtherParty);
    }
    let StartedFlow { party, purpose, by, verifier, nonce, detail, return_to, .. } = flow;
    Ok(Flow { party, purpose, by, detail, return_to, verifier: verifier.into(), nonce })
}

fn is_token(text: &str) -> bool {
    text.len() == token::LENGTH && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}
