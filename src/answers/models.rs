//! `models`: which models are connected, what each is for, and what they cost today.

use super::{Ask, line::titled};
use crate::{
    domain::{
        message::{Block, Button, ButtonStyle, Line, Message, Press, Span},
        model::{Use, grouped},
    },
    llm::models::{AccountState, AccountView, KeyPlace, Overview},
    review::words::count,
    store::{self, Tx},
};

/// Accounts that get a button of their own to be tested.
const BUTTONS: usize = 4;

pub(super) async fn answer(tx: &mut Tx, ask: &Ask<'_>) -> store::Result<Message> {
    Ok(message(&ask.models.overview(tx, ask.now).await?))
}

fn message(overview: &Overview) -> Message {
    let add = Button { label: "Add an account".to_owned(), style: ButtonStyle::Plain, press: Press::AddAccount };
    if overview.accounts.is_empty() {
        let words = "No model is connected. Plans come from templates, and edits are read by a grammar. An owner can \
                     add an account with a provider, or with an Ollama of your own.";
        return Message {
            summary: words.to_owned(),
            blocks: vec![Block::Text(vec![Span::plain(words)]), Block::Buttons(vec![add])],
        };
    }
    let title = format!("{} connected", count(overview.accounts.len(), "account"));
    let test =
        |account: &AccountView| Button::say(format!("Test {}", account.name), format!("models test {}", account.name));
    let buttons = overview.accounts.iter().take(BUTTONS).map(test).chain([add]).collect();
    let blocks = vec![
        Block::Lines { lines: overview.accounts.iter().flat_map(lines).collect(), more: None },
        Block::Text(uses(overview)),
        Block::Text(vec![Span::Plain(spent(overview))]),
        Block::Buttons(buttons),
    ];
    titled(title.clone(), title, blocks)
}

/// The account, and what is wrong with it, if something is.
fn lines(account: &AccountView) -> Vec<Line> {
    let key = match account.key {
        KeyPlace::Stored => "key stored encrypted",
        KeyPlace::Environment => "set by whoever runs Docket",
        KeyPlace::NotNeeded => "no key needed",
    };
    let mut lines = vec![Line::plain(vec![
        Span::Strong(account.name.clone()),
        Span::plain(format!(" {} · {} · {key}", account.models.join(", "), account.base_url)),
    ])];
    if let AccountState::Resting { until } = account.state {
        lines.push(Line {
            depth: 1,
            ..Line::plain(vec![Span::plain("not asked again until "), Span::Time(until), Span::Plain(after(account))])
        });
    } else if let Some(error) = &account.last_error {
        lines.push(Line { depth: 1, ..Line::plain(vec![Span::Plain(format!("last time: {error}"))]) });
    }
    lines
}

fn after(account: &AccountView) -> String {
    account.last_error.as_ref().map_or_else(String::new, |error| format!(": {error}"))
}

/// `Default: openai/gpt-5 · route: openai/gpt-5-mini`.
fn uses(overview: &Overview) -> Vec<Span> {
    let mut spans = vec![Span::plain("Default: ")];
    match &overview.default {
        Some(model) => spans.push(Span::Code(model.to_string())),
        None => spans.push(Span::plain("none")),
    }
    for purpose in Use::ALL {
        if let Some(model) = overview.uses.get(purpose) {
            spans.extend([Span::plain(format!(" · {}: ", purpose.as_str())), Span::Code(model.to_string())]);
        }
    }
    spans
}

fn spent(overview: &Overview) -> String {
    let (used, limit) = (grouped(overview.used), grouped(overview.limit));
    format!("Today (UTC): {used} of {limit} tokens.")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::{model::JsonMode, time::Timestamp};

    fn account(name: &str, models: &[&str]) -> AccountView {
        AccountView {
            name: name.to_owned(),
            base_url: format!("https://api.{name}.example/v1"),
            models: models.iter().map(|model| (*model).to_owned()).collect(),
            key: KeyPlace::Stored,
            json: JsonMode::Schema,
            state: AccountState::Works,
            last_error: None,
        }
    }

    #[test]
    fn accounts_are_listed_with_their_state_and_what_was_spent() {
        let resting = AccountState::Resting { until: Timestamp::from_millis(1_795_600_000_000) };
        let overview = Overview {
            accounts: vec![
                account("openai", &["gpt-5", "gpt-5-mini"]),
                AccountView {
                    key: KeyPlace::NotNeeded,
                    state: resting,
                    last_error: Some("connection refused".to_owned()),
                    ..account("ollama", &["qwen3"])
                },
            ],
            default: "openai/gpt-5".parse().ok(),
            uses: BTreeMap::from([(Use::Route, "openai/gpt-5-mini".parse().unwrap())]),
            used: 12_345,
            limit: 1_000_000,
        };
        insta::assert_snapshot!(message(&overview).to_plain(), @r"
        2 accounts connected
        openai gpt-5, gpt-5-mini · https://api.openai.example/v1 · key stored encrypted
        ollama qwen3 · https://api.ollama.example/v1 · no key needed
          not asked again until Wed 25 Nov 09:46 UTC: connection refused
        Default: openai/gpt-5 · route: openai/gpt-5-mini
        Today (UTC): 12,345 of 1,000,000 tokens.
        [Test openai] [Test ollama] [Add an account]
        ");
    }

    #[test]
    fn without_an_account_it_says_how_to_get_one() {
        let overview =
            Overview { accounts: Vec::new(), default: None, uses: BTreeMap::new(), used: 0, limit: 1_000_000 };
        assert!(message(&overview).to_plain().ends_with("[Add an account]\n"));
    }
}
