//! What an OpenID Connect provider states about a person, and whether it may be believed (OpenID Connect Core 1.0, 3.1.3.7).

use jsonwebtoken::{
    Algorithm, DecodingKey, Validation,
    dangerous::insecure_decode,
    decode, decode_header,
    jwk::{Jwk, JwkSet, PublicKeyUse},
};
use serde::Deserialize;

use crate::domain::time::Timestamp;

/// How far the clocks of two machines may be apart.
const LEEWAY: i64 = 60;

/// Why a statement about a person is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Disbelief {
    /// It is no signed token, or lacks something.
    #[error("it is of no form that Docket knows")]
    Malformed,
    /// It is signed in a way that proves nothing here, or with a key that is not the provider's.
    #[error("its signature is not the provider's")]
    Signature,
    /// It is signed with a key that was not there when the keys were last read.
    #[error("it is signed with an unknown key")]
    UnknownKey,
    /// Somebody else issued it.
    #[error("it was issued by somebody else")]
    Issuer,
    /// It was issued for somebody else.
    #[error("it was issued for another program")]
    Audience,
    /// It is over, or of the future.
    #[error("it is too old, or the clocks of the two machines are apart")]
    Time,
    /// It answers another question than ours.
    #[error("it answers another sign-in")]
    Nonce,
}

/// What has to be true of it.
pub struct Expected<'a> {
    /// Who issues it.
    pub issuer: &'a str,
    /// For whom: our client id.
    pub client: &'a str,
    /// What it has to repeat.
    pub nonce: &'a str,
    /// When it is read.
    pub now: Timestamp,
}

/// What it says.
#[derive(Debug, Clone, Deserialize)]
pub struct Claims {
    iss: String,
    /// The person, by a name that the issuer gives to nobody else.
    pub sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nonce: Option<String>,
    /// What to call the person.
    pub name: Option<String>,
    /// What the person is called there.
    pub preferred_username: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn all(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// Signatures that only the holder of a private key can make. A shared secret proves nothing about who signed, and `none`
/// nothing at all.
const ASYMMETRIC: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Reads a statement that the provider signed with one of these keys.
pub fn verify(token: &str, keys: &JwkSet, expected: &Expected<'_>) -> Result<Claims, Disbelief> {
    let header = decode_header(token).map_err(|_| Disbelief::Malformed)?;
    if !ASYMMETRIC.contains(&header.alg) {
        return Err(Disbelief::Signature);
    }
    let signs = |key: &&Jwk| !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption));
    let key = match &header.kid {
        Some(kid) => keys.find(kid).filter(signs),
        // Whoever has one key need not name it.
        None => Some(&keys.keys).filter(|keys| keys.len() == 1).and_then(|keys| keys.first()).filter(signs),
    };
    let key = DecodingKey::from_jwk(key.ok_or(Disbelief::UnknownKey)?).map_err(|_| Disbelief::Signature)?;
    // Whom it is for and how long it counts is checked below, against the injected clock.
    let mut validation = Validation::new(header.alg);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let claims: Claims = match decode(token, &key, &validation) {
        Ok(read) => read.claims,
        Err(error) if matches!(error.kind(), jsonwebtoken::errors::ErrorKind::Json(_)) => {
            return Err(Disbelief::Malformed);
        }
        Err(_) => return Err(Disbelief::Signature),
    };
    claims.check(expected)?;
    Ok(claims)
}

/// Reads a statement that came from the provider's token endpoint itself, over TLS: there, the certificate of the server
/// may stand for the signature (OpenID Connect Core 1.0, 3.1.3.7, point 6). Everything else is checked all the same.
pub fn read_from_issuer(token: &str, expected: &Expected<'_>) -> Result<Claims, Disbelief> {
    let claims: Claims = insecure_decode(token).map_err(|_| Disbelief::Malformed)?.claims;
    claims.check(expected)?;
    Ok(claims)
}

impl Claims {
    fn check(&self, expected: &Expected<'_>) -> Result<(), Disbelief> {
        if self.iss != expected.issuer {
            return Err(Disbelief::Issuer);
        }
        let audiences = self.aud.all();
        let is_ours = audiences.iter().any(|audience| audience == expected.client);
        let party = self.azp.as_deref();
        // With several audiences it has to say which of them asked.
        if !is_ours || party.is_some_and(|party| party != expected.client) || audiences.len() > 1 && party.is_none() {
            return Err(Disbelief::Audience);
        }
        let now = expected.now.as_millis() / 1000;
        if self.exp <= now - LEEWAY || self.iat > now + LEEWAY {
            return Err(Disbelief::Time);
        }
        if self.nonce.as_deref() != Some(expected.nonce) {
            return Err(Disbelief::Nonce);
        }
        Ok(())
    }
}
