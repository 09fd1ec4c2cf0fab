//! The card of a change of the policy.

use std::collections::{BTreeMap, BTreeSet};

use super::effective;
use crate::{
    domain::{
        ids::MemberId,
        member::Member,
        message::{Block, Button, ButtonStyle, Line, LineKind, Message, Span},
        patch::Decision,
        policy::{ChangeAction, ChangeState, Override, PolicyChange, Rules},
    },
    review::{
        facts::{SOMEBODY, names},
        rules::{self, Rule},
        words::{list, quote},
    },
    store::{self, Tx},
};

/// The card of a change of the policy as it is now.
pub async fn card(tx: &mut Tx, change: &PolicyChange) -> store::Result<Message> {
    let tenants = tx.policy().await?;
    let (before, after) = (effective(&tenants, &change.before), effective(&tenants, &change.after));
    let mut people = BTreeSet::from([change.author]);
    people.extend(before.approvers.members.iter().chain(&after.approvers.members));
    if let ChangeState::Approved { decision } | ChangeState::Rejected { decision } = &change.state {
        people.insert(decision.by);
    }
    let names = names(tx, people).await?;
    let scope = match change.project {
        None => "everything".to_owned(),
        Some(project) => tx.project(project).await?.map_or_else(|| "a project".to_owned(), |it| it.key.to_string()),
    };
    let (before, after) = (rules::rules(&before, &names), rules::rules(&after, &names));
    let owners = tx.owners().await?;
    Ok(message(change, &scope, (&before, &after), &names, &owners))
}

fn message(
    change: &PolicyChange,
    scope: &str,
    (before, after): (&[Rule], &[Rule]),
    names: &BTreeMap<MemberId, String>,
    owners: &[Member],
) -> Message {
    let code = change.code;
    let name = |id: MemberId| names.get(&id).cloned().unwrap_or_else(|| SOMEBODY.to_owned());
    let person = |id: MemberId| Span::Person { member: id, name: name(id) };
    let title = format!("{code} · change who decides on {scope}");
    let mut lines: Vec<Line> = rules::differences(before, after)
        .into_iter()
        .map(|(rule, before, after)| Line {
            kind: LineKind::Changed,
            depth: 0,
            spans: vec![Span::Strong(rule.to_owned()), Span::plain(format!(" {before} → {after}"))],
        })
        .collect();
    if lines.is_empty() {
        let words = match &change.after {
            Rules::Project(own) if *own == Override::default() => "keeps no rules of its own",
            _ => "keeps these rules itself, also when the tenant's change",
        };
        lines.push(Line { kind: LineKind::Changed, depth: 0, spans: vec![Span::plain(format!("{scope} {words}"))] });
    }
    let asked = vec![person(change.author), Span::plain(format!(" asked: {}", quote(&change.words, 200)))];
    let mut blocks = vec![Block::Header(title.clone()), Block::Context(asked)];
    let outcome = |words: &str, decision: &Decision| {
        let strong = Span::Strong(format!("{code} {words}"));
        vec![strong, Span::plain(" by "), person(decision.by), Span::plain(", "), Span::Time(decision.at)]
    };
    let spans = match &change.state {
        ChangeState::Open => {
            blocks.push(Block::Lines { lines, more: None });
            blocks.extend(open(change, owners));
            return Message { summary: format!("{title}: needs an owner"), blocks };
        }
        ChangeState::Approved { decision } => outcome("approved", decision),
        ChangeState::Rejected { decision } => outcome("rejected", decision),
        ChangeState::Stale { at } => vec![
            Span::Strong(format!("{code} is stale")),
            Span::plain(": the policy changed before it was approved, "),
            Span::Time(*at),
        ],
        ChangeState::Expired { at } => vec![
            Span::Strong(format!("{code} expired")),
            Span::plain(" "),
            Span::Time(*at),
            Span::plain(": no owner decided in time."),
        ],
    };
    let summary = crate::domain::message::plain(&spans);
    blocks.extend([Block::Text(spans), Block::Lines { lines, more: None }]);
    Message { summary, blocks }
}

/// What an open change offers, and who is asked.
fn open(change: &PolicyChange, owners: &[Member]) -> [Block; 2] {
    let code = change.code;
    let button = |action: ChangeAction, label: &str, style| Button {
        style,
        ..Button::say(label, format!("policy {} {code}", action.as_str()))
    };
    let others = owners.iter().filter(|owner| owner.id != change.author);
    let others: Vec<&str> = others.map(|owner| owner.name.as_str()).take(5).collect();
    let whose = if others.is_empty() { "an owner".to_owned() } else { list(&others, "or") };
    [
        Block::Buttons(vec![
            button(ChangeAction::Approve, "Approve", ButtonStyle::Primary),
            button(ChangeAction::Reject, "Reject", ButtonStyle::Danger),
        ]),
        Block::Context(vec![
            Span::plain(format!("needs the approval of {whose} · expires ")),
            Span::Time(change.expires_at),
        ]),
    ]
}
