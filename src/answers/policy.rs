//! `policy`: how decisions are taken.

use std::collections::BTreeSet;

use super::{line::titled, teach};
use crate::{
    domain::{
        message::{Block, Line, Message, Span},
        policy::Override,
        project::ProjectKey,
    },
    review::{facts::names, rules},
    store::{self, Tx},
};

pub(super) async fn answer(tx: &mut Tx, key: Option<&ProjectKey>) -> store::Result<Message> {
    let tenants = tx.policy().await?;
    let (policy, title, note) = match key {
        None => (tenants, "Who decides".to_owned(), String::new()),
        Some(key) => {
            let Some(project) = tx.project_by_key(key).await? else {
                return Ok(teach(&format!("There is no project {key}. To see those there are, say"), "/docket list"));
            };
            let own = tx.own_policy(project.id).await?;
            let note = if own == Override::default() {
                format!("{key} has no rules of its own. ")
            } else {
                format!("What is marked is {key}'s own; to drop it, say /docket policy {key} default. ")
            };
            (tenants.with(&own), format!("Who decides on {key}"), note)
        }
    };
    let tenants = tx.policy().await?;
    let people: BTreeSet<_> = policy.approvers.members.union(&tenants.approvers.members).copied().collect();
    let names = names(tx, people).await?;
    let (all, usual) = (rules::rules(&policy, &names), rules::rules(&tenants, &names));
    let line = |((name, rule), usual): (&rules::Rule, &rules::Rule)| {
        let own = if *rule == usual.1 { "" } else { " · its own" };
        Line::plain(vec![Span::Strong((*name).to_owned()), Span::plain(format!(" {rule}{own}"))])
    };
    let mut lines: Vec<Line> = all.iter().zip(&usual).map(line).collect();
    for change in tx.open_changes().await? {
        let waits = format!("{} waits for an owner: {}", change.code, change.words);
        lines.push(Line::plain(vec![Span::plain(waits)]));
    }
    let blocks = vec![
        Block::Lines { lines, more: None },
        Block::Context(vec![
            Span::plain(format!("{note}Owners and admins propose a change, owners approve it: ")),
            Span::Code("/docket policy approvals 2".to_owned()),
        ]),
    ];
    Ok(titled(title.clone(), title, blocks))
}
