//! What a page sends: JSON from the script, a posted form without it.

use axum::http::{HeaderMap, header::CONTENT_TYPE};
use serde::Deserialize;

use super::Web;
use crate::{
    chat::console::receive::{Choice, Pressed, Unreadable},
    domain::{event::Action, ids::DeliveryId},
};

/// Whether the script sent it, which wants JSON back.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// What the script sent. Why it can't be read is said without quoting it.
pub(super) fn json_body<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, Unreadable> {
    serde_json::from_slice(body).map_err(|error| Unreadable::Shape(error.to_string()))
}

/// The fields of a posted form.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn read(body: &[u8]) -> Result<Self, Unreadable> {
        serde_urlencoded::from_bytes(body).map(Self).map_err(|error| Unreadable::Shape(error.to_string()))
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn get(&self, name: &str) -> Option<String> {
        self.all(name).next().map(ToOwned::to_owned)
    }

    /// The form's own key, so that a form sent twice counts once; a new one where it has none.
    pub(super) fn id(&self, web: &Web) -> String {
        self.get("id").unwrap_or_else(|| web.chance.id::<DeliveryId>().to_string())
    }

    /// The line that its `text` fields make together: a form can begin a command and let people fill in the rest.
    pub(super) fn line(&self) -> String {
        self.all("text").collect::<Vec<_>>().join(" ")
    }

    /// Reads `press` (`approve pat_… 3`), the ticked `steps` and the `words`.
    pub(super) fn pressed(&self) -> Result<Pressed, Unreadable> {
        let press = self.get("press").unwrap_or_default();
        let [action, patch, revision] = press.split(' ').collect::<Vec<_>>()[..] else { return Err(unknown_button()) };
        let patch = patch.parse().map_err(|_| unknown_button())?;
        let chosen = self.all("choices").any(|choices| choices.parse() == Ok(patch));
        let steps = self.all("steps").map(str::parse).collect::<Result<_, _>>().map_err(|_| unknown_button())?;
        Ok(Pressed {
            patch,
            revision: revision.parse().map_err(|_| unknown_button())?,
            action: Action::from_word(action).ok_or_else(unknown_button)?,
            steps: chosen.then_some(steps),
            words: self.get("words").filter(|words| !words.trim().is_empty()),
        })
    }

    /// Reads `choose`: the words and the line, as JSON.
    pub(super) fn choice(&self) -> Result<Choice, Unreadable> {
        serde_json::from_str(&self.get("choose").unwrap_or_default()).map_err(|_| unknown_button())
    }

    /// Reads `stop`: the delivery whose draft is to be stopped.
    pub(super) fn stopped(&self) -> Result<DeliveryId, Unreadable> {
        self.get("stop").unwrap_or_default().parse().map_err(|_| unknown_button())
    }
}

fn unknown_button() -> Unreadable {
    Unreadable::Shape("the button says nothing Docket knows".to_owned())
}
