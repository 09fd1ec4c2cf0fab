//! Requests of the JSON API that may be sent again, and what was answered the first time.
//!
//! The claim of a key, what the request does and its answer are written in one transaction: whoever sends the same
//! request at the same time waits for that transaction, and then finds the answer.

use super::{
    Error, Result, Tx,
    codec::{from_json, to_json},
};
use crate::domain::time::Timestamp;

/// The answer to the request that `$2` called `$3`.
pub(super) const ANSWER: &str = "SELECT fingerprint, status, headers, body FROM api_requests \
     WHERE tenant_id = $1 AND caller = $2 AND key = $3";

/// The requests from before `$2`.
pub(super) const OLD: &str = "DELETE FROM api_requests WHERE tenant_id = $1 AND created_at < $2";

/// A request that may be sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who sent it: a token, or the member of a session.
    pub caller: String,
    /// What they call it.
    pub key: String,
    /// Recognises a request that says the same.
    pub fingerprint: String,
}

/// What was answered to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The request that was answered.
    pub fingerprint: String,
    /// The status.
    pub status: u16,
    /// Names and values of its headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Tx {
    /// Claims the request's key for this transaction: whoever sends it too waits until this ends. Gives what was
    /// answered where it was claimed after `since`; older answers of the tenant are forgotten.
    pub async fn claim_request(&mut self, request: &Request, now: Timestamp, since: Timestamp) -> Result<Option<Kept>> {
        execute!(self.session, OLD, &self.key, since.as_millis());
        let mine = execute!(
            self.session,
            "INSERT INTO api_requests (tenant_id, caller, key, fingerprint, created_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT DO NOTHING",
            &self.key,
            &request.caller,
            &request.key,
            &request.fingerprint,
            now.as_millis()
        );
        if mine == 1 {
            return Ok(None);
        }
        let row = first!(
            self.session,
            (String, Option<i64>, Option<String>, Option<String>),
            ANSWER,
            &self.key,
            &request.caller,
            &request.key
        );
        let (fingerprint, status, headers, body) = row.ok_or(sqlx::Error::RowNotFound)?;
        let (Some(status), Some(headers), Some(body)) = (status, headers, body) else {
            return Err(Error::Corrupt { what: "request", why: "it was claimed and not answered".to_owned() });
        };
        let status =
            u16::try_from(status).map_err(|_| Error::Corrupt { what: "status", why: format!("{status} is none") })?;
        Ok(Some(Kept { fingerprint, status, headers: from_json("headers", &headers)?, body }))
    }

    /// Keeps the answer to a request that this transaction claimed.
    pub async fn answer_request(&mut self, request: &Request, answer: &Kept) -> Result<()> {
        execute!(
            self.session,
            "UPDATE api_requests SET status = $4, headers = $5, body = $6 \
             WHERE tenant_id = $1 AND caller = $2 AND key = $3",
            &self.key,
            &request.caller,
            &request.key,
            i64::from(answer.status),
            to_json("headers", &answer.headers)?,
            &answer.body
        );
        Ok(())
    }
}
