//! The settings around signing in: the OpenID Connect provider, and the proxies that requests come through.

use std::net::IpAddr;

use ipnet::IpNet;
use reqwest::Url;
use secrecy::SecretString;

use super::{Reader, is_loopback, is_web};
use crate::config::{OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, OIDC_ISSUER, OidcConfig, TRUSTED_PROXIES};

impl Reader<'_> {
    pub(super) fn oidc(&mut self) -> Option<OidcConfig> {
        let settings = [&OIDC_ISSUER, &OIDC_CLIENT_ID, &OIDC_CLIENT_SECRET];
        let values = settings.map(|setting| self.text(setting));
        let first = settings.iter().zip(&values).find(|(_, value)| value.is_some()).map(|(setting, _)| setting.name)?;
        for (setting, value) in settings.iter().zip(&values) {
            if value.is_none() {
                let remedy = "Set all three (the provider shows them where you register Docket there), or none.";
                self.problem(setting, format!("is missing, and {first} is set."), remedy);
            }
        }
        let [Some(issuer), Some(client_id), Some(client_secret)] = values else { return None };
        self.check_issuer(&issuer);
        Some(OidcConfig { issuer, client_id, client_secret: SecretString::from(client_secret) })
    }

    /// What the provider states is only as good as the way it comes by.
    fn check_issuer(&mut self, issuer: &str) {
        let wrong = match Url::parse(issuer) {
            Ok(url) if !is_web(&url) || url.query().is_some() || url.fragment().is_some() => {
                "is not an issuer's address"
            }
            Ok(url) if url.scheme() == "http" && !url.host_str().is_some_and(is_loopback) => {
                "starts with http://, where anybody on the way could sign in as anybody"
            }
            Ok(_) => return,
            Err(_) => "is not a web address",
        };
        let remedy = "Set it to what the provider calls its issuer, such as https://id.example.com/realms/acme.";
        self.problem(&OIDC_ISSUER, format!("{wrong}."), remedy);
    }

    pub(super) fn trusted_proxies(&mut self) -> Vec<IpNet> {
        let text = self.text(&TRUSTED_PROXIES).unwrap_or_default();
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let read = |part: &str| {
            let address = || part.parse::<IpAddr>().map(IpNet::from);
            part.parse::<IpNet>().or_else(|_| address()).map_err(|_| part.to_owned())
        };
        let (networks, wrong): (Vec<_>, Vec<_>) = parts.map(read).partition(Result::is_ok);
        if let Some(Err(part)) = wrong.into_iter().next() {
            let remedy = "List addresses such as 192.0.2.7 and networks such as 10.0.0.0/8, with commas between them.";
            self.problem(
                &TRUSTED_PROXIES,
                format!("holds {part:?}, which is neither an address nor a network."),
                remedy,
            );
        }
        networks.into_iter().filter_map(Result::ok).collect()
    }
}
