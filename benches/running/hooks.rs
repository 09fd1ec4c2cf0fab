//! Webhooks of GitHub, signed, and the organisation that they are of.

use docket::{
    clock::Chance,
    domain::{
        connection::{Condition, Connection},
        member::{Identity, Member, Role, Standing, Surface},
        provider::Provider,
    },
    ingest::signature::sign_github,
    store::Store,
};
use serde_json::{Value, json};

use crate::{load::Prepared, running};

/// What they are signed with.
pub(crate) const SECRET: &str = "secret-of-a-benchmark";
const INSTALLATION: u64 = 501;
/// How large a usual webhook of a pull request is, in bytes.
const SIZE: usize = 12_000;

/// Connects the organisation that the webhooks are of.
pub(crate) async fn connect(store: &Store, chance: &Chance) {
    let tenant = store.local_tenant(chance).await.expect("a tenant");
    let mut tx = store.write(tenant).await.expect("a transaction");
    let by = Member {
        id: chance.id(),
        name: "Ana".to_owned(),
        role: Role::Owner,
        standing: Standing::Full,
        time_zone: "UTC".to_owned(),
    };
    let user = Identity { surface: Surface::Slack, team: running::TEAM.to_owned(), user: running::USER.to_owned() };
    tx.put_member(&by, &user).await.expect("a member");
    let connection = Connection {
        id: chance.id(),
        provider: Provider::GitHub,
        realm: INSTALLATION.to_string(),
        owner: None,
        name: "acme".to_owned(),
        account: "docket".to_owned(),
        url: "https://github.com/acme".to_owned(),
        scopes: Vec::new(),
        access: None,
        refresh: None,
        expires_at: None,
        condition: Condition::Live,
        trouble: None,
        version: 1,
        by: by.id,
        connected_at: chance.now(),
        refreshed_at: None,
    };
    tx.put_connection(&connection).await.expect("a connection");
    tx.commit().await.expect("a commit");
}

/// A webhook of a pull request that somebody pushed to, as large and as repetitive as they usually are: half of it are the
/// addresses of everything around it.
pub(crate) fn webhook() -> Prepared {
    let mut body = json!({
        "action": "synchronize", "number": 7, "before": sha(1), "after": sha(2),
        "installation": { "id": INSTALLATION }, "sender": user("ana-gh", 11), "repository": repository(),
        "pull_request": {
            "id": 1, "number": 7, "state": "open", "draft": false, "merged": false, "title": "AUTH-3: Sign-in page",
            "html_url": "https://github.com/acme/web/pull/7", "user": user("ana-gh", 11), "labels": [],
            "assignees": [user("bo-gh", 12)], "requested_reviewers": [user("cy-gh", 13)],
            "created_at": "2026-11-20T09:00:00Z", "updated_at": "2026-11-20T10:00:00Z",
            "head": { "ref": "auth-3", "sha": sha(2), "user": user("ana-gh", 11), "repo": { "id": 700 } },
            "base": { "ref": "main", "sha": sha(3), "user": user("acme", 10), "repo": { "id": 700 } },
            "body": "",
        },
    });
    let short = SIZE - body.to_string().len();
    body["pull_request"]["body"] = words(short).into();
    prepare(body.to_string().as_bytes())
}

fn user(login: &str, id: u64) -> Value {
    let mut user = json!({ "id": id, "login": login, "type": "User", "site_admin": false });
    user["html_url"] = format!("https://github.com/{login}").into();
    for of in ["followers", "following", "gists", "starred", "subscriptions", "orgs", "repos", "events"] {
        user[format!("{of}_url")] = format!("https://api.github.com/users/{login}/{of}").into();
    }
    user
}

fn repository() -> Value {
    const OF: [&str; 24] = [
        "archive",
        "assignees",
        "blobs",
        "branches",
        "collaborators",
        "comments",
        "commits",
        "compare",
        "contents",
        "contributors",
        "deployments",
        "downloads",
        "events",
        "forks",
        "hooks",
        "issues",
        "keys",
        "labels",
        "languages",
        "merges",
        "milestones",
        "notifications",
        "pulls",
        "releases",
    ];
    let mut repository = json!({
        "id": 700, "full_name": "acme/web", "name": "web", "private": true, "archived": false,
        "html_url": "https://github.com/acme/web", "default_branch": "main", "owner": user("acme", 10),
    });
    for of in OF {
        repository[format!("{of}_url")] = format!("https://api.github.com/repos/acme/web/{of}{{/number}}").into();
    }
    repository
}

/// Forty digits that repeat nothing.
fn sha(nth: u64) -> String {
    let parts: Vec<String> = (0..5).map(|part| format!("{:08x}", scattered(nth * 5 + part) >> 32)).collect();
    parts.concat()
}

/// About as many bytes of prose.
fn words(bytes: usize) -> String {
    const WORDS: [&str; 32] = [
        "the", "page", "asks", "for", "a", "code", "second", "time", "when", "session", "ends", "before", "mail",
        "arrives", "so", "we", "keep", "what", "was", "typed", "and", "try", "it", "again", "after", "sign-in",
        "tests", "cover", "both", "ways", "see", "above",
    ];
    let words = (0_u64..).map(|nth| WORDS[usize::try_from(scattered(nth) >> 59).expect("below 32")]);
    let mut text = String::new();
    for word in words.take_while({
        let mut left = bytes;
        move |word| {
            left = left.saturating_sub(word.len() + 1);
            left > 0
        }
    }) {
        text.push_str(word);
        text.push(' ');
    }
    text
}

/// A number that looks like chance.
pub(crate) const fn scattered(number: u64) -> u64 {
    let mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

fn prepare(body: &[u8]) -> Prepared {
    let signature = sign_github(&SECRET.into(), body);
    let before = format!(
        "POST /github/webhooks HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n\
         user-agent: GitHub-Hookshot/abc1234\r\nx-github-event: pull_request\r\nx-github-hook-id: 42\r\n\
         x-github-hook-installation-target-type: integration\r\nx-github-hook-installation-target-id: 4242\r\n\
         x-hub-signature-256: {signature}\r\ncontent-length: {}\r\nx-github-delivery: ",
        body.len()
    );
    let mut after = b"\r\n\r\n".to_vec();
    after.extend_from_slice(body);
    Prepared { before: before.into_bytes(), after }
}
