//! Where to go on: a page of this site, and nothing else, whatever an address says.

use std::fmt;

/// The longest path that is taken.
const LONGEST: usize = 2_000;

/// A path on this site, with its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SitePath(String);

impl SitePath {
    /// Reads where somebody wants to go on. What is not plainly a path of this site leads to the start.
    ///
    /// Browsers read `//host` and `/\host` as another site, and leave out tabs and line breaks before they look; so one
    /// slash comes first, then none, and there are no backslashes, blanks or control characters anywhere.
    pub fn read(text: &str) -> Self {
        let is_plain = |c: u8| c.is_ascii_graphic() && c != b'\\';
        let is_path = text.starts_with('/') && !text.starts_with("//");
        let fits = text.len() <= LONGEST && text.bytes().all(is_plain);
        Self(if is_path && fits { text.to_owned() } else { "/".to_owned() })
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The page to sign in on, which leads on to this one.
    pub(super) fn after_login(&self) -> String {
        if self.0 == "/" { "/login".to_owned() } else { format!("/login?{}", self.as_query()) }
    }

    /// `next=…`, for the address of a page that leads on.
    pub(super) fn as_query(&self) -> String {
        serde_urlencoded::to_string([("next", self.as_str())]).unwrap_or_default()
    }
}

impl fmt::Display for SitePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    const SITE: &str = "https://docket.example.com";

    /// Whether a browser that is told to go there stays on this site.
    fn stays(path: &SitePath) -> bool {
        let site = Url::parse(SITE).unwrap();
        site.join(path.as_str()).is_ok_and(|url| url.origin() == site.origin() && url.username().is_empty())
    }

    #[test]
    fn a_page_of_this_site_is_kept_and_everything_else_leads_to_the_start() {
        for path in ["/console", "/projects/AUTH?under=2", "/patches/P-4#top", "/%2F/evil.example", "/a//b", "/@evil"] {
            assert_eq!(SitePath::read(path).as_str(), path);
            assert!(stays(&SitePath::read(path)), "{path}");
        }
        for text in [
            "",
            "console",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "\\/evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "\t//evil.example",
            " //evil.example",
            "https://evil.example",
            "https:evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "//user@evil.example",
            "@evil.example",
            "/a\\b",
            "/\u{0}",
            "/ü",
            "http:/evil.example",
            "/\u{2028}/evil.example",
        ] {
            assert_eq!(SitePath::read(text).as_str(), "/", "{text:?}");
        }
        assert_eq!(SitePath::read(&format!("/{}", "x".repeat(LONGEST))).as_str(), "/");
    }

    #[test]
    fn the_page_to_sign_in_on_remembers_where_to_go_on() {
        assert_eq!(SitePath::read("/").after_login(), "/login");
        assert_eq!(SitePath::read("/patches/P-4?a=b&c").after_login(), "/login?next=%2Fpatches%2FP-4%3Fa%3Db%26c");
    }

    proptest! {
        #[test]
        fn whatever_is_taken_stays_on_this_site(text in "[/\\\\:@?#.%a-z0-9 \\t\\n]{0,40}|\\PC{0,40}|/[/\\\\]{0,3}.{0,20}") {
            prop_assert!(stays(&SitePath::read(&text)), "{text:?}");
        }

        #[test]
        fn a_harmless_path_is_taken(text in "/[a-zA-Z0-9][a-zA-Z0-9/?&=%._~-]{0,40}") {
            let path = SitePath::read(&text);
            prop_assert_eq!(path.as_str(), text.as_str());
        }
    }
}
