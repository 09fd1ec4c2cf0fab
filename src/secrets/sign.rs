//! Signatures that show that this server made something: HMAC-SHA256 under a key that is derived from a master key for
//! one purpose.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox};
use sha2::Sha256;

use super::{Home, KEY, Key, Keyring, Unopenable, Unsealable, VERSION, file, find, new_key, parse_file};
use crate::clock::Chance;

/// Takes in what is to be signed, piece by piece.
pub struct Signer {
    /// The name of its master key.
    key: String,
    mac: Hmac<Sha256>,
}

impl Signer {
    fn new(key: &Key, purpose: &str) -> Self {
        let mut derived = SecretBox::new(Box::new([0; KEY]));
        let info = format!("docket {VERSION} signature {purpose}");
        Hkdf::<Sha256>::new(None, key.bytes.expose_secret())
            .expand(info.as_bytes(), derived.expose_secret_mut())
            .expect("HKDF-SHA256 gives up to 8,160 bytes");
        let mac = Hmac::new_from_slice(derived.expose_secret()).expect("HMAC takes a key of any length");
        Self { key: key.name.clone(), mac }
    }

    /// The name of the master key that it signs with.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Takes in a piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.mac.update(piece);
    }

    /// The signature, in hexadecimal.
    pub fn sign(self) -> String {
        hex::encode(self.mac.finalize().into_bytes())
    }

    /// Whether this is the signature, in a time that tells nothing of it.
    pub fn verify(self, signature: &str) -> bool {
        hex::decode(signature).is_ok_and(|signature| self.mac.verify_slice(&signature).is_ok())
    }
}

impl Keyring {
    /// Signs for this purpose, with the first master key.
    ///
    /// # Errors
    /// When there is no master key; the error says what to do.
    pub fn signer(&self, purpose: &str, chance: &Chance) -> Result<Signer, Unsealable> {
        let signer = |keys: &[Key]| keys.first().map(|key| Signer::new(key, purpose)).ok_or(Unsealable::NoKey);
        match &self.0 {
            Home::Given(keys) => signer(keys),
            Home::File(path) => {
                let text = file::read_or_make(path, &new_key(chance));
                let keys = text.and_then(|text| parse_file(&text));
                signer(&keys.map_err(|error| Unsealable::File(path.clone(), error.to_string()))?)
            }
        }
    }

    /// Checks what the master key of this name signed for this purpose.
    ///
    /// # Errors
    /// When that master key is not there.
    pub fn checker(&self, key: &str, purpose: &str) -> Result<Signer, Unopenable> {
        self.with_keys(|keys| Ok(Signer::new(find(keys, key)?, purpose)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_bytes_its_purpose_and_its_key_alone() {
        let chance = Chance::system();
        let (ours, theirs) = (new_key(&chance), new_key(&chance));
        let keyring = Keyring::new(&[ours]).unwrap();
        let mut signer = keyring.signer("a", &chance).unwrap();
        let key = signer.key().to_owned();
        signer.update(b"he");
        signer.update(b"llo");
        let signature = signer.sign();
        let check = |purpose: &str, bytes: &[u8], signature: &str| {
            let mut checker = keyring.checker(&key, purpose).unwrap();
            checker.update(bytes);
            checker.verify(signature)
        };
        assert!(check("a", b"hello", &signature));
        assert!(!check("a", b"hallo", &signature));
        assert!(!check("b", b"hello", &signature));
        assert!(!check("a", b"hello", "00") && !check("a", b"hello", "no hexadecimal"));
        let other = Keyring::new(&[theirs]).unwrap();
        assert!(matches!(other.checker(&key, "a"), Err(Unopenable::UnknownKey(lost)) if lost == key));
        assert!(matches!(Keyring::new(&[]).unwrap().signer("a", &chance), Err(Unsealable::NoKey)));
    }
}
