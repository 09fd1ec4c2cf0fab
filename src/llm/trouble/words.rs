//! Troubles in words for the person who asked.

use super::{Asked, ENVIRONMENT, Trouble};
use crate::{
    domain::model::{DAILY_TOKENS, RUN_TOKENS, grouped},
    llm::address,
};

/// What a server is called whose provider is not known.
const SERVER: &str = "the model server";

impl Asked {
    /// The account in a few words. The name of the environment's tells nobody anything: its provider stands for it,
    /// or the server.
    fn account(&self) -> String {
        if !self.is_environments() {
            return self.model.account.clone();
        }
        match (address::provider(&self.base_url), address::place(&self.base_url)) {
            (Some(provider), _) => provider.to_owned(),
            (None, Some(place)) => format!("{SERVER} at {place}"),
            (None, None) => SERVER.to_owned(),
        }
    }

    /// The account with its address: `Ollama at http://127.0.0.1:11434/v1`, `the model server at 127.0.0.1:11777`.
    fn place(&self) -> String {
        let account = self.account();
        if account.starts_with(SERVER) { account } else { format!("{account} at {}", self.base_url) }
    }

    /// The same at the start of a sentence.
    fn subject(&self) -> String {
        let place = self.place();
        place.strip_prefix("the ").map(|rest| format!("The {rest}")).unwrap_or(place)
    }

    fn is_environments(&self) -> bool {
        self.model.account == ENVIRONMENT
    }

    /// Who can change the account, and how.
    fn remedy(&self) -> &'static str {
        if self.is_environments() {
            "Whoever runs Docket can change OPENAI_API_KEY, OPENAI_BASE_URL and OPENAI_MODEL."
        } else {
            "An owner can look at it with /docket models."
        }
    }
}

impl Trouble {
    /// What is missing, in a few words without a full stop: `Ollama can't be reached`.
    pub fn brief(&self) -> String {
        match self {
            Self::NotConnected => "no model connected".to_owned(),
            Self::NoAccount { account } => format!("no account called {account}"),
            Self::OverBudget { run: false, .. } => "today's budget for models is used up".to_owned(),
            Self::OverBudget { run: true, .. } => "the budget of one request is used up".to_owned(),
            Self::RateLimited { model, .. } => format!("{} asks to wait", model.account()),
            Self::QuotaExhausted { model } => format!("the quota of {} is used up", model.account()),
            Self::Refused { model, .. } => format!("{} refused", model.model.model),
            Self::Truncated { model } => format!("the answer of {} was cut off", model.model.model),
            Self::Denied { model, status, .. } => refusal(&model.account(), *status, &model.model.model),
            Self::Unreachable { model, .. } => format!("{} can't be reached", model.account()),
            Self::Invalid { model, .. } => format!("the answer of {} was of no use", model.model.model),
            Self::KeyUnreadable { account, .. } => format!("the key of {account} can't be decrypted"),
            Self::TooLarge { .. } => "too much to read for a model".to_owned(),
            Self::TooSlow { .. } => "the model took too long".to_owned(),
        }
    }

    /// One line: what is missing, why, and who can do what.
    pub fn words(&self) -> String {
        match self {
            Self::NotConnected => "No model is connected. An owner can connect one with /docket models.".to_owned(),
            Self::NoAccount { account } => {
                format!("There is no account called {account}. /docket models lists the accounts.")
            }
            Self::OverBudget { used, limit, run, owners } => over_budget(*used, *limit, *run, owners),
            Self::RateLimited { model, until } => {
                let until = until.to_utc().format("%H:%M:%S UTC");
                format!("{} has had too many requests and asks to wait until {until}. Try again then.", model.subject())
            }
            Self::QuotaExhausted { model } => format!(
                "The quota of {} is used up: its provider answers nothing before it is paid or renewed there. {}",
                model.place(),
                model.remedy()
            ),
            Self::Refused { model, words } => {
                format!("{} refused to answer (“{}”). Say it in other words.", model.model.model, one_line(words))
            }
            Self::Truncated { model } => format!(
                "The answer of {} was longer than it may be and was cut off. Ask for less at once.",
                model.model.model
            ),
            Self::Denied { model, status, why } => denied(model, *status, why),
            Self::Unreachable { model, why } => format!(
                "{} can't be reached ({}). Whoever runs Docket can check it with docket doctor.",
                model.subject(),
                one_line(why)
            ),
            Self::Invalid { model, problems, in_shape } => {
                // What is wrong with its JSON, such as at `tasks[0].title`, is for the model that has to mend it.
                let first = problems.iter().find(|problem| *in_shape && !problem.contains('['));
                let first = first.map_or_else(String::new, |problem| format!(" ({})", one_line(problem)));
                format!(
                    "What {} answered was not what was asked for, twice{first}. Try again, perhaps in other words; an \
                     owner can choose another model with /docket models.",
                    model.model.model
                )
            }
            Self::KeyUnreadable { account, why } => format!(
                "The key of the account {account} can't be decrypted: {why}. Whoever runs Docket can bring that master \
                 key back, or an owner can remove the account and add it again."
            ),
            Self::TooLarge { tokens, limit } => format!(
                "There are {} tokens to read, and a model is given {} at most. Say it more briefly, or about one task.",
                grouped(*tokens),
                grouped(*limit)
            ),
            Self::TooSlow { limit } => format!(
                "The model was stopped after {} s without an answer that can be used. Try again, or ask for less.",
                limit.as_secs()
            ),
        }
    }
}

fn over_budget(used: u64, limit: u64, run: bool, owners: &[String]) -> String {
    if run {
        let (used, limit) = (grouped(used), grouped(limit));
        return format!(
            "This request has used {used} of the {limit} tokens that one may use. Say it in a new, shorter message."
        );
    }
    let who = match owners {
        [] => "an owner".to_owned(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    };
    if limit == 0 {
        let enough = shortened(enough(used, DAILY_TOKENS));
        return format!(
            "No model is asked: the budget is 0 tokens a day. To change it, {who} can say {RAISE} {enough}."
        );
    }
    let enough = shortened(enough(used, limit.saturating_mul(2)));
    format!(
        "Today's budget for models is used up: {} of {} tokens are used or set aside. It starts again at 00:00 UTC; \
         to raise it, {who} can say {RAISE} {enough}.",
        grouped(used),
        grouped(limit)
    )
}

const RAISE: &str = "/docket models budget";

/// A budget of so many tokens, or more where that leaves no room for another request today; a round number.
fn enough(used: u64, wanted: u64) -> u64 {
    let least = wanted.max(used.saturating_add(RUN_TOKENS));
    least.checked_next_multiple_of(RUN_TOKENS).unwrap_or(least)
}

/// A number of tokens as people type it: `2m`, `100k`.
fn shortened(tokens: u64) -> String {
    match tokens {
        _ if tokens.is_multiple_of(1_000_000) => format!("{}m", tokens / 1_000_000),
        _ if tokens.is_multiple_of(1_000) => format!("{}k", tokens / 1_000),
        _ => tokens.to_string(),
    }
}

fn denied(model: &Asked, status: u16, why: &str) -> String {
    let what = refusal(&model.subject(), status, &model.model.model);
    format!("{what} ({status}: {}). {}", one_line(why), model.remedy())
}

/// What it means that a place refuses with a status.
fn refusal(place: &str, status: u16, model: &str) -> String {
    match status {
        401 => format!("{place} does not accept the key"),
        402 => format!("{place} wants to be paid first"),
        403 => format!("{place} does not let this key use {model}"),
        404 => format!("{place} does not have {model}"),
        _ => format!("{place} turned the request away"),
    }
}

/// What came from outside, on one line of bearable length.
fn one_line(text: &str) -> String {
    const WIDTH: usize = 160;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = line.chars().take(WIDTH).collect();
    if short.len() < line.len() { short + "…" } else { short.trim_end_matches('.').to_owned() }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{domain::time::Timestamp, secrets::Unopenable};

    fn asked(name: &str, base_url: &str) -> Asked {
        Asked { model: name.parse().unwrap(), base_url: base_url.to_owned() }
    }

    /// One of each kind, of several providers.
    fn troubles() -> Vec<Trouble> {
        let ollama = asked("environment/llama3.2", "http://127.0.0.1:11434/v1");
        let server = asked("environment/qwen3", "http://127.0.0.1:11777/v1");
        let openai = asked("Team/gpt-5", "https://api.openai.com/v1");
        let denied = |status| Trouble::Denied { model: openai.clone(), status, why: "no\nsuch thing.".to_owned() };
        let over = |limit, owners: &[&str]| Trouble::OverBudget {
            used: 998_500,
            limit,
            run: false,
            owners: owners.iter().map(|&name| name.to_owned()).collect(),
        };
        vec![
            Trouble::NotConnected,
            Trouble::NoAccount { account: "openay".to_owned() },
            over(1_000_000, &["Ana", "Ben", "Cem"]),
            over(50_000, &["Ana"]),
            over(0, &[]),
            Trouble::OverBudget { used: 99_000, limit: 100_000, run: true, owners: vec![] },
            Trouble::RateLimited { model: openai.clone(), until: Timestamp::from_millis(1_763_719_200_000) },
            Trouble::QuotaExhausted { model: openai.clone() },
            Trouble::Refused { model: openai.clone(), words: "I can't\nhelp with that.".to_owned() },
            Trouble::Truncated { model: openai.clone() },
            denied(401),
            denied(402),
            denied(403),
            denied(404),
            Trouble::Denied { model: ollama.clone(), status: 400, why: "x".repeat(200) },
            Trouble::Unreachable { model: ollama.clone(), why: "connection refused".to_owned() },
            Trouble::Unreachable { model: server.clone(), why: "connection refused".to_owned() },
            Trouble::QuotaExhausted { model: server },
            Trouble::Unreachable { model: openai.clone(), why: "nothing came for 60 s".to_owned() },
            Trouble::Invalid {
                model: ollama.clone(),
                problems: vec!["tasks[0].title is too long".to_owned(), "AUTH-9 is not under AUTH-2".to_owned()],
                in_shape: true,
            },
            Trouble::Invalid { model: ollama, problems: vec!["tasks[0] is no object".to_owned()], in_shape: false },
            Trouble::KeyUnreadable { account: "Team".to_owned(), why: Unopenable::UnknownKey("1a2b3c4d".to_owned()) },
            Trouble::TooLarge { tokens: 31_250, limit: 24_000 },
            Trouble::TooSlow { limit: Duration::from_mins(6) },
        ]
    }

    #[test]
    fn every_trouble_is_one_line_with_who_can_do_what() {
        let all = troubles();
        for trouble in &all {
            assert!(!trouble.words().contains('\n') && !trouble.brief().contains('\n'), "{trouble:?}");
        }
        let told: Vec<_> = all.iter().map(|trouble| format!("{}\n    {}", trouble.brief(), trouble.words())).collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        no model connected
            No model is connected. An owner can connect one with /docket models.
        no account called openay
            There is no account called openay. /docket models lists the accounts.
        today's budget for models is used up
            Today's budget for models is used up: 998,500 of 1,000,000 tokens are used or set aside. It starts again at 00:00 UTC; to raise it, Ana, Ben or Cem can say /docket models budget 2m.
        today's budget for models is used up
            Today's budget for models is used up: 998,500 of 50,000 tokens are used or set aside. It starts again at 00:00 UTC; to raise it, Ana can say /docket models budget 1100k.
        today's budget for models is used up
            No model is asked: the budget is 0 tokens a day. To change it, an owner can say /docket models budget 1100k.
        the budget of one request is used up
            This request has used 99,000 of the 100,000 tokens that one may use. Say it in a new, shorter message.
        Team asks to wait
            Team at https://api.openai.com/v1 has had too many requests and asks to wait until 10:00:00 UTC. Try again then.
        the quota of Team is used up
            The quota of Team at https://api.openai.com/v1 is used up: its provider answers nothing before it is paid or renewed there. An owner can look at it with /docket models.
        gpt-5 refused
            gpt-5 refused to answer (“I can't help with that”). Say it in other words.
        the answer of gpt-5 was cut off
            The answer of gpt-5 was longer than it may be and was cut off. Ask for less at once.
        Team does not accept the key
            Team at https://api.openai.com/v1 does not accept the key (401: no such thing). An owner can look at it with /docket models.
        Team wants to be paid first
            Team at https://api.openai.com/v1 wants to be paid first (402: no such thing). An owner can look at it with /docket models.
        Team does not let this key use gpt-5
            Team at https://api.openai.com/v1 does not let this key use gpt-5 (403: no such thing). An owner can look at it with /docket models.
        Team does not have gpt-5
            Team at https://api.openai.com/v1 does not have gpt-5 (404: no such thing). An owner can look at it with /docket models.
        Ollama turned the request away
            Ollama at http://127.0.0.1:11434/v1 turned the request away (400: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…). Whoever runs Docket can change OPENAI_API_KEY, OPENAI_BASE_URL and OPENAI_MODEL.
        Ollama can't be reached
            Ollama at http://127.0.0.1:11434/v1 can't be reached (connection refused). Whoever runs Docket can check it with docket doctor.
        the model server at 127.0.0.1:11777 can't be reached
            The model server at 127.0.0.1:11777 can't be reached (connection refused). Whoever runs Docket can check it with docket doctor.
        the quota of the model server at 127.0.0.1:11777 is used up
            The quota of the model server at 127.0.0.1:11777 is used up: its provider answers nothing before it is paid or renewed there. Whoever runs Docket can change OPENAI_API_KEY, OPENAI_BASE_URL and OPENAI_MODEL.
        Team can't be reached
            Team at https://api.openai.com/v1 can't be reached (nothing came for 60 s). Whoever runs Docket can check it with docket doctor.
        the answer of llama3.2 was of no use
            What llama3.2 answered was not what was asked for, twice (AUTH-9 is not under AUTH-2). Try again, perhaps in other words; an owner can choose another model with /docket models.
        the answer of llama3.2 was of no use
            What llama3.2 answered was not what was asked for, twice. Try again, perhaps in other words; an owner can choose another model with /docket models.
        the key of Team can't be decrypted
            The key of the account Team can't be decrypted: it was encrypted with the master key 1a2b3c4d, which is not there. Whoever runs Docket can bring that master key back, or an owner can remove the account and add it again.
        too much to read for a model
            There are 31,250 tokens to read, and a model is given 24,000 at most. Say it more briefly, or about one task.
        the model took too long
            The model was stopped after 360 s without an answer that can be used. Try again, or ask for less.
        "#);
    }

    #[test]
    fn the_budget_that_is_advised_has_room_for_another_request() {
        for (used, limit, advised) in [
            (224_380, 3_000, "400k"),
            (998_500, 1_000_000, "2m"),
            (2_000_000, 0, "2100k"),
            (0, 0, "1m"),
            (0, 1_000, "100k"),
            (1_000_000, 450_000, "1100k"),
        ] {
            let words = over_budget(used, limit, false, &[]);
            assert!(words.ends_with(&format!("{RAISE} {advised}.")), "{words}");
        }
    }
}
