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
use serde_json::json;

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

/// A webhook of a pull request that somebody pushed to, as large as they usually are.
pub(crate) fn webhook() -> Prepared {
    let user = json!({ "id": 11, "login": "ana-gh", "type": "User" });
    let mut body = json!({
        "action": "synchronize", "number": 7, "before": "a".repeat(40), "after": "b".repeat(40),
        "installation": { "id": INSTALLATION }, "sender": user,
        "repository": {
            "id": 700, "full_name": "acme/web", "name": "web", "private": true, "archived": false,
            "html_url": "https://github.com/acme/web", "default_branch": "main", "owner": { "login": "acme" },
        },
        "pull_request": {
            "id": 1, "number": 7, "state": "open", "draft": false, "merged": false, "title": "AUTH-3: Sign-in page",
            "html_url": "https://github.com/acme/web/pull/7", "user": user, "labels": [], "requested_reviewers": [],
            "created_at": "2026-11-20T09:00:00Z", "updated_at": "2026-11-20T10:00:00Z",
            "head": { "ref": "auth-3", "sha": "b".repeat(40), "repo": { "id": 700 } },
            "base": { "ref": "main", "sha": "c".repeat(40), "repo": { "id": 700 } },
            "body": "",
        },
    });
    let short = SIZE - body.to_string().len();
    body["pull_request"]["body"] = "It asks for the code a second time. ".repeat(short / 36).into();
    prepare(body.to_string().as_bytes())
}

fn prepare(body: &[u8]) -> Prepared {
    let signature = sign_github(&SECRET.into(), body);
    let before = format!(
        "POST /github/webhooks HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n\
         user-agent: GitHub-Hookshot/abc1234\r\nx-github-event: pull_request\r\n\
         x-hub-signature-256: {signature}\r\ncontent-length: {}\r\nx-github-delivery: ",
        body.len()
    );
    let mut after = b"\r\n\r\n".to_vec();
    after.extend_from_slice(body);
    Prepared { before: before.into_bytes(), after }
}
