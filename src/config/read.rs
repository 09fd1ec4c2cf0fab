//! How the settings are read: all of them, so that every problem is told at once.

mod models;
mod providers;
mod sign_in;
mod slack;

use std::{net::IpAddr, path::Path};

use reqwest::Url;
use secrecy::SecretString;
use tracing_subscriber::EnvFilter;

use super::{
    Config, DATABASE_URL, DOCKET_TEMPLATES, HOST, LOG_FORMAT, LogConfig, LogFormat, PORT, PUBLIC_URL, Problem,
    RUST_LOG, SETTINGS, Setting, Variables,
};

/// Reads every setting, or tells every problem.
pub(super) fn read(source: &dyn Fn(&str) -> Option<String>) -> Result<Config, Vec<Problem>> {
    let mut reader = Reader { source, problems: Vec::new() };
    let port = reader.port();
    let host = reader.host();
    let config = Config {
        host: host.clone(),
        port,
        public_url: reader.public_url(&host, port),
        database_url: reader.database_url(),
        master_keys: reader.master_keys(),
        templates: reader.text(&DOCKET_TEMPLATES).map(Into::into),
        slack: reader.slack(),
        github: reader.github(),
        linear: reader.linear(),
        discord: reader.discord(),
        coder: reader.coder(),
        openai: reader.openai(),
        oidc: reader.oidc(),
        trusted_proxies: reader.trusted_proxies(),
        log: reader.log(),
    };
    if reader.problems.is_empty() { Ok(config) } else { Err(reader.problems) }
}

/// The variables of a `.env` file; none where there is no such file.
pub(super) fn dotenv(path: &Path) -> Result<Variables, Vec<Problem>> {
    let unreadable = |error: &dotenvy::Error| {
        // The error's own text may quote the line, and the line may hold a secret.
        let why = match error {
            dotenvy::Error::LineParse(_, _) => "a line is not of the form NAME=value".to_owned(),
            dotenvy::Error::Io(error) => error.to_string(),
            _ => "it is not in the form of an environment file".to_owned(),
        };
        let remedy = "Put values with spaces or # in quotes; .env.example shows how.".to_owned();
        vec![Problem { setting: ".env", what: format!("can't be read: {why}."), remedy }]
    };
    match dotenvy::from_path_iter(path) {
        Ok(lines) => lines.collect::<Result<_, _>>().map_err(|error| unreadable(&error)),
        Err(dotenvy::Error::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => Ok(Variables::new()),
        Err(error) => Err(unreadable(&error)),
    }
}

/// Names in a `.env` file that are almost those of settings. Other unknown names are left alone: the file may
/// serve other programs too.
pub(super) fn misspelt(file: &Variables) -> Vec<Problem> {
    let unknown = file.keys().filter(|name| SETTINGS.iter().all(|setting| setting.name != name.as_str()));
    let almost = |name: &str| {
        let near = |setting: &&Setting| strsim::damerau_levenshtein(setting.name, name) <= 1 + setting.name.len() / 10;
        SETTINGS.iter().find(near)
    };
    let problem = |name: &String| {
        let setting = almost(name)?;
        let what = format!("sets {name}, which Docket does not know.");
        Some(Problem { setting: ".env", what, remedy: format!("Did you mean {}?", setting.name) })
    };
    unknown.filter_map(problem).collect()
}

/// Collects problems while it reads. After a problem a reading function answers with a value that nobody
/// will see, so that the others are read too.
struct Reader<'a> {
    source: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    /// A variable's value without the space around it; an empty one is none.
    fn text(&self, setting: &Setting) -> Option<String> {
        (self.source)(setting.name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn text_or_default(&self, setting: &Setting) -> String {
        self.text(setting).unwrap_or_else(|| setting.default.to_owned())
    }

    /// One or several secrets, separated by commas; none where it is not set.
    fn secrets(&mut self, setting: &Setting, remedy: &str) -> Vec<SecretString> {
        let Some(text) = self.text(setting) else { return Vec::new() };
        let secrets: Vec<_> = text.split(',').map(str::trim).filter(|secret| !secret.is_empty()).collect();
        if secrets.is_empty() {
            self.problem(setting, "holds no secret, only commas.", remedy);
        }
        secrets.into_iter().map(SecretString::from).collect()
    }

    fn problem(&mut self, setting: &Setting, what: impl Into<String>, remedy: impl Into<String>) {
        self.problems.push(Problem { setting: setting.name, what: what.into(), remedy: remedy.into() });
    }

    fn port(&mut self) -> u16 {
        let text = self.text_or_default(&PORT);
        text.parse().unwrap_or_else(|_| {
            let what = format!("is {text:?}, which is not a port: a port is a number from 0 to 65535.");
            self.problem(&PORT, what, "Set PORT=8080, or leave it out.");
            0
        })
    }

    fn host(&mut self) -> String {
        let text = self.text_or_default(&HOST);
        if !is_host(&text) {
            let what = format!("is {text:?}, which is neither an address nor a host name.");
            let remedy = "Set HOST=127.0.0.1 for this machine only, or HOST=0.0.0.0 for every interface; \
                          the port goes into PORT.";
            self.problem(&HOST, what, remedy);
        }
        text
    }

    /// Where it is not set, Docket is for this machine alone, where the console asks nobody to sign in. Listening
    /// to others without saying so would open that console to them.
    fn public_url(&mut self, host: &str, port: u16) -> String {
        let Some(text) = self.text(&PUBLIC_URL) else {
            if is_host(host) && !is_loopback(host) {
                let what = format!("is missing, and HOST={host} lets other machines in.");
                let remedy = "Set it to the address they use, such as PUBLIC_URL=https://docket.example.com; or to \
                              http://127.0.0.1:8080 if only this machine can reach the port.";
                self.problem(&PUBLIC_URL, what, remedy);
            }
            return format!("http://127.0.0.1:{port}");
        };
        let wrong = match Url::parse(&text) {
            Err(_) => Some("is not a web address"),
            Ok(url) if !is_web(&url) => Some("does not start with https:// or http://"),
            Ok(url) if !url.username().is_empty() || url.password().is_some() => Some("holds a user name"),
            Ok(url) if url.path() != "/" || url.query().is_some() || url.fragment().is_some() => {
                Some("goes on after the host, and Docket answers at the root of its address only")
            }
            Ok(_) => None,
        };
        if let Some(wrong) = wrong {
            let remedy = "Set it to scheme and host, such as PUBLIC_URL=https://docket.example.com.";
            self.problem(&PUBLIC_URL, format!("{wrong}."), remedy);
        }
        text.trim_end_matches('/').to_owned()
    }

    fn database_url(&mut self) -> String {
        let text = self.text_or_default(&DATABASE_URL);
        let remedy = "Set DATABASE_URL=sqlite://data/docket.db, or \
                      DATABASE_URL=postgres://user:password@host:5432/docket.";
        let scheme = text.split(':').next().unwrap_or_default();
        let wrong = match scheme {
            "sqlite" if text.contains(":memory:") || text.contains("mode=memory") => {
                Some("keeps nothing: a database in memory is gone when Docket stops.".to_owned())
            }
            "sqlite" if text.trim_start_matches("sqlite:").trim_start_matches("//").is_empty() => {
                Some("names no file.".to_owned())
            }
            "sqlite" => None,
            "postgres" | "postgresql" => Url::parse(&text).err().map(|error| {
                format!("can't be read ({error}); special characters in a password are written %40 for @, %2F for /.")
            }),
            _ => Some("names no database that Docket knows: it must start with sqlite:// or postgres://.".to_owned()),
        };
        if let Some(wrong) = wrong {
            self.problem(&DATABASE_URL, wrong, remedy);
        }
        text
    }

    fn log(&mut self) -> LogConfig {
        let format = match self.text_or_default(&LOG_FORMAT).as_str() {
            "text" => LogFormat::Text,
            "json" => LogFormat::Json,
            other => {
                let what = format!("is {other:?}, and there are two formats: text and json.");
                self.problem(&LOG_FORMAT, what, "Set LOG_FORMAT=json, or leave it out.");
                LogFormat::Text
            }
        };
        let filter = self.text(&RUST_LOG);
        if let Some(Err(error)) = filter.as_deref().map(|filter| EnvFilter::builder().parse(filter)) {
            let remedy = "Set RUST_LOG=info,docket=debug, or leave it out.";
            self.problem(&RUST_LOG, format!("can't be read: {error}."), remedy);
        }
        LogConfig { format, filter }
    }
}

fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(is_word)
    };
    // A name that ends in a number is an address that went wrong, such as 127.0.0.256.
    let is_number = |label: &str| label.chars().all(|c| c.is_ascii_digit());
    let is_name = text.split('.').all(is_label) && !text.rsplit('.').next().is_some_and(is_number);
    is_name || text.parse::<IpAddr>().is_ok()
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host()
}
