//! What follows `privacy` and `forget`.

use crate::domain::{
    heard::MOST_DAYS,
    intent::{ForgetWish, Intent, PrivacyWish},
};

/// Reads what follows `privacy`: nothing, `off`, `on`, `keep 7 days`, or `backfill`.
pub(super) fn privacy(text: &str) -> Option<Intent> {
    let text = text.trim().to_lowercase();
    let wish = match text.split_whitespace().collect::<Vec<_>>().as_slice() {
        [] => return Some(Intent::Privacy),
        ["off"] => PrivacyWish::Keep(false),
        ["on"] => PrivacyWish::Keep(true),
        ["backfill" | "back-fill"] => PrivacyWish::Backfill,
        ["keep", days]
        | ["keep", "for", days]
        | ["keep", days, "day" | "days"]
        | ["keep", "for", days, "day" | "days"] => PrivacyWish::Days(number(days)?),
        _ => return None,
    };
    Some(Intent::SetPrivacy(wish))
}

fn number(days: &str) -> Option<u32> {
    days.parse().ok().filter(|days| (1..=MOST_DAYS).contains(days))
}

/// Reads what follows `forget`: `me`, `channel`, `channel yes`, or `T-7`.
pub(super) fn forget(text: &str) -> Option<Intent> {
    let text = text.trim().to_lowercase();
    let wish = match text.split_whitespace().collect::<Vec<_>>().as_slice() {
        ["me"] => ForgetWish::Me,
        ["channel"] => ForgetWish::Channel { is_sure: false },
        ["channel", "yes"] => ForgetWish::Channel { is_sure: true },
        [thread] => ForgetWish::Thread(thread.strip_prefix("t-")?.parse().ok().filter(|number| *number > 0)?),
        _ => return None,
    };
    Some(Intent::Forget(wish))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_privacy_is_read() {
        let set = |wish| Some(Intent::SetPrivacy(wish));
        for (text, expected) in [
            ("", Some(Intent::Privacy)),
            ("Off", set(PrivacyWish::Keep(false))),
            ("on", set(PrivacyWish::Keep(true))),
            ("keep 7 days", set(PrivacyWish::Days(7))),
            ("keep 1", set(PrivacyWish::Days(1))),
            ("keep for 90 days", set(PrivacyWish::Days(90))),
            ("backfill", set(PrivacyWish::Backfill)),
            ("Back-fill", set(PrivacyWish::Backfill)),
            ("backfill 48 hours", None),
            ("keep 0 days", None),
            ("keep 91 days", None),
            ("keep forever", None),
            ("please", None),
        ] {
            assert_eq!(privacy(text), expected, "{text}");
        }
    }

    #[test]
    fn what_follows_forget_is_read() {
        for (text, expected) in [
            ("me", Some(ForgetWish::Me)),
            ("Channel", Some(ForgetWish::Channel { is_sure: false })),
            ("channel yes", Some(ForgetWish::Channel { is_sure: true })),
            ("T-7", Some(ForgetWish::Thread(7))),
            ("T-0", None),
            ("T-", None),
            ("AUTH-7", None),
            ("me please", None),
            ("", None),
        ] {
            assert_eq!(forget(text), expected.map(Intent::Forget), "{text}");
        }
    }
}
