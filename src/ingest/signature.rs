//! Whether a request really comes from the platform that it says it comes from.

use std::time::Duration;

use axum::http::HeaderMap;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use crate::domain::time::Timestamp;

/// How far Slack's clock and ours may be apart: an older request may be a replay.
pub const SLACK_WINDOW: Duration = Duration::from_mins(5);

/// Why a request is not believed. Says nothing about the signature that would have been right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Forged {
    /// A header is missing or is not of its form.
    #[error("the signature or its time is missing")]
    Missing,
    /// Signed too long ago, or in the future.
    #[error("signed at a time too far from now")]
    Stale,
    /// The signature is of other bytes or by another secret.
    #[error("the signature is wrong")]
    Wrong,
}

/// Checks a request of Slack over the bytes exactly as they came, before anything parses them.
///
/// Any of the secrets will do, so that one can be replaced while both are in use. The comparison takes the same time
/// wherever it fails. Scheme: docs.slack.dev, verifying-requests-from-slack.
pub fn verify_slack(headers: &HeaderMap, body: &[u8], secrets: &[SecretString], now: Timestamp) -> Result<(), Forged> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).ok_or(Forged::Missing);
    let time = header("x-slack-request-timestamp")?;
    let signature = header("x-slack-signature")?.strip_prefix("v0=").ok_or(Forged::Missing)?;
    let signature = hex::decode(signature).map_err(|_| Forged::Missing)?;
    let plain = !time.is_empty() && time.bytes().all(|b| b.is_ascii_digit());
    let seconds: i64 = time.parse().ok().filter(|_| plain).ok_or(Forged::Missing)?;
    let signed_at = Timestamp::from_millis(seconds.saturating_mul(1000));
    if now.since(signed_at) > SLACK_WINDOW || signed_at.since(now) > SLACK_WINDOW {
        return Err(Forged::Stale);
    }
    let matches = secrets.iter().any(|secret| slack_mac(secret, time, body).verify_slice(&signature).is_ok());
    if matches { Ok(()) } else { Err(Forged::Wrong) }
}

/// The `X-Slack-Signature` of a body signed at `time`, in seconds since the epoch.
pub fn sign_slack(secret: &SecretString, time: &str, body: &[u8]) -> String {
    format!("v0={}", hex::encode(slack_mac(secret, time, body).finalize().into_bytes()))
}

fn slack_mac(secret: &SecretString, time: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = mac(secret);
    mac.update(b"v0:");
    mac.update(time.as_bytes());
    mac.update(b":");
    mac.update(body);
    mac
}

/// Whether a webhook is GitHub's, found out while its body comes in: over the bytes exactly as they came.
///
/// Any of the secrets will do. The comparison takes the same time wherever it fails. The signature names no time, so an
/// old one is as good: what came before is known by its id. Scheme: docs.github.com, validating-webhook-deliveries.
pub struct GitHubCheck {
    signature: Vec<u8>,
    macs: Vec<Hmac<Sha256>>,
}

impl GitHubCheck {
    /// Begins with the headers.
    ///
    /// # Errors
    /// When they hold no signature.
    pub fn new(headers: &HeaderMap, secrets: &[SecretString]) -> Result<Self, Forged> {
        let header = headers.get("x-hub-signature-256").and_then(|value| value.to_str().ok()).ok_or(Forged::Missing)?;
        let signature =
            header.strip_prefix("sha256=").and_then(|text| hex::decode(text).ok()).ok_or(Forged::Missing)?;
        Ok(Self { signature, macs: secrets.iter().map(mac).collect() })
    }

    /// Goes on with the next piece of the body.
    pub fn take(&mut self, piece: &[u8]) {
        for mac in &mut self.macs {
            mac.update(piece);
        }
    }

    /// Which of the secrets it was signed with, by its place in the list.
    ///
    /// # Errors
    /// When it was none of them.
    pub fn end(self) -> Result<usize, Forged> {
        let signature = self.signature;
        // Each is compared, so that the time does not say which it was.
        let matching = self.macs.into_iter().map(|mac| mac.verify_slice(&signature).is_ok()).collect::<Vec<_>>();
        matching.iter().position(|matches| *matches).ok_or(Forged::Wrong)
    }
}

/// The `X-Hub-Signature-256` of a body.
pub fn sign_github(secret: &SecretString, body: &[u8]) -> String {
    let mut mac = mac(secret);
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

fn mac(secret: &SecretString) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).expect("HMAC takes a key of any length")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    /// The example of docs.slack.dev, verifying-requests-from-slack.
    const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const TIME: &str = "1531420618";
    const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

    fn secret() -> SecretString {
        "8f742231b10e8888abcd99yyyzzz85a5".into()
    }

    fn headers(time: &str, signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("x-slack-request-timestamp", HeaderValue::from_str(time).unwrap());
        headers.insert("x-slack-signature", HeaderValue::from_str(signature).unwrap());
        headers
    }

    fn seconds_later(seconds: i64) -> Timestamp {
        Timestamp::from_millis((1_531_420_618 + seconds) * 1000)
    }

    #[test]
    fn slacks_own_example_is_believed_within_five_minutes_either_way() {
        let given = headers(TIME, SIGNATURE);
        let verify = |now| verify_slack(&given, BODY.as_bytes(), &[secret()], now);
        for seconds in [0, 300, -300] {
            assert_eq!(verify(seconds_later(seconds)), Ok(()), "{seconds}");
        }
        for seconds in [301, -301, 86_400] {
            assert_eq!(verify(seconds_later(seconds)), Err(Forged::Stale), "{seconds}");
        }
    }

    #[test]
    fn any_live_secret_will_do_and_no_other() {
        let given = headers(TIME, SIGNATURE);
        let other = || SecretString::from("another secret");
        let verify = |secrets: &[SecretString]| verify_slack(&given, BODY.as_bytes(), secrets, seconds_later(0));
        assert_eq!(verify(&[other(), secret()]), Ok(()));
        assert_eq!(verify(&[secret(), other()]), Ok(()));
        assert_eq!(verify(&[other()]), Err(Forged::Wrong));
        assert_eq!(verify(&[]), Err(Forged::Wrong));
    }

    #[test]
    fn whatever_is_not_a_signature_and_a_time_is_refused() {
        for (time, signature, expected) in [
            ("", SIGNATURE, Forged::Missing),
            ("soon", SIGNATURE, Forged::Missing),
            ("+1531420618", SIGNATURE, Forged::Missing),
            ("1531420618.5", SIGNATURE, Forged::Missing),
            ("99999999999999999999999", SIGNATURE, Forged::Missing),
            ("9223372036854775807", SIGNATURE, Forged::Stale),
            (TIME, "", Forged::Missing),
            (TIME, "v0=", Forged::Wrong),
            (TIME, "v0=zz", Forged::Missing),
            (TIME, "v0=a2114d57", Forged::Wrong),
            (TIME, "v1=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503", Forged::Missing),
            ("1531420619", SIGNATURE, Forged::Wrong),
        ] {
            let outcome = verify_slack(&headers(time, signature), BODY.as_bytes(), &[secret()], seconds_later(0));
            assert_eq!(outcome, Err(expected), "{time} {signature}");
        }
        let none = HeaderMap::new();
        assert_eq!(verify_slack(&none, b"", &[secret()], seconds_later(0)), Err(Forged::Missing));
    }

    fn check(signature: &str, secrets: &[SecretString], pieces: &[&[u8]]) -> Result<usize, Forged> {
        let mut headers = HeaderMap::new();
        headers.insert("x-hub-signature-256", HeaderValue::from_str(signature).unwrap());
        let mut check = GitHubCheck::new(&headers, secrets)?;
        for piece in pieces {
            check.take(piece);
        }
        check.end()
    }

    /// The example of docs.github.com, validating-webhook-deliveries.
    #[test]
    fn githubs_own_example_is_believed_with_any_live_secret_and_no_other() {
        let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let secret = || SecretString::from("It's a Secret to Everybody");
        let other = || SecretString::from("another secret");
        let verify = |secrets: &[SecretString]| check(signature, secrets, &[b"Hello, ", b"World!"]);
        assert_eq!(verify(&[secret()]), Ok(0));
        assert_eq!(verify(&[other(), secret()]), Ok(1));
        assert_eq!(verify(&[other()]), Err(Forged::Wrong));
        assert_eq!(verify(&[]), Err(Forged::Wrong));
        assert_eq!(sign_github(&secret(), b"Hello, World!"), signature);
    }

    #[test]
    fn whatever_is_no_signature_of_github_is_refused() {
        for (signature, expected) in [
            ("", Forged::Missing),
            ("sha256=", Forged::Wrong),
            ("sha256=zz", Forged::Missing),
            ("sha256=757107ea", Forged::Wrong),
            ("sha1=757107ea0eb2509fc211221cce984b8a37570b6d", Forged::Missing),
            ("757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17", Forged::Missing),
        ] {
            assert_eq!(check(signature, &[secret()], &[b"Hello, World!"]), Err(expected), "{signature}");
        }
        assert_eq!(GitHubCheck::new(&HeaderMap::new(), &[secret()]).err(), Some(Forged::Missing));
    }

    proptest! {
        #[test]
        fn a_webhook_is_believed_only_as_it_was_signed(body: Vec<u8>, split: usize, at in 0..2048_usize, flip in 1..=255_u8) {
            let signature = sign_github(&secret(), &body);
            let (first, second) = body.split_at(split.checked_rem(body.len()).unwrap_or(0));
            prop_assert_eq!(check(&signature, &[secret()], &[first, second]), Ok(0));
            let mut changed = body.clone();
            match changed.get_mut(at) {
                Some(byte) => *byte ^= flip,
                None => changed.push(flip),
            }
            prop_assert_eq!(check(&signature, &[secret()], &[&changed]), Err(Forged::Wrong));
        }

        #[test]
        fn a_body_is_believed_only_as_it_was_signed(body: Vec<u8>, at in 0..2048_usize, flip in 1..=255_u8) {
            let signature = sign_slack(&secret(), TIME, &body);
            let given = headers(TIME, &signature);
            prop_assert_eq!(verify_slack(&given, &body, &[secret()], seconds_later(0)), Ok(()));
            let mut changed = body.clone();
            match changed.get_mut(at) {
                Some(byte) => *byte ^= flip,
                None => changed.push(flip),
            }
            prop_assert_eq!(verify_slack(&given, &changed, &[secret()], seconds_later(0)), Err(Forged::Wrong));
        }
    }
}
