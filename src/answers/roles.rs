//! `role`: who may do what.

use super::line::titled;
use crate::{
    domain::{
        member::{Member, Role, Standing},
        message::{Block, Line, Message, Span},
    },
    review::words::count,
    store::{self, Tx},
};

/// Members in the list.
const LINES: usize = 100;

pub(super) async fn answer(tx: &mut Tx) -> store::Result<Message> {
    Ok(message(tx.members().await?))
}

fn message(mut members: Vec<Member>) -> Message {
    // By name within a role, as the store gives them.
    members.sort_by_key(Member::effective_role);
    let people = members.iter().filter(|member| !matches!(member.standing, Standing::Bot | Standing::Gone));
    let all: Vec<Line> = people.map(|member| Line::plain(line(member))).collect();
    let total = all.len();
    let mut lines = all;
    if total > LINES {
        lines.truncate(LINES);
        lines.push(Line::plain(vec![Span::plain(format!("and {} more", total - LINES))]));
    }
    let about: Vec<&str> = Role::ALL.iter().map(|role| role.may()).collect();
    let blocks = vec![
        Block::Lines { lines, more: None },
        Block::Context(vec![
            Span::plain(format!("{} To change one: ", about.join(" "))),
            Span::Code("/docket role @ben approver".to_owned()),
        ]),
    ];
    titled("Who may do what".to_owned(), count(total, "member"), blocks)
}

fn line(member: &Member) -> Vec<Span> {
    let role = member.effective_role();
    let why = match member.standing {
        Standing::Guest => " · guest in the workspace",
        Standing::Unknown => " · not looked up yet",
        _ => "",
    };
    vec![
        Span::Person { member: member.id, name: member.name.clone() },
        Span::plain(format!(" · {}{why}", role.as_str())),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        answers::whoami::sample::member,
        review::sample::{ana, ben, id},
    };

    #[test]
    fn owners_and_admins_come_first_and_bots_not_at_all() {
        let with = |member: Member, role, standing| Member { role, standing, ..member };
        let members = vec![
            with(member(ana(), "Ana"), Role::Member, Standing::Full),
            with(member(ben(), "Ben"), Role::Owner, Standing::Full),
            with(member(id(3), "Cy"), Role::Owner, Standing::Guest),
            with(member(id(4), "Di"), Role::Admin, Standing::Full),
            with(member(id(5), "Robot"), Role::Member, Standing::Bot),
        ];
        insta::assert_snapshot!(message(members).to_plain(), @r"
        Who may do what
        Ben · owner
        Di · admin
        Ana · member
        Cy · viewer · guest in the workspace
        Owners name everybody's role and approve changes of the policy. Admins name everybody but owners and admins, and look after models and connections. Approvers decide on changes of plans. Members propose changes, and decide where the policy says so. Viewers read. To change one: /docket role @ben approver
        ");
    }
}
