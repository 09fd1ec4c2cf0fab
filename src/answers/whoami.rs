//! `whoami`: who the sender is to Docket, and what they may do.

use super::{Ask, availability, line::titled};
use crate::{
    domain::{
        member::{Identity, Member, Role, Standing, Surface},
        message::{Block, Line, Message, Span},
        policy::Policy,
        session::Login,
    },
    store::{self, Tx},
};

pub(super) async fn answer(tx: &mut Tx, ask: &Ask<'_>) -> store::Result<Message> {
    let Some(me) = ask.sender else { return Ok(stranger()) };
    let (identities, logins) = (tx.identities(me.id).await?, tx.logins_of(me.id).await?);
    let policy = tx.policy().await?;
    let (available, own) = (tx.availability(me).await?, tx.own_hours(me.id).await?);
    let times = availability::lines(&available, &own, ask.today());
    Ok(message(me, &identities, &logins, times, &policy))
}

/// What somebody reads whom we can't name yet.
pub(super) fn stranger() -> Message {
    Message::text(
        "I don't know you yet, so nothing waits for you. You can look at everything; \
         I look you up when you first change something.",
    )
}

fn message(me: &Member, identities: &[Identity], logins: &[Login], times: Vec<String>, policy: &Policy) -> Message {
    let role = match me.effective_role() {
        Role::Owner => "owner of this Docket",
        role => role.as_str(),
    };
    let standing = match me.standing {
        Standing::Full => "full member of the workspace",
        Standing::Guest => "guest in the workspace",
        Standing::Bot => "bot",
        Standing::Gone => "deactivated in the workspace",
        Standing::Unknown => "not looked up in the workspace yet",
    };
    let mut lines: Vec<Line> = identities.iter().map(|identity| Line::plain(known_as(identity))).collect();
    lines.extend(logins.iter().map(|login| Line::plain(linked(login))));
    lines.extend(times.into_iter().map(|line| Line::plain(vec![Span::Plain(line)])));
    let blocks = vec![
        Block::Context(vec![Span::plain(format!("{role} · {standing}"))]),
        Block::Lines { lines, more: None },
        Block::Text(vec![Span::Plain(may(me, policy))]),
    ];
    titled(me.name.clone(), format!("You are {} · {role} · {standing}", me.name), blocks)
}

/// `Slack: U061F7AUR in T123`.
fn known_as(identity: &Identity) -> Vec<Span> {
    match identity.surface {
        Surface::Slack => vec![
            Span::plain("Slack: "),
            Span::Code(identity.user.clone()),
            Span::plain(" in "),
            Span::Code(identity.team.clone()),
        ],
        Surface::Console => vec![Span::plain("Console on this machine")],
    }
}

/// `GitHub: ana-dev · linked 28 Nov`.
fn linked(login: &Login) -> Vec<Span> {
    let day = login.linked_at.to_utc().format("%-d %b");
    vec![
        Span::plain(format!("{}: ", login.party.name())),
        Span::Code(login.name.clone()),
        Span::plain(format!(" · linked {day}")),
    ]
}

/// What the policy lets the member do.
fn may(me: &Member, policy: &Policy) -> String {
    if let Err(refusal) = Policy::may_propose(me) {
        return format!("You may look at everything and change nothing: {refusal}.");
    }
    if let Err(refusal) = policy.may_take_part(me) {
        return format!("You may propose changes. You may not decide: {refusal}.");
    }
    let charge = match me.effective_role() {
        Role::Owner => " You give roles and approve changes of the policy.",
        Role::Admin => " You give roles below your own, propose changes of the policy, and look after models.",
        _ => "",
    };
    let approvers = &policy.approvers;
    let is_named = approvers.roles.contains(&me.effective_role()) || approvers.members.contains(&me.id);
    if !is_named {
        let who = if approvers.group.is_some() { " unless you are in the group that does" } else { "" };
        return format!("You may propose changes, reject and undo them; you don't approve them{who}.{charge}");
    }
    let own = if policy.self_approval { ", your own too" } else { ", but not your own" };
    let at_once = if !policy.auto.is_empty() && policy.approvals <= 1 && policy.self_approval {
        " Your small changes, such as done AUTH-3, apply at once."
    } else {
        ""
    };
    format!("You may propose changes, approve and reject them{own}, and undo them.{at_once}{charge}")
}

#[cfg(test)]
pub(crate) mod sample {
    use super::*;
    use crate::domain::ids::MemberId;

    pub(crate) fn member(id: MemberId, name: &str) -> Member {
        Member {
            id,
            name: name.to_owned(),
            role: Role::Member,
            standing: Standing::Full,
            time_zone: "Europe/Paris".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{sample::member, *};
    use crate::{
        domain::{
            availability::{Availability, Hours, Leave, OwnHours},
            schedule::Holidays,
            session::Party,
            time::Timestamp,
        },
        review::sample::ana,
    };

    #[test]
    fn a_member_reads_who_they_are_and_what_they_may_do() {
        let slack = Identity { surface: Surface::Slack, team: "T1".into(), user: "U061F7AUR".into() };
        let console = Identity { surface: Surface::Console, team: "local".into(), user: "local".into() };
        let github = Login {
            party: Party::GitHub,
            realm: "https://github.com".into(),
            subject: "583231".into(),
            member: ana(),
            name: "ana-dev".into(),
            linked_at: Timestamp::from_millis(1_795_861_600_000),
        };
        let available = Availability {
            zone: chrono_tz::Europe::Paris,
            hours: Hours::default(),
            leaves: vec![
                Leave { from: "2026-11-02".parse().unwrap(), to: "2026-11-06".parse().unwrap() },
                Leave { from: "2026-12-24".parse().unwrap(), to: "2027-01-02".parse().unwrap() },
            ],
            holidays: Holidays::new(),
        };
        let times = availability::lines(&available, &OwnHours::default(), "2026-11-29".parse().unwrap());
        let text = message(&member(ana(), "Ana"), &[slack, console], &[github], times, &Policy::default()).to_plain();
        insta::assert_snapshot!(text, @r"
        Ana
        member · full member of the workspace
        Slack: U061F7AUR in T1
        Console on this machine
        GitHub: ana-dev · linked 28 Nov
        Time zone: Europe/Paris (as your profile says)
        Works Mon–Fri 09:00–17:00 (as everybody)
        Away Thu 24 Dec 2026 – Sat 2 Jan 2027
        You may propose changes, approve and reject them, your own too, and undo them. Your small changes, such as done AUTH-3, apply at once.
        ");
    }

    #[test]
    fn a_guest_reads_what_they_may_not_do() {
        let guest = Member { standing: Standing::Guest, ..member(ana(), "Gus") };
        insta::assert_snapshot!(may(&guest, &Policy::default()), @"You may look at everything and change nothing: guests can't decide on changes; a full member of the workspace can.");
        let strict = Policy { self_approval: false, ..Policy::default() };
        insta::assert_snapshot!(may(&member(ana(), "Ana"), &strict), @"You may propose changes, approve and reject them, but not your own, and undo them.");
    }
}
