//! What providers' refusals mean for people.

use crate::connect::Refused;

/// What a provider's refusal to give a fresh token means for people.
pub(super) fn refusal(refused: &Refused) -> String {
    let Refused::Denied(provider, code) = refused else { return format!("{refused}.") };
    let provider = provider.name();
    match code.as_str() {
        "invalid_grant"
        | "invalid_refresh_token"
        | "bad_refresh_token"
        | "token_revoked"
        | "token_expired"
        | "invalid_auth"
        | "account_inactive" => {
            format!(
                "{provider} no longer takes the token that fresh ones are got with ({code}): it was revoked there, or used twice."
            )
        }
        "ended" => "The token has ended, and it can't be renewed.".to_owned(),
        "uninstalled" => "The app was uninstalled at GitHub.".to_owned(),
        "suspended" => "The app was suspended at GitHub.".to_owned(),
        "bot_removed" => "The bot was removed from the Discord server.".to_owned(),
        code => format!("{provider} refuses to renew the token ({code})."),
    }
}
