//! What people send: a line or a click, stored as a delivery before it is acknowledged.
//!
//! The script sends JSON and gets JSON; without it the same forms are posted and answered by a redirect to the console.

use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use serde_json::json;

use super::Web;
use crate::{
    chat::console::receive::{MAX_LINE, Pressed, Sent, Unreadable},
    domain::{delivery::Source, event::Action, ids::DeliveryId, time::Timestamp},
    store::Accepted,
    telemetry,
};

/// What came in, or why it did not.
type Body = Result<Bytes, BytesRejection>;

/// Why what came in is not taken, for the metrics and for the person.
struct Refused {
    outcome: &'static str,
    status: StatusCode,
    words: String,
}

impl From<Unreadable> for Refused {
    fn from(why: Unreadable) -> Self {
        Self { outcome: "unreadable", status: StatusCode::BAD_REQUEST, words: sentence(&why) }
    }
}

impl From<BytesRejection> for Refused {
    fn from(why: BytesRejection) -> Self {
        match why.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                let words = format!("That is too long: a line may have {MAX_LINE} characters. Say it in fewer words.");
                Self { outcome: "too_large", status: StatusCode::PAYLOAD_TOO_LARGE, words }
            }
            status => Self { outcome: "broken", status, words: "It did not arrive whole. Send it again.".to_owned() },
        }
    }
}

/// A line typed into the console.
pub(super) async fn say(State(web): State<Web>, headers: HeaderMap, body: Body) -> Response {
    #[derive(Deserialize)]
    struct Line {
        id: String,
        text: String,
    }
    let scripted = is_json(&headers);
    let read = |body: &[u8]| {
        if scripted {
            json_body::<Line>(body).map(|Line { id, text }| Sent::Say { id, text })
        } else {
            Form::read(body).map(|form| Sent::Say { id: form.id(&web), text: form.get("text").unwrap_or_default() })
        }
    };
    web.take(body, read, scripted).await
}

/// A pressed button, or the form it opened.
pub(super) async fn click(State(web): State<Web>, headers: HeaderMap, body: Body) -> Response {
    #[derive(Deserialize)]
    struct Press {
        id: String,
        #[serde(flatten)]
        click: Pressed,
    }
    let scripted = is_json(&headers);
    let read = |body: &[u8]| {
        if scripted {
            json_body::<Press>(body).map(|Press { id, click }| Sent::Click { id, click })
        } else {
            Form::read(body).and_then(|form| Ok(Sent::Click { id: form.id(&web), click: form.pressed()? }))
        }
    };
    web.take(body, read, scripted).await
}

impl Web {
    /// Stores what was sent, answers, and counts.
    async fn take(&self, body: Body, read: impl Fn(&[u8]) -> Result<Sent, Unreadable>, scripted: bool) -> Response {
        let began = self.chance.now();
        let stored = match body.map_err(Refused::from).and_then(|body| Ok(read(&body)?)) {
            Ok(sent) => self.store(sent).await,
            Err(refused) => Err(refused),
        };
        let (outcome, response) = match stored {
            Ok((accepted, at)) => {
                let new = matches!(accepted, Accepted::New);
                let response = if scripted {
                    (StatusCode::ACCEPTED, Json(json!({ "new": new, "at": at.as_millis() }))).into_response()
                } else {
                    Redirect::to("/console").into_response()
                };
                (if new { "accepted" } else { "duplicate" }, response)
            }
            Err(refused) => (refused.outcome, self.refuse(refused.status, "Not sent", &refused.words, scripted)),
        };
        let source = Source::Console.as_str();
        metrics::counter!(telemetry::DELIVERIES, "source" => source, "outcome" => outcome).increment(1);
        metrics::histogram!(telemetry::ACK_SECONDS, "source" => source)
            .record(self.chance.now().since(began).as_secs_f64());
        response
    }

    async fn store(&self, sent: Sent) -> Result<(Accepted, Timestamp), Refused> {
        let delivery = sent.delivery(self.tenant, &self.chance)?;
        let at = delivery.delivery.received_at;
        let accepted = self.accept.accept(delivery).await.map_err(|error| {
            let reference = self.chance.reference();
            tracing::error!(%reference, error = format!("{error:#}"), "what the console sent could not be stored");
            let words = format!(
                "Docket could not store this, so nothing was done. Send it again in a moment; \
                 if it stays, look for {reference} in the log."
            );
            Refused { outcome: "unavailable", status: StatusCode::SERVICE_UNAVAILABLE, words }
        })?;
        Ok((accepted, at))
    }

    fn refuse(&self, status: StatusCode, what: &str, words: &str, scripted: bool) -> Response {
        if scripted {
            (status, Json(json!({ "error": words }))).into_response()
        } else {
            self.trouble(status, what, words)
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn json_body<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, Unreadable> {
    serde_json::from_slice(body).map_err(|error| Unreadable::Shape(error.to_string()))
}

/// The reason as a sentence.
fn sentence(why: &Unreadable) -> String {
    let words = why.to_string();
    let mut letters = words.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// The fields of a posted form.
struct Form(Vec<(String, String)>);

impl Form {
    fn read(body: &[u8]) -> Result<Self, Unreadable> {
        serde_urlencoded::from_bytes(body).map(Self).map_err(|error| Unreadable::Shape(error.to_string()))
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    fn get(&self, name: &str) -> Option<String> {
        self.all(name).next().map(ToOwned::to_owned)
    }

    /// The form's own key, so that a form sent twice counts once; a new one where it has none.
    fn id(&self, web: &Web) -> String {
        self.get("id").unwrap_or_else(|| web.chance.id::<DeliveryId>().to_string())
    }

    /// Reads `press` (`approve pat_… 3`), the ticked `steps` and the `words`.
    fn pressed(&self) -> Result<Pressed, Unreadable> {
        let press = self.get("press").unwrap_or_default();
        let unreadable = || Unreadable::Shape("the button says nothing Docket knows".to_owned());
        let [action, patch, revision] = press.split(' ').collect::<Vec<_>>()[..] else { return Err(unreadable()) };
        let patch = patch.parse().map_err(|_| unreadable())?;
        let chosen = self.all("choices").any(|choices| choices.parse() == Ok(patch));
        let steps = self.all("steps").map(str::parse).collect::<Result<_, _>>().map_err(|_| unreadable())?;
        Ok(Pressed {
            patch,
            revision: revision.parse().map_err(|_| unreadable())?,
            action: Action::from_word(action).ok_or_else(unreadable)?,
            steps: chosen.then_some(steps),
            words: self.get("words").filter(|words| !words.trim().is_empty()),
        })
    }
}
