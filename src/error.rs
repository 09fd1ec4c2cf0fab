//! Two audiences: the person who asked, and whoever runs Docket.

/// A problem worded for the person who asked: what, why, and what to do. Shown to them as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UserError(pub String);

impl UserError {
    /// A problem in these words.
    pub fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }
}

/// What can go wrong on the way of one message.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something the person can act on.
    #[error(transparent)]
    User(#[from] UserError),
    /// Anything else: logged with a reference, shown as that reference.
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

/// An error and its causes on one line, each said once: some repeat their cause in their own words.
pub fn causes(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| match said.as_str() {
        "" => cause,
        _ if said.contains(&cause) => said,
        _ => format!("{said}: {cause}"),
    })
}

/// A result for the way of one message.
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use super::*;

    /// Says its cause itself, and names it as its source too, as the database's errors do.
    #[derive(Debug, thiserror::Error)]
    #[error("the driver: {0}")]
    struct Talkative(#[source] std::io::Error);

    #[test]
    fn every_cause_is_said_once() {
        let refused = std::io::Error::other("connection refused");
        let error = anyhow::Error::from(Talkative(refused)).context("the database does not answer");
        assert_eq!(causes(&error), "the database does not answer: the driver: connection refused");
        assert_eq!(causes(&anyhow::anyhow!("alone")), "alone");
    }
}
