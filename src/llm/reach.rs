//! Which machines a request may go to: to models, and to feeds of calendars.
//!
//! Whoever owns a tenant chooses the addresses of its accounts, and requests to them come from the machine that Docket
//! runs on. Its own network stays within reach, because that is where Ollama and other servers of one's own are; whoever
//! runs Docket for others fences it off with a firewall. Link-local addresses are out of reach: clouds serve the
//! credentials of a machine there. A key goes over plain HTTP only to this machine or within a private network.

use std::{
    error::Error,
    fmt,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use reqwest::{
    ClientBuilder, Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

/// What machines are called that serve credentials.
const METADATA: &[&str] = &["metadata", "metadata.google.internal", "metadata.goog", "instance-data"];
/// The metadata service of AWS over IPv6 (docs.aws.amazon.com/AWSEC2, "Use the Instance Metadata Service").
const AWS: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// Which machines a request may go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Any. Whoever runs Docket chose the address.
    Anywhere,
    /// Any but those at link-local addresses. A tenant chose the address.
    NotLinkLocal,
    /// This machine and private networks: a key goes there in the clear.
    Nearby,
    /// What everybody can reach: nothing of this machine or of a private network.
    Public,
}

/// A machine is out of reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfReach(Reach);

impl Error for OutOfReach {}

impl fmt::Display for OutOfReach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Reach::Public => "it leads to this machine or to a private network",
            Reach::Nearby => {
                "without https:// its key would go there in the clear, which is done on this machine and in private \
                 networks only"
            }
            _ => "it leads to a link-local address, where clouds keep credentials of machines and no model is",
        })
    }
}

impl Reach {
    /// How far a request to an address may go. `is_stored` says that a tenant chose the address.
    pub fn of(base_url: &str, has_key: bool, is_stored: bool) -> Self {
        match is_stored {
            _ if has_key && base_url.starts_with("http://") => Self::Nearby,
            true => Self::NotLinkLocal,
            false => Self::Anywhere,
        }
    }

    /// Checks an address as far as it says itself where it leads. What its name leads to is checked when a connection
    /// is made, by a client that is [limited](Self::limit).
    ///
    /// # Errors
    /// When that is out of reach.
    pub fn check(self, base_url: &str) -> Result<(), OutOfReach> {
        let url = Url::parse(base_url).ok();
        // In lower case, and a number as four (url.spec.whatwg.org, "host parsing").
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
        let is_within = match host.trim_matches(['[', ']']).parse() {
            Ok(ip) => self.reaches(ip),
            Err(_) => self == Self::Anywhere || !self.shuns(host.trim_end_matches('.')),
        };
        if is_within { Ok(()) } else { Err(OutOfReach(self)) }
    }

    /// A client that connects to nothing out of reach, whatever a name leads to in that moment.
    pub fn limit(self, client: ClientBuilder) -> ClientBuilder {
        if self == Self::Anywhere { client } else { client.dns_resolver(Arc::new(Names(self))) }
    }

    /// Whether a name says by itself that it leads out of reach.
    fn shuns(self, host: &str) -> bool {
        let is_local = || host.rsplit('.').next().is_some_and(|end| ["localhost", "local"].contains(&end));
        METADATA.contains(&host) || (self == Self::Public && is_local())
    }

    fn reaches(self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        let is_link_local = match ip {
            IpAddr::V4(ip) => ip.is_link_local(),
            IpAddr::V6(ip) => ip.is_unicast_link_local() || ip == AWS,
        };
        match self {
            Self::Anywhere => true,
            Self::NotLinkLocal => !is_link_local,
            Self::Nearby => !is_link_local && is_nearby(ip),
            Self::Public => !is_link_local && !is_nearby(ip) && is_global(ip),
        }
    }
}

/// Whether an address is this machine's or of a private network (RFC 1918, 4193, 6598).
fn is_nearby(ip: IpAddr) -> bool {
    ip.is_loopback()
        || ip.is_unspecified()
        || match ip {
            IpAddr::V4(ip) => {
                let [first, second, ..] = ip.octets();
                ip.is_private() || (first == 100 && (64..128).contains(&second))
            }
            IpAddr::V6(ip) => ip.is_unique_local(),
        }
}

/// Whether an address can be somebody's on the internet (iana.org: "IPv4 Special-Purpose Address Registry", and the same
/// for IPv6). Those that hold an IPv4 address lead wherever that does, so that none of them counts.
fn is_global(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [first, second, third, _] = ip.octets();
            let is_special = matches!(
                (first, second, third),
                (0, ..) | (192, 0, 0 | 2) | (192, 88, 99) | (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113)
            );
            // Multicast, what is kept for later, and broadcast.
            !is_special && first < 224
        }
        IpAddr::V6(ip) => {
            let [first, second, ..] = ip.segments();
            let is_unicast = first & 0xe000 == 0x2000;
            // Tunnels and other protocols, examples, and 6to4.
            let is_special = (first == 0x2001 && (second < 0x200 || second == 0xdb8)) || first == 0x2002;
            is_unicast && !is_special && !(first == 0x3fff && second < 0x1000)
        }
    }
}

/// Looks up names, and leaves out what is out of reach.
struct Names(Reach);

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let within: Vec<SocketAddr> = found.into_iter().filter(|found| reach.reaches(found.ip())).collect();
            if within.is_empty() {
                return Err(Box::new(OutOfReach(reach)) as Box<dyn Error + Send + Sync>);
            }
            Ok(Box::new(within.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_of_machines_and_keys_in_the_clear_are_out_of_reach() {
        use Reach::{Anywhere, Nearby, NotLinkLocal};
        for (address, link_local, nearby) in [
            ("https://api.openai.com/v1", true, true),
            ("http://127.0.0.1:11434/v1", true, true),
            ("http://localhost:11434/v1", true, true),
            ("http://[::1]:8000/v1", true, true),
            ("http://10.1.2.3/v1", true, true),
            ("http://172.16.0.9/v1", true, true),
            ("http://192.168.1.20:11434/v1", true, true),
            ("http://100.64.0.7/v1", true, true),
            ("http://[fd12::7]/v1", true, true),
            ("http://8.8.8.8/v1", true, false),
            ("http://100.128.0.7/v1", true, false),
            ("http://[2001:db8::1]/v1", true, false),
            ("http://169.254.169.254/v1", false, false),
            ("http://2852039166/v1", false, false),
            ("http://0xa9.0xfe.0xa9.0xfe/v1", false, false),
            ("http://[fe80::1]/v1", false, false),
            ("http://[::ffff:169.254.169.254]/v1", false, false),
            ("http://[fd00:ec2::254]/v1", false, false),
            ("http://metadata.google.internal/v1", false, false),
            ("http://METADATA.google.internal./v1", false, false),
        ] {
            let found = [Anywhere, NotLinkLocal, Nearby].map(|reach| reach.check(address).is_ok());
            assert_eq!(found, [true, link_local, nearby], "{address}");
        }
    }

    #[test]
    fn how_far_a_request_may_go_depends_on_its_key_and_on_who_chose_the_address() {
        for (address, has_key, is_stored, reach) in [
            ("https://proxy.example/v1", true, true, Reach::NotLinkLocal),
            ("https://proxy.example/v1", true, false, Reach::Anywhere),
            ("http://proxy.example/v1", false, true, Reach::NotLinkLocal),
            ("http://proxy.example/v1", true, true, Reach::Nearby),
            ("http://proxy.example/v1", true, false, Reach::Nearby),
            ("http://169.254.0.9/v1", false, false, Reach::Anywhere),
        ] {
            assert_eq!(Reach::of(address, has_key, is_stored), reach, "{address} {has_key} {is_stored}");
        }
    }

    #[test]
    fn nothing_but_what_everybody_can_reach_is_public() {
        for (address, is_public) in [
            ("https://example.com/h.ics", true),
            ("http://8.8.8.8/", true),
            ("http://[2606:4700::1111]/", true),
            ("http://127.0.0.1/", false),
            ("http://127.1/", false),
            ("http://0/", false),
            ("http://0.1.2.3/", false),
            ("http://10.1.2.3/", false),
            ("http://172.31.255.255/", false),
            ("http://192.168.0.1/", false),
            ("http://100.64.0.1/", false),
            ("http://169.254.169.254/", false),
            ("http://192.0.2.7/", false),
            ("http://198.18.0.1/", false),
            ("http://203.0.113.9/", false),
            ("http://224.0.0.1/", false),
            ("http://255.255.255.255/", false),
            ("http://[::1]/", false),
            ("http://[::]/", false),
            ("http://[fe80::1]/", false),
            ("http://[fec0::1]/", false),
            ("http://[fd00:ec2::254]/", false),
            ("http://[ff02::1]/", false),
            ("http://[::ffff:10.0.0.1]/", false),
            ("http://[64:ff9b::a00:1]/", false),
            ("http://[2002:a00:1::]/", false),
            ("http://[2001:db8::1]/", false),
            ("http://metadata.google.internal/", false),
        ] {
            assert_eq!(Reach::Public.check(address).is_ok(), is_public, "{address}");
        }
    }

    #[tokio::test]
    async fn names_lead_to_what_is_within_reach_alone() {
        let lookup = |reach: Reach| async move { Names(reach).resolve("localhost".parse().unwrap()).await.is_ok() };
        assert!(lookup(Reach::NotLinkLocal).await && lookup(Reach::Nearby).await);
        assert!(!lookup(Reach::Public).await);
        let lookup = Names(Reach::Nearby).resolve("169.254.169.254".parse().unwrap()).await;
        let Err(error) = lookup else { panic!("it is out of reach") };
        assert!(error.is::<OutOfReach>(), "{error}");
    }
}
