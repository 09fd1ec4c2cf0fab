//! `repos`: what each connection can see.

use std::collections::BTreeMap;

use super::{
    super::{
        Ask,
        line::{section, titled},
    },
    nothing,
};
use crate::{
    domain::{
        connection::{Condition, Connection},
        ids::ConnectionId,
        message::{Block, Message, Span},
        policy::Policy,
        project::ProjectKey,
        provider::Provider,
        tracker::{Presence, Repository, RepositoryId},
    },
    review::words::clip,
    store::{self, Tx},
};

/// Repositories of one connection in one answer.
const LINES: usize = 40;

struct Facts {
    connections: Vec<Connection>,
    repositories: Vec<Repository>,
    projects: BTreeMap<RepositoryId, Vec<ProjectKey>>,
    words: Option<String>,
}

pub(in crate::answers) async fn answer(tx: &mut Tx, ask: &Ask<'_>, words: Option<&str>) -> store::Result<Message> {
    let mut connections = tx.connections().await?;
    connections.retain(|one| one.provider == Provider::GitHub && one.owner.is_none());
    let mut repositories = tx.repositories().await?;
    let mut projects: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for project in tx.projects().await? {
        for repository in tx.repositories_linked_to(project.id).await? {
            projects.entry(repository.id()).or_default().push(project.key.clone());
        }
    }
    if ask.sender.is_none_or(|member| Policy::may_propose(member).is_err()) {
        // Names may be private: whoever can link nothing sees what projects show anyway.
        repositories.retain(|one| projects.contains_key(&one.id()));
    }
    Ok(message(&Facts { connections, repositories, projects, words: words.map(str::to_lowercase) }))
}

fn message(facts: &Facts) -> Message {
    if facts.repositories.is_empty() {
        return nothing();
    }
    let is_wanted = |one: &&Repository| match &facts.words {
        Some(words) => words
            .split_whitespace()
            .all(|word| one.name().to_lowercase().contains(word) || one.seen.description.to_lowercase().contains(word)),
        None => true,
    };
    let wanted: Vec<&Repository> = facts.repositories.iter().filter(is_wanted).collect();
    if let (true, Some(words)) = (wanted.is_empty(), &facts.words) {
        let words = clip(words, 80);
        let seen = many(facts.repositories.len());
        return Message::text(format!("Docket sees {seen}, and none is called like “{words}”."));
    }
    let mut by_connection: BTreeMap<Option<ConnectionId>, Vec<&Repository>> = BTreeMap::new();
    for one in &wanted {
        let known = facts.connections.iter().find(|connection| connection.id == one.connection);
        by_connection.entry(known.map(|connection| connection.id)).or_default().push(one);
    }
    let title = many(wanted.len());
    let mut blocks = Vec::new();
    // Those that no connection sees any more come last.
    for (connection, repositories) in by_connection.iter().rev() {
        let connection = connection.and_then(|id| facts.connections.iter().find(|connection| connection.id == id));
        let lines = repositories.iter().map(|one| line(facts, one)).collect();
        blocks.extend(section(&heading(connection), lines, LINES, None));
    }
    blocks.push(Block::Context(vec![Span::plain("Link one: "), Span::Code("/docket link AUTH owner/repo".to_owned())]));
    titled(title.clone(), title, blocks)
}

fn many(number: usize) -> String {
    if number == 1 { "1 repository".to_owned() } else { format!("{number} repositories") }
}

fn heading(connection: Option<&Connection>) -> String {
    match connection {
        Some(connection) if connection.condition == Condition::Live => format!("GitHub · {}", connection.name),
        Some(connection) => format!("GitHub · {} · has to be connected again", connection.name),
        None => "No connection sees these any more".to_owned(),
    }
}

/// `acme/web · private · linked to AUTH`.
fn line(facts: &Facts, one: &Repository) -> Vec<Span> {
    let seen = &one.seen;
    let mut spans = vec![Span::Link { text: one.name().to_owned(), url: seen.url.clone() }];
    let mut say = |words: &str| spans.push(Span::plain(format!(" · {words}")));
    if seen.is_private {
        say("private");
    }
    if seen.is_archived {
        say("archived");
    }
    if let Some(keys) = facts.projects.get(&one.id()) {
        let keys: Vec<&str> = keys.iter().map(ProjectKey::as_str).collect();
        say(&format!("linked to {}", keys.join(", ")));
    }
    spans.extend(trouble(one));
    spans
}

/// A repository of a project, and what is wrong with it: `acme/web · archived`.
pub(in crate::answers) fn named(one: &Repository) -> Vec<Span> {
    let mut spans = vec![Span::Link { text: one.name().to_owned(), url: one.seen.url.clone() }];
    spans.extend(one.seen.is_archived.then(|| Span::plain(" · archived")));
    spans.extend(trouble(one));
    spans
}

/// The names of those that are gone.
pub(in crate::answers) fn missing(repositories: &[Repository]) -> Vec<&str> {
    repositories.iter().filter(|one| one.presence == Presence::Missing).map(Repository::name).collect()
}

/// What is wrong with a repository, and since when: ` · missing since …`.
pub(in crate::answers) fn trouble(one: &Repository) -> Vec<Span> {
    let word = match (one.presence, &one.trouble) {
        (Presence::Missing, _) => "missing",
        (Presence::Unsure, _) => "not found the last time",
        (Presence::Here, Some(_)) => "can't be looked at",
        (Presence::Here, None) => return Vec::new(),
    };
    match &one.trouble {
        Some((why, since)) => vec![
            Span::Strong(format!(" · {word}")),
            Span::plain(" since "),
            Span::Time(*since),
            Span::plain(format!(": {}", clip(why, 200))),
        ],
        None => vec![Span::Strong(format!(" · {word}"))],
    }
}

#[cfg(test)]
mod tests {
    use super::{super::named::sample::repository, *};
    use crate::domain::time::Timestamp;

    fn connection() -> Connection {
        Connection {
            id: repository(1, "x/y").connection,
            provider: Provider::GitHub,
            realm: "1".to_owned(),
            owner: None,
            name: "acme".to_owned(),
            account: "app/docket".to_owned(),
            url: "https://github.com/acme".to_owned(),
            scopes: Vec::new(),
            access: None,
            refresh: None,
            expires_at: None,
            condition: Condition::Live,
            trouble: None,
            version: 1,
            by: crate::review::sample::ana(),
            connected_at: Timestamp::from_millis(0),
            refreshed_at: None,
        }
    }

    #[test]
    fn each_connection_lists_what_it_sees_and_what_is_wrong_with_it() {
        let mut private = repository(2, "acme/shop");
        private.seen.is_private = true;
        private.seen.is_archived = true;
        let mut gone = repository(3, "acme/old");
        gone.presence = Presence::Missing;
        gone.trouble = Some(("it was deleted".to_owned(), Timestamp::from_millis(1_795_000_000_000)));
        let orphan = Repository { connection: crate::review::sample::id(77), ..repository(4, "gone/lib") };
        let facts = |words: Option<&str>| Facts {
            connections: vec![connection()],
            repositories: vec![gone.clone(), private.clone(), repository(1, "acme/web"), orphan.clone()],
            projects: BTreeMap::from([(RepositoryId(1), vec!["AUTH".parse().unwrap(), "BILL".parse().unwrap()])]),
            words: words.map(str::to_owned),
        };
        insta::assert_snapshot!(message(&facts(None)).to_plain(), @r"
        4 repositories
        GitHub · acme
        acme/old · missing since Wed 18 Nov 11:06 UTC: it was deleted
        acme/shop · private · archived
        acme/web · linked to AUTH, BILL
        No connection sees these any more
        gone/lib
        Link one: /docket link AUTH owner/repo
        ");
        assert_eq!(message(&facts(Some("shop acme"))).summary, "1 repository");
        insta::assert_snapshot!(message(&facts(Some("nope"))).to_plain(), @"Docket sees 4 repositories, and none is called like “nope”.");
        insta::assert_snapshot!(message(&Facts { repositories: Vec::new(), ..facts(None) }).to_plain(), @r"
        No repository is in sight yet: connect GitHub on the page Connect and choose there which repositories Docket may see. An owner or an admin can do that.
        [Open Connect]
        ");
    }
}
