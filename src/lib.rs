//! Docket: every change to the plan is a small, explained diff that the right person approved in chat,
//! and nothing that reached us is ever lost.
//!
//! # The way of one message
//!
//! ```text
//!  Slack  console  GitHub                  a line, a click, an event, a webhook
//!     \      |      /
//!         ingest        1  verified on raw bytes; delivery and job in one transaction; acknowledged
//!       |
//!      jobs            the worker takes the delivery's job
//!       |
//!     intent        2  event → intent: one grammar, then phrases, then a model        ⎫ llm asks
//!    planner        3  intent and plan → draft of a patch: by a model, else a template ⎭ it
//!     review        4  draft → proposal with its card; click → decision
//!      apply        5  approved patch → next revision of the plan, one transaction
//!       |
//!      chat            cards and private answers on their way to where people read them
//! ```
//!
//! What happens at GitHub is kept by [`trackers`] as facts, from which rules draft patches like anybody else.
//! [`answers`] replies to questions that change nothing, and [`standups`] tells teams how things stand when they asked
//! for it. [`web`] serves the pages, and [`connect`] signs people in with
//! providers and connects those. [`keys`] looks after the secrets that are stored, [`moving`] after tenants that come and go. [`app`] puts it all
//! together; [`cli`] is the program around it.
//!
//! # Who may import whom
//!
//! [`domain`] is pure and imports nothing of ours. [`store`] is the only room that knows SQL, and [`llm`] the only one
//! that talks to models. The numbered rooms, `answers`, `standups`, `chat` and `trackers` import those two and each other, without cycles; [`jobs`] imports them; `app`
//! imports everything. A platform's own types stay in its adapter under `chat` or `trackers`. A test reads the sources
//! and enforces all of this.
//!
//! # What always holds
//!
//! 1. A request is acknowledged only after its delivery, and its job, are committed. The same request again
//!    changes nothing and is acknowledged as well.
//! 2. No call over a network while a transaction is open. Whatever goes out is a job that may run twice.
//! 3. Only [`apply`] changes a plan, and only by the operations of [`domain::patch`].
//! 4. A patch leaves `Proposed` once, by compare-and-set. A button carries the patch and the revision that
//!    its reader saw.
//! 5. A patch is stale only where a task that it touches has changed since.
//! 6. Every query belongs to one tenant: [`store::Tx`] carries it. An id from outside is looked up there.
//! 7. Every click gets an answer: it shows on the card, or the person is told why not.
//! 8. Everything works without a model. A model only ever answers with text, which becomes a draft by the rules that
//!    hold for everybody, and waits for a person; what it costs is set aside before it is asked.

pub mod answers;
pub mod app;
pub mod apply;
pub mod chat;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connect;
pub mod doctor;
pub mod domain;
pub mod error;
pub mod eval;
pub mod health;
pub mod ingest;
pub mod intent;
pub mod jobs;
pub mod keys;
pub mod llm;
pub mod moving;
pub mod planner;
pub mod review;
pub mod secrets;
pub mod shutdown;
pub mod standups;
pub mod store;
pub mod telemetry;
pub mod trackers;
pub mod web;
