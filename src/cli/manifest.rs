//! `docket manifest`: what a platform asks for when an app is made there.

use std::io::Write;

use clap::Subcommand;

use super::Failure;
use crate::{chat::slack, config::Config};

/// Which platform's.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Slack's app manifest, in YAML: paste it at api.slack.com/apps → Create New App → From a manifest
    Slack {
        /// Where Slack reaches Docket, such as `https://docket.example.com`; `PUBLIC_URL` where it is not given
        #[arg(long, value_parser = public_url)]
        url: Option<String>,
    },
}

/// Prints the manifest.
pub(super) fn run(command: &Command, out: &mut dyn Write) -> Result<(), Failure> {
    let Command::Slack { url } = command;
    let url = if let Some(url) = url {
        url.clone()
    } else {
        let configured = Config::from_env().map_err(Failure::Settings)?.public_url;
        public_url(&configured)
            .map_err(|why| Failure::Usage(format!("{why}. Pass --url https://docket.example.com, or set PUBLIC_URL")))?
    };
    write!(out, "{}", slack::manifest::manifest(&url))?;
    Ok(())
}

/// An address that Slack can call: https, and nothing behind the host.
fn public_url(text: &str) -> Result<String, String> {
    let wrong = |why: &str| Err(format!("{text:?} {why}"));
    match reqwest::Url::parse(text) {
        Ok(url) if url.scheme() != "https" => wrong("does not start with https://, and Slack calls nothing else"),
        Ok(url) if url.path() != "/" || url.query().is_some() || url.fragment().is_some() => {
            wrong("goes on after the host, and Docket answers at the root of its address only")
        }
        Ok(url) if !url.username().is_empty() || url.password().is_some() => wrong("holds a user name"),
        Ok(url) => Ok(url.as_str().trim_end_matches('/').to_owned()),
        Err(_) => wrong("is not a web address"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slack_is_given_a_bare_https_address() {
        assert_eq!(public_url("https://docket.example.com/"), Ok("https://docket.example.com".to_owned()));
        assert_eq!(public_url("https://host:8443"), Ok("https://host:8443".to_owned()));
        for wrong in
            ["docket.example.com", "http://host", "https://host/docket", "https://host?a", "https://a:b@host", ""]
        {
            assert!(public_url(wrong).is_err(), "{wrong}");
        }
        // What is written into the manifest can't end the line it stands on.
        assert!(public_url("https://host\n- evil: 1").is_err());
    }
}
