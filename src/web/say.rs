//! What people send: a line, a click, a choice, a stop. Stored as a delivery before it is acknowledged.
//!
//! The script sends JSON and gets JSON; without it the same forms are posted and answered by a redirect to the console.

use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    Viewer, Web,
    form::{Form, is_json, json_body},
};
use crate::{
    chat::console::receive::{Choice, MAX_LINE, Pressed, Sent, Unreadable},
    domain::{delivery::Source, ids::DeliveryId, time::Timestamp},
    store::Accepted,
    telemetry,
};

/// What came in, or why it did not.
pub(super) type Body = Result<Bytes, BytesRejection>;

/// Why what came in is not taken, for the metrics and for the person.
pub(super) struct Refused {
    pub(super) outcome: &'static str,
    pub(super) status: StatusCode,
    pub(super) words: String,
}

impl Refused {
    /// Something that people can put right.
    pub(super) fn because(words: impl Into<String>) -> Self {
        Self { outcome: "unreadable", status: StatusCode::BAD_REQUEST, words: words.into() }
    }
}

impl From<Unreadable> for Refused {
    fn from(why: Unreadable) -> Self {
        Self::because(sentence(&why))
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

/// What was stored, and when.
pub(super) struct Kept {
    accepted: Accepted,
    at: Timestamp,
}

impl Kept {
    /// The acknowledgement.
    pub(super) fn acknowledge(&self, scripted: bool) -> Response {
        if scripted {
            let new = self.accepted == Accepted::New;
            (StatusCode::ACCEPTED, Json(json!({ "new": new, "at": self.at.as_millis() }))).into_response()
        } else {
            Redirect::to("/console").into_response()
        }
    }
}

/// A line typed into the console.
pub(super) async fn say(State(web): State<Web>, viewer: Viewer, headers: HeaderMap, body: Body) -> Response {
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
            Form::read(body).map(|form| Sent::Say { id: form.id(&web), text: form.line() })
        }
    };
    web.take(&viewer, body, read, scripted).await
}

/// A pressed button, or the form it opened.
pub(super) async fn click(State(web): State<Web>, viewer: Viewer, headers: HeaderMap, body: Body) -> Response {
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
    web.take(&viewer, body, read, scripted).await
}

/// A choice of what words mean.
pub(super) async fn choose(State(web): State<Web>, viewer: Viewer, headers: HeaderMap, body: Body) -> Response {
    #[derive(Deserialize)]
    struct Press {
        id: String,
        #[serde(flatten)]
        choice: Choice,
    }
    let scripted = is_json(&headers);
    let read = |body: &[u8]| {
        if scripted {
            json_body::<Press>(body).map(|Press { id, choice }| Sent::Choose { id, choice })
        } else {
            Form::read(body).and_then(|form| Ok(Sent::Choose { id: form.id(&web), choice: form.choice()? }))
        }
    };
    web.take(&viewer, body, read, scripted).await
}

/// A press of *Cancel* under a draft.
pub(super) async fn stop(State(web): State<Web>, viewer: Viewer, headers: HeaderMap, body: Body) -> Response {
    #[derive(Deserialize)]
    struct Press {
        id: String,
        delivery: DeliveryId,
    }
    let scripted = is_json(&headers);
    let read = |body: &[u8]| {
        if scripted {
            json_body::<Press>(body).map(|Press { id, delivery }| Sent::Stop { id, delivery })
        } else {
            Form::read(body).and_then(|form| Ok(Sent::Stop { id: form.id(&web), delivery: form.stopped()? }))
        }
    };
    web.take(&viewer, body, read, scripted).await
}

impl Web {
    /// Stores what was sent, and answers.
    async fn take(
        &self,
        viewer: &Viewer,
        body: Body,
        read: impl Fn(&[u8]) -> Result<Sent, Unreadable>,
        scripted: bool,
    ) -> Response {
        match self.keep(viewer, body, |body| Ok(read(body)?)).await {
            Ok(kept) => kept.acknowledge(scripted),
            Err(refused) if scripted => refused.in_json(),
            Err(refused) => self.trouble(refused.status, "Not sent", &refused.words),
        }
    }

    /// Stores what was sent, and counts.
    pub(super) async fn keep(
        &self,
        viewer: &Viewer,
        body: Body,
        read: impl FnOnce(&[u8]) -> Result<Sent, Refused>,
    ) -> Result<Kept, Refused> {
        let began = self.chance.now();
        let kept = match body.map_err(Refused::from).and_then(|body| read(&body)) {
            Ok(sent) => self.store(viewer, sent).await,
            Err(refused) => Err(refused),
        };
        let outcome = match &kept {
            Ok(Kept { accepted: Accepted::New, .. }) => "accepted",
            Ok(Kept { accepted: Accepted::Duplicate, .. }) => "duplicate",
            Err(refused) => refused.outcome,
        };
        let source = Source::Console.as_str();
        metrics::counter!(telemetry::DELIVERIES, "source" => source, "outcome" => outcome).increment(1);
        metrics::histogram!(telemetry::ACK_SECONDS, "source" => source)
            .record(self.chance.now().since(began).as_secs_f64());
        kept
    }

    async fn store(&self, viewer: &Viewer, sent: Sent) -> Result<Kept, Refused> {
        let delivery = sent.delivery(viewer.tenant, viewer.member.id, &self.chance)?;
        let at = delivery.delivery.received_at;
        let accepted = self.accept.accept(delivery).await.map_err(|error| self.not_stored(&error))?;
        Ok(Kept { accepted, at })
    }

    /// What to say where the database does not answer.
    pub(super) fn not_stored(&self, error: &anyhow::Error) -> Refused {
        let reference = self.chance.reference();
        tracing::error!(%reference, error = format!("{error:#}"), "what the console sent could not be stored");
        let words = format!(
            "Docket could not store this, so nothing was done. Send it again in a moment; \
             if it stays, look for {reference} in the log."
        );
        Refused { outcome: "unavailable", status: StatusCode::SERVICE_UNAVAILABLE, words }
    }
}

impl Refused {
    /// The refusal, for the script.
    pub(super) fn in_json(&self) -> Response {
        (self.status, Json(json!({ "error": self.words }))).into_response()
    }
}

/// The reason as a sentence.
fn sentence(why: &Unreadable) -> String {
    let words = why.to_string();
    let mut letters = words.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
