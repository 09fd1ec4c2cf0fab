//! `docket say`: one line as the local user, beside a server and without one.

use std::process::Stdio;

use tempfile::TempDir;

use crate::support::{
    binary::{Binary, Settings},
    db::{TestDb, for_each_db},
    secrets,
};

for_each_db!(each_of_several_at_once_prints_its_own_answer);

async fn each_of_several_at_once_prints_its_own_answer(db: &TestDb) {
    let folder = TempDir::new().unwrap();
    let settings = Settings::new(&db.url, folder.path());
    let server = Binary::start(&settings).await;
    let topics = ["invoices", "parcels", "recipes", "weather"];
    let children: Vec<_> = topics
        .iter()
        .map(|topic| {
            let goal = format!("plan Build the import of {topic}");
            settings.command(&["say", &goal]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for (topic, child) in topics.iter().zip(children) {
        let output = child.wait_with_output().map(secrets::checked).unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains(topic), "{topic}: {said}");
        for other in topics.iter().filter(|other| *other != topic) {
            assert!(!said.contains(other), "{topic} printed the answer about {other}: {said}");
        }
    }
    drop(server);
    let alone = settings.command(&["say", "list"]).output().map(secrets::checked).unwrap();
    let said = String::from_utf8(alone.stdout).unwrap();
    assert!(topics.iter().all(|topic| said.to_lowercase().contains(topic)), "{said}");
}
