//! Tokens that let somebody in: made of 256 random bits, handed out once, and remembered by their hash.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use crate::{clock::Chance, domain::secret::Hashed};

/// Characters of a token.
pub const LENGTH: usize = 43;

/// A fresh token: 256 random bits in characters that need no escape in an address or a cookie.
pub fn fresh(chance: &Chance) -> SecretString {
    let mut bytes = [0; 32];
    let (first, last) = bytes.split_at_mut(16);
    first.copy_from_slice(&chance.bits().to_be_bytes());
    last.copy_from_slice(&chance.bits().to_be_bytes());
    URL_SAFE_NO_PAD.encode(bytes).into()
}

/// What is stored of a token, whoever made it.
pub fn hash(token: &str) -> Hashed {
    Hashed(hex::encode(Sha256::digest(token)))
}

/// The challenge of PKCE for this verifier (RFC 7636, method S256).
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn tokens_differ_and_need_no_escape() {
        let (one, other) = (fresh(&Chance::system()), fresh(&Chance::system()));
        assert_ne!(one.expose_secret(), other.expose_secret());
        assert_eq!(one.expose_secret().len(), LENGTH);
        assert!(one.expose_secret().bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)));
        assert_ne!(hash(one.expose_secret()), hash(other.expose_secret()));
        assert_eq!(hash("").0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    #[test]
    fn the_challenge_is_that_of_the_example_in_rfc_7636() {
        let challenge = challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
