//! `link AUTH`: which repositories the project could be linked to.

use std::collections::BTreeSet;

use super::{
    super::{
        Ask,
        line::{section, titled},
        place,
    },
    line,
    named::{buttons, suggested},
    nothing,
};
use crate::{
    domain::{
        message::{Block, Message, Picker, Span},
        policy::Policy,
        project::{Project, ProjectKey},
        tracker::{Presence, Repository},
    },
    store::{self, Tx},
};

/// Repositories that are named where nobody can type into a menu.
const FIRST: usize = 50;

pub(in crate::answers) async fn answer(tx: &mut Tx, ask: &Ask<'_>, key: Option<&ProjectKey>) -> store::Result<Message> {
    let project = match place::project(tx, ask, key, "link").await? {
        Ok(project) => project,
        Err(instead) => return Ok(instead),
    };
    let linked = tx.repositories_linked_to(project.id).await?;
    // Names may be private: whoever can link nothing sees what the project shows anyway.
    let may_link = ask.sender.is_some_and(|member| Policy::may_propose(member).is_ok());
    let known = if may_link { tx.repositories().await? } else { linked.clone() };
    Ok(message(&project, &known, &linked))
}

fn message(project: &Project, known: &[Repository], linked: &[Repository]) -> Message {
    if known.is_empty() {
        return nothing();
    }
    let command = format!("link {}", project.key);
    let ids: BTreeSet<_> = linked.iter().map(Repository::id).collect();
    let suggested = suggested(project, known, &ids);
    let title = format!("Which repository does {} happen in?", project.key);
    let mut blocks = section("Linked already", linked.iter().map(line).collect(), FIRST, None);
    if !suggested.is_empty() {
        blocks.push(Block::Text(vec![Span::plain("By their names, these could be meant:")]));
        blocks.push(buttons(&command, &suggested));
    }
    let free = |one: &&Repository| one.presence != Presence::Missing && !ids.contains(&one.id());
    let first: Vec<String> = known.iter().filter(free).take(FIRST).map(|one| one.name().to_owned()).collect();
    if first.is_empty() {
        blocks.push(Block::Text(vec![Span::plain("Every repository in sight is linked already.")]));
    } else {
        blocks.push(Block::Pick(Picker { hint: "Choose a repository".to_owned(), line: command.clone(), first }));
    }
    blocks.push(Block::Context(vec![Span::plain("Or type it: "), Span::Code(format!("/docket {command} owner/repo"))]));
    titled(title.clone(), title, blocks)
}

#[cfg(test)]
mod tests {
    use super::{super::named::sample::repository, *};
    use crate::answers::line::sample::project;

    #[test]
    fn the_likeliest_are_buttons_and_all_others_can_be_chosen() {
        let known = [repository(1, "acme/auth"), repository(2, "acme/shop"), repository(3, "acme/billing")];
        let auth = project("AUTH", "User authentication");
        insta::assert_snapshot!(message(&auth, &known, &known[1..2]).to_plain(), @r"
        Which repository does AUTH happen in?
        Linked already
        acme/shop
        By their names, these could be meant:
        [acme/auth]
        Choose a repository: /docket link AUTH acme/auth | acme/billing
        Or type it: /docket link AUTH owner/repo
        ");
        insta::assert_snapshot!(message(&auth, &known[..1], &known[..1]).to_plain(), @r"
        Which repository does AUTH happen in?
        Linked already
        acme/auth
        Every repository in sight is linked already.
        Or type it: /docket link AUTH owner/repo
        ");
        assert!(message(&auth, &[], &[]).summary.contains("connect GitHub"));
    }
}
