//! The main job against the real program: signed by Slack's own library, on both engines.

use std::{path::Path, time::Duration};

use docket::clock::Chance;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    app::{SECRET, words},
    binary::{Binary, Settings, client},
    db::{TestDb, for_each_db},
    fake_slack::{FakeSlack, Shown, SignedRequest, SlackUser, TOKEN},
    peers,
};

for_each_db!(a_signed_slash_command_drives_the_whole_story);

/// Settings for a Docket that talks to this Slack.
pub(crate) fn with_slack(db: &TestDb, slack: &FakeSlack, folder: &Path) -> Settings {
    Settings::new(&db.url, folder)
        .with("SLACK_BOT_TOKEN", TOKEN)
        .with("SLACK_SIGNING_SECRET", SECRET)
        .with("SLACK_API_URL", &slack.api_url())
}

/// Waits until `found` finds something in the channel.
pub(crate) async fn eventually<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    for _ in 0..1_000 {
        if let Some(found) = found() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("waited 20 s for {what}");
}

/// Waits until Docket knows its workspace: it asks Slack right after its start.
pub(crate) async fn connected(binary: &Binary, client: &reqwest::Client, user: &SlackUser) {
    for _ in 0..500 {
        let response = user.slash("whoami", Chance::system().now()).send(client, &binary.base).await;
        if response.text().await.is_ok_and(|body| body.contains("blocks")) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("Docket did not connect to Slack within 10 s");
}

struct Story<'a> {
    binary: &'a Binary,
    client: reqwest::Client,
    slack: &'a FakeSlack,
    python: Option<std::path::PathBuf>,
    ana: SlackUser,
}

impl Story<'_> {
    /// Sends a request, signed by Slack's own library where it is installed.
    async fn send(&self, mut request: SignedRequest) -> Value {
        if let Some(python) = &self.python {
            let timestamp = request.header("x-slack-request-timestamp").clone();
            let signature = peers::slack_signature(python, SECRET, &timestamp, &request.body);
            assert_eq!(*request.header("x-slack-signature"), signature, "the fake signs as Slack does");
            *request.header("x-slack-signature") = signature;
        }
        let response = request.send(&self.client, &self.binary.base).await;
        assert_eq!(response.status(), 200);
        let body = response.text().await.unwrap();
        let answer = serde_json::from_str(&body).unwrap_or(Value::Null);
        if answer != Value::Null {
            self.slack.keep(&answer);
        }
        answer
    }

    async fn slash(&self, line: &str) -> Value {
        self.send(self.ana.slash(line, Chance::system().now())).await
    }

    async fn card(&self, wanted: &[&str]) -> Shown {
        eventually(&format!("a card with {wanted:?}"), || {
            let messages = self.slack.messages("C1");
            messages.into_iter().rfind(|message| {
                let said = words(&message.payload);
                wanted.iter().all(|word| said.contains(word))
            })
        })
        .await
    }

    async fn press(&self, card: &Shown, action: &str) {
        self.send(self.ana.click(card, action, Chance::system().now())).await;
    }
}

async fn a_signed_slash_command_drives_the_whole_story(db: &TestDb) {
    let slack = FakeSlack::start().await;
    let folder = TempDir::new().unwrap();
    let settings = with_slack(db, &slack, folder.path());
    let binary = Binary::start(&settings).await;
    let ana = SlackUser::new(&slack, "U1", "C1", SECRET.into());
    let client = client();
    connected(&binary, &client, &ana).await;
    let story = Story { binary: &binary, client, slack: &slack, python: peers::python(), ana };

    story.slash("plan Build a user authentication flow").await;
    story.card(&["P-1 ", "AUTH-1", "Approve"]).await;
    story.slash("edit rename 2 to Token service; add a task for documentation").await;
    let card = story.card(&["P-2 ", "Token service", "Approve"]).await;
    story.press(&card, "patch.approve").await;
    story.card(&["P-2 ", "applied by Ana", "revision 1"]).await;
    let shown = words(&story.slash("show AUTH").await);
    assert!(shown.contains("Token service"), "{shown}");
    story.slash("break AUTH-2").await;
    let card = story.card(&["P-3 ", "AUTH-2", "Approve"]).await;
    story.press(&card, "patch.approve").await;
    let card = story.card(&["P-3 ", "revision 2", "Undo"]).await;
    story.press(&card, "patch.undo").await;
    let card = story.card(&["P-4 ", "Approve"]).await;
    story.press(&card, "patch.approve").await;
    story.card(&["P-4 ", "revision 3"]).await;
    story.slash("start AUTH-1").await;
    story.card(&["AUTH-1", "in progress", "Undo"]).await;

    assert_eq!(slack.problems(), Vec::<String>::new());
    let payloads = folder.path().join("payloads.jsonl");
    slack.write_payloads(&payloads);
    if let Some(python) = &story.python {
        peers::check_blocks(python, &payloads);
    }
    assert!(json!(slack.calls().len()).as_u64() > Some(8));
    let (took, well) = binary.terminate();
    assert!(well && took < Duration::from_secs(10), "stopped in {took:?}, well: {well}");
}
