//! Secrets at rest: encrypted with a key of their tenant, for one purpose.
//!
//! A sealed secret reads `v1.<key>.<nonce>.<ciphertext>`, the last two in base64url: AES-256-GCM under a key that
//! HKDF-SHA256 derives from the master key for one tenant. The version, the tenant and the purpose are
//! authenticated with it, so that it opens nowhere else. Several master keys can be in use: the first seals, any opens.

mod file;
mod sign;
pub mod token;

use std::{fmt, io, path::PathBuf, sync::Arc};

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Nonce, Payload},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hkdf::Hkdf;
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha2::{Digest, Sha256};

use crate::{
    clock::Chance,
    config::{Config, sqlite_file},
    domain::{ids::TenantId, secret::Sealed},
};

pub use sign::Signer;

/// Bytes of a master key.
const KEY: usize = 32;
/// Bytes of a nonce: 96 bits, as GCM wants them (NIST SP 800-38D, 8.2).
const NONCE: usize = 12;
const VERSION: &str = "v1";
/// The file with the master key of whoever set none, beside the SQLite database.
const FILE: &str = "docket.key";

/// Why a master key can't be used. Says nothing of the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a master key is 32 bytes in base64; `docket keys new` prints one")]
pub struct BadKey;

/// Why a secret can't be sealed.
#[derive(Debug, thiserror::Error)]
pub enum Unsealable {
    /// There is no master key, and no place to make one.
    #[error(
        "Docket has no master key to encrypt it with. Whoever runs Docket can set DOCKET_MASTER_KEY to what \
         `openssl rand -base64 32` prints"
    )]
    NoKey,
    /// The file of the master key can't be read or made.
    #[error("the master key in {0} can't be used: {1}")]
    File(PathBuf, String),
}

/// Why a sealed secret can't be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unopenable {
    /// It is not of the form of a sealed secret.
    #[error("it is not of a form that this version of Docket knows")]
    Malformed,
    /// It was sealed with a master key that is not there.
    #[error("it was encrypted with the master key {0}, which is not there")]
    UnknownKey(String),
    /// It was changed, or belongs to another tenant or another purpose.
    #[error("it was changed, or encrypted for something else")]
    Foreign,
    /// The file of the master key can't be read.
    #[error("the master key in {0} can't be used: {1}")]
    File(PathBuf, String),
}

/// The master keys. Cheap to clone; shows nothing of them.
#[derive(Clone)]
pub struct Keyring(Home);

/// Where the master keys are.
#[derive(Clone)]
enum Home {
    /// In memory; none where nobody set one.
    Given(Arc<[Key]>),
    /// In a file that is made when it is first needed, and read whenever it is needed.
    File(PathBuf),
}

/// A master key with its name.
struct Key {
    /// The first eight hexadecimal digits of its SHA-256.
    name: String,
    bytes: SecretBox<[u8; KEY]>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring")
    }
}

/// Seals the key of a tenant's account, which it takes by its name. The error says, in words for the person, why
/// nothing can be sealed.
pub type Seal = Arc<dyn Fn(TenantId, &str, SecretString) -> Result<Sealed, String> + Send + Sync>;

/// What the key of an account with a provider of models is sealed for. The account is known by its name there.
pub fn account_key(name: &str) -> String {
    format!("model account {}", name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase())
}

/// A fresh master key, as `DOCKET_MASTER_KEY` wants it.
pub fn new_key(chance: &Chance) -> SecretString {
    let mut bytes = SecretBox::new(Box::new([0; KEY]));
    let halves = secrecy::ExposeSecretMut::expose_secret_mut(&mut bytes).as_chunks_mut::<16>().0;
    for half in halves {
        *half = chance.bits().to_be_bytes();
    }
    STANDARD.encode(bytes.expose_secret()).into()
}

impl Key {
    fn read(text: &str) -> Result<Self, BadKey> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| BadKey)?;
        let bytes: [u8; KEY] = bytes.try_into().map_err(|_| BadKey)?;
        let name = hex::encode(&Sha256::digest(bytes)[..4]);
        Ok(Self { name, bytes: SecretBox::new(Box::new(bytes)) })
    }

    /// The cipher under this tenant's own key.
    fn cipher(&self, tenant: TenantId) -> Aes256Gcm {
        let mut key = SecretBox::new(Box::new([0; KEY]));
        let info = format!("docket {VERSION} {tenant}");
        let okm = secrecy::ExposeSecretMut::expose_secret_mut(&mut key);
        Hkdf::<Sha256>::new(None, self.bytes.expose_secret())
            .expand(info.as_bytes(), okm)
            .expect("HKDF-SHA256 gives up to 8,160 bytes");
        Aes256Gcm::new(key.expose_secret().into())
    }
}

fn read_keys<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Vec<Key>, BadKey> {
    texts.into_iter().map(Key::read).collect()
}

/// What is authenticated along with a secret.
fn bound_to(tenant: TenantId, purpose: &str) -> String {
    format!("{VERSION}|{tenant}|{purpose}")
}

impl Keyring {
    /// These master keys, the newest first; none is allowed, and then nothing can be sealed or opened.
    ///
    /// # Errors
    /// When one is not 32 bytes in base64.
    pub fn new(keys: &[SecretString]) -> Result<Self, BadKey> {
        let keys = read_keys(keys.iter().map(ExposeSecret::expose_secret))?;
        Ok(Self(Home::Given(keys.into())))
    }

    /// The master key in this file, which is made when something is sealed for the first time.
    pub fn in_file(path: PathBuf) -> Self {
        Self(Home::File(path))
    }

    /// The master keys of the settings, or else the file beside the SQLite database. With PostgreSQL several machines
    /// may share the database, and a file of one of them is no place for a key.
    ///
    /// # Errors
    /// When a key of the settings is not 32 bytes in base64.
    pub fn of(config: &Config) -> Result<Self, BadKey> {
        match sqlite_file(&config.database_url) {
            Some(database) if config.master_keys.is_empty() => Ok(Self::in_file(database.with_file_name(FILE))),
            _ => Self::new(&config.master_keys),
        }
    }

    /// The file of the master key, where it is in one.
    pub fn file(&self) -> Option<&std::path::Path> {
        match &self.0 {
            Home::Given(_) => None,
            Home::File(path) => Some(path),
        }
    }

    /// Whether anything can be encrypted.
    ///
    /// # Errors
    /// When there is no master key and no file to make one in; the error says what to do.
    pub fn ready(&self) -> Result<(), Unsealable> {
        match &self.0 {
            Home::Given(keys) if keys.is_empty() => Err(Unsealable::NoKey),
            Home::Given(_) | Home::File(_) => Ok(()),
        }
    }

    /// Encrypts a secret for one tenant and one purpose, with the first master key.
    ///
    /// # Errors
    /// When there is no master key; the error says what to do.
    pub fn seal(
        &self,
        tenant: TenantId,
        purpose: &str,
        plain: &SecretString,
        chance: &Chance,
    ) -> Result<Sealed, Unsealable> {
        let sealing = |keys: &[Key]| {
            let key = keys.first().ok_or(Unsealable::NoKey)?;
            Ok(seal(key, tenant, purpose, plain, chance))
        };
        match &self.0 {
            Home::Given(keys) => sealing(keys),
            Home::File(path) => {
                let fresh = new_key(chance);
                let text = file::read_or_make(path, &fresh);
                let keys = text.and_then(|text| parse_file(&text));
                sealing(&keys.map_err(|error| Unsealable::File(path.clone(), error.to_string()))?)
            }
        }
    }

    /// Decrypts a secret.
    ///
    /// # Errors
    /// When its master key is not there, it was changed, or it belongs to another tenant or another purpose.
    pub fn open(&self, tenant: TenantId, purpose: &str, sealed: &Sealed) -> Result<SecretString, Unopenable> {
        let parts: Vec<&str> = sealed.0.split('.').collect();
        let [VERSION, name, nonce, ciphertext] = parts.as_slice() else { return Err(Unopenable::Malformed) };
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| Unopenable::Malformed);
        let nonce: [u8; NONCE] = decode(nonce)?.try_into().map_err(|_| Unopenable::Malformed)?;
        let ciphertext = decode(ciphertext)?;
        self.with_keys(|keys| {
            let key = find(keys, name)?;
            let aad = bound_to(tenant, purpose);
            let payload = Payload { msg: &ciphertext, aad: aad.as_bytes() };
            let plain = key.cipher(tenant).decrypt(&nonce.into(), payload).map_err(|_| Unopenable::Foreign)?;
            String::from_utf8(plain).map(SecretString::from).map_err(|_| Unopenable::Foreign)
        })
    }

    /// Whether the master key of this secret is there. Decrypts nothing.
    ///
    /// # Errors
    /// When it is not.
    pub fn knows(&self, sealed: &Sealed) -> Result<(), Unopenable> {
        self.with_keys(|keys| find(keys, key_name(sealed)?).map(|_| ()))
    }

    /// Whether this secret was sealed with the first master key, which seals what is new.
    ///
    /// # Errors
    /// When its master key is not there.
    pub fn is_current(&self, sealed: &Sealed) -> Result<bool, Unopenable> {
        self.with_keys(|keys| {
            let key = find(keys, key_name(sealed)?)?;
            Ok(keys.first().is_some_and(|first| first.name == key.name))
        })
    }

    fn with_keys<T>(&self, work: impl FnOnce(&[Key]) -> Result<T, Unopenable>) -> Result<T, Unopenable> {
        match &self.0 {
            Home::Given(keys) => work(keys),
            Home::File(path) => {
                let keys =
                    file::read(path).and_then(|text| text.map_or_else(|| Ok(Vec::new()), |text| parse_file(&text)));
                work(&keys.map_err(|error| Unopenable::File(path.clone(), error.to_string()))?)
            }
        }
    }
}

fn parse_file(text: &SecretString) -> io::Result<Vec<Key>> {
    let words = text.expose_secret().split([',', '\n']).map(str::trim).filter(|word| !word.is_empty());
    read_keys(words).map_err(io::Error::other)
}

fn key_name(sealed: &Sealed) -> Result<&str, Unopenable> {
    let named = sealed.0.strip_prefix(VERSION).and_then(|rest| rest.strip_prefix('.')?.split_once('.'));
    named.map(|(name, _)| name).ok_or(Unopenable::Malformed)
}

fn find<'a>(keys: &'a [Key], name: &str) -> Result<&'a Key, Unopenable> {
    let known = keys.iter().find(|key| key.name == name);
    known.ok_or_else(|| Unopenable::UnknownKey(name.chars().take(8).collect()))
}

fn seal(key: &Key, tenant: TenantId, purpose: &str, plain: &SecretString, chance: &Chance) -> Sealed {
    let bits = chance.bits().to_be_bytes();
    let mut nonce = Nonce::<Aes256Gcm>::default();
    nonce.copy_from_slice(&bits[..NONCE]);
    let aad = bound_to(tenant, purpose);
    let payload = Payload { msg: plain.expose_secret().as_bytes(), aad: aad.as_bytes() };
    let ciphertext = key.cipher(tenant).encrypt(&nonce, payload).expect("a key is shorter than 64 GiB");
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    Sealed(format!("{VERSION}.{}.{}.{}", key.name, encode(&nonce), encode(&ciphertext)))
}

#[cfg(test)]
mod tests;
