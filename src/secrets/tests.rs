use std::sync::Arc;

use super::*;
use crate::{
    clock::{Clock, Entropy},
    domain::{ids::Id as _, time::Timestamp},
};

const ACCOUNT: &str = "model account openai";

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(0)
    }
}

/// The same bits again and again.
struct Bits(u128);

impl Entropy for Bits {
    fn bits(&self) -> u128 {
        self.0
    }
}

fn chance(bits: u128) -> Chance {
    Chance::new(Arc::new(Still), Arc::new(Bits(bits)))
}

fn key(byte: u8) -> SecretString {
    STANDARD.encode([byte; KEY]).into()
}

fn keyring(keys: &[u8]) -> Keyring {
    Keyring::new(&keys.iter().map(|&byte| key(byte)).collect::<Vec<_>>()).unwrap()
}

fn tenant(number: u128) -> TenantId {
    TenantId::from_ulid(ulid::Ulid::from_parts(0, number))
}

fn sealed(keyring: &Keyring) -> Sealed {
    keyring.seal(tenant(1), ACCOUNT, &"sk-hush".into(), &Chance::system()).unwrap()
}

#[test]
fn a_secret_is_opened_by_whom_it_was_sealed_for() {
    let keyring = keyring(&[1]);
    let sealed = sealed(&keyring);
    assert_eq!(keyring.open(tenant(1), ACCOUNT, &sealed).unwrap().expose_secret(), "sk-hush");
    assert!(!sealed.0.contains("hush"), "{}", sealed.0);
}

#[test]
fn the_form_and_the_derivation_stay_what_they_are() {
    // What is stored today has to be readable for every later version. Computed by another implementation (Python).
    let sealed = keyring(&[1]).seal(tenant(1), ACCOUNT, &"sk-hush".into(), &chance(u128::MAX / 3)).unwrap();
    assert_eq!(sealed.0, "v1.72cd6e84.VVVVVVVVVVVVVVVV.lc56B4knrbiW70aZaoaM5a1XOIlAa3U");
}

#[test]
fn nobody_else_opens_it_and_each_reason_has_its_words() {
    let ring = keyring(&[1]);
    let sealed = sealed(&ring);
    let open = |tenant, purpose: &str, sealed: &Sealed| ring.open(tenant, purpose, sealed).unwrap_err();
    assert_eq!(open(tenant(2), ACCOUNT, &sealed), Unopenable::Foreign);
    assert_eq!(open(tenant(1), "model account ollama", &sealed), Unopenable::Foreign);
    let tampered = |from: &str, to: &str| Sealed(sealed.0.replacen(from, to, 1));
    for wrong in ["", "sk-hush", "v1", "v1.a", "v1.a.b.c.d", "v1.a.%.%"] {
        assert_eq!(open(tenant(1), ACCOUNT, &Sealed(wrong.to_owned())), Unopenable::Malformed, "{wrong}");
    }
    assert_eq!(open(tenant(1), ACCOUNT, &tampered("v1.", "v2.")), Unopenable::Malformed);
    let name = sealed.0.split('.').nth(1).unwrap().to_owned();
    assert_eq!(open(tenant(1), ACCOUNT, &tampered(&name, "00000000")), Unopenable::UnknownKey("00000000".to_owned()));
    assert_eq!(keyring(&[2]).open(tenant(1), ACCOUNT, &sealed).unwrap_err(), Unopenable::UnknownKey(name));
    let reasons = [Unopenable::Malformed, Unopenable::Foreign, Unopenable::UnknownKey(String::new())];
    let words: std::collections::BTreeSet<_> = reasons.iter().map(ToString::to_string).collect();
    assert_eq!(words.len(), 3);
}

#[test]
fn a_changed_bit_anywhere_is_seen() {
    let ring = keyring(&[1]);
    let sealed = sealed(&ring);
    for (at, old) in sealed.0.char_indices().skip("v1.00000000.".len()) {
        let new = if old == 'A' { "B" } else { "A" };
        let mut text = sealed.0.clone();
        text.replace_range(at..=at, new);
        assert!(ring.open(tenant(1), ACCOUNT, &Sealed(text)).is_err(), "{at}");
    }
}

#[test]
fn the_first_key_seals_and_any_opens() {
    let old = sealed(&keyring(&[1]));
    let both = keyring(&[2, 1]);
    let new = sealed(&both);
    for secret in [&old, &new] {
        assert_eq!(both.open(tenant(1), ACCOUNT, secret).unwrap().expose_secret(), "sk-hush");
        both.knows(secret).unwrap();
    }
    assert!(!both.is_current(&old).unwrap());
    assert!(both.is_current(&new).unwrap());
    assert!(keyring(&[1]).knows(&new).is_err());
    assert!(keyring(&[2]).open(tenant(1), ACCOUNT, &new).is_ok());
}

#[test]
fn two_seals_of_one_secret_differ() {
    let ring = keyring(&[1]);
    assert_ne!(sealed(&ring), sealed(&ring));
}

#[test]
fn what_is_no_key_is_refused_and_not_shown() {
    for wrong in ["", "hush", "c2hvcnQ=", &STANDARD.encode([1; 33])] {
        assert_eq!(Keyring::new(&[wrong.into()]).unwrap_err(), BadKey, "{wrong}");
    }
    let shown = format!("{:?} {:?}", keyring(&[1]), Unopenable::Foreign);
    assert!(shown.starts_with("Keyring "), "{shown}");
}

#[test]
fn without_a_key_sealing_is_refused_with_what_to_do() {
    let error = keyring(&[]).seal(tenant(1), ACCOUNT, &"sk-hush".into(), &chance(1)).unwrap_err().to_string();
    assert!(error.contains("DOCKET_MASTER_KEY") && error.contains("openssl rand -base64 32"), "{error}");
}

#[test]
fn a_fresh_key_is_a_key() {
    let fresh = new_key(&Chance::system());
    assert_eq!(fresh.expose_secret().len(), 44);
    Keyring::new(&[fresh]).unwrap();
}

#[test]
fn the_key_file_is_made_once_for_its_owner_alone() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join(FILE);
    let ring = Keyring::in_file(path.clone());
    let unknown = ring.open(tenant(1), ACCOUNT, &sealed(&keyring(&[1]))).unwrap_err();
    assert!(matches!(unknown, Unopenable::UnknownKey(_)), "{unknown}");
    assert!(!path.exists(), "only sealing makes it");

    let secrets: Vec<_> = std::thread::scope(|scope| {
        let sealing = (0..8).map(|_| scope.spawn(|| sealed(&Keyring::in_file(path.clone()))));
        sealing.collect::<Vec<_>>().into_iter().map(|sealing| sealing.join().unwrap()).collect()
    });
    for secret in &secrets {
        assert_eq!(ring.open(tenant(1), ACCOUNT, secret).unwrap().expose_secret(), "sk-hush");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    std::fs::write(&path, "hush").unwrap();
    let error = ring.seal(tenant(1), ACCOUNT, &"x".into(), &chance(1)).unwrap_err().to_string();
    assert!(error.contains("docket.key") && error.contains("32 bytes") && !error.contains("hush"), "{error}");
}
