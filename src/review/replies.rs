//! The private answers to decisions: one or two sentences each, and never silence.

use super::{
    facts::{Facts, SOMEBODY},
    rules::at_least,
    words::{ago, count, list, quote},
};
use crate::domain::{
    event::Action,
    message::Message,
    patch::{PatchCode, PatchState},
    policy::Refusal,
    project::{ProjectKey, Revision},
    task::TaskNumber,
    time::Timestamp,
};

/// People named in one answer.
const PEOPLE: usize = 3;

/// Somebody was first: who, what and when. Also says what to do where a patch is still open, for
/// those who asked for what only a decided one can get.
pub fn already_decided(facts: &Facts) -> Message {
    let code = facts.patch.code;
    let words = match &facts.patch.state {
        PatchState::Applied { decision, .. } if facts.by_policy => format!(
            "{code} was applied {}, because nobody objected. {} is at revision {}.",
            ago(decision.at, facts.now),
            facts.key,
            facts.project_revision
        ),
        PatchState::Proposed => format!("{code} is still waiting for a decision. Approve or reject it."),
        PatchState::Applied { decision, .. } => format!(
            "{} approved {code} {}. {} is at revision {}.",
            first(facts.name(decision.by)),
            ago(decision.at, facts.now),
            facts.key,
            facts.project_revision
        ),
        PatchState::Rejected { decision, reason } => {
            let why = if reason.is_empty() { ".".to_owned() } else { format!(": {}.", quote(reason, 200)) };
            format!("{} rejected {code} {}{why}", first(facts.name(decision.by)), ago(decision.at, facts.now))
        }
        PatchState::Superseded { .. } => return superseded(code, facts.superseded_by),
        PatchState::Expired { .. } => return expired(code),
        PatchState::Undone { decision, .. } => {
            let with = facts.undone_by.map(|code| format!(" with {code}")).unwrap_or_default();
            let when = ago(decision.at, facts.now);
            format!("{} took {code} back{with} {when}.", first(facts.name(decision.by)))
        }
    };
    Message::text(words)
}

/// The sender may not do this; `able` are the names of people who may.
pub fn refused(code: PatchCode, action: Action, refusal: Refusal, able: &[impl AsRef<str>]) -> Message {
    // What is not known now may be known in a minute: sending them to somebody else would be wrong.
    let able = if refusal.may_pass() { &[] } else { able.get(..PEOPLE).unwrap_or(able) };
    let can = if able.is_empty() { String::new() } else { format!(" {} can.", list(able, "or")) };
    Message::text(format!("You can't {} {code}: {refusal}.{can}", verb(action)))
}

/// The sender may only look; `proposers` may propose, and those `in_charge` give roles.
pub fn may_not_change(refusal: Refusal, proposers: &[String], in_charge: &[String]) -> String {
    let some = |names: &[String], otherwise: &str| {
        let names = names.get(..PEOPLE).unwrap_or(names);
        if names.is_empty() { otherwise.to_owned() } else { list(names, "or") }
    };
    let (why, help) = match refusal {
        Refusal::Guest => (
            "guests can't change anything",
            format!("Ask {} to propose it.", some(proposers, "a full member of the workspace")),
        ),
        Refusal::Viewer => (
            "your role is viewer",
            format!("{} can give you another one: /docket role", some(in_charge, "An owner at the console")),
        ),
        Refusal::Bot => ("bots can't change anything", String::new()),
        Refusal::Gone => ("your account is deactivated", String::new()),
        _ => ("I could not find out who you are in this workspace", "Try again in a minute.".to_owned()),
    };
    format!("You can look at everything here, but {why}. Nothing was changed. {help}").trim_end().to_owned()
}

/// The sender objects, and the clock stands still.
pub fn objected(code: PatchCode) -> Message {
    Message::text(format!(
        "You object to {code}. It no longer applies by itself and needs a normal approval. To take it back, say: \
         withdraw {code}"
    ))
}

/// The patch has no clock to stop.
pub fn nothing_to_object_to(code: PatchCode) -> Message {
    Message::text(format!("{code} does not apply by itself: it waits for approval. If it is wrong, say: reject {code}"))
}

/// The sender has nothing to take back.
pub fn no_objection_of_yours(code: PatchCode) -> Message {
    Message::text(format!("You do not object to {code}, so there is nothing to take back."))
}

/// The sender's objection is gone; `at` is when the patch applies now.
pub fn objection_withdrawn(code: PatchCode, at: Option<Timestamp>) -> Message {
    Message::text(match at {
        Some(at) => {
            let at = at.to_utc().format("%a %-d %b %H:%M UTC");
            format!("Your objection to {code} is gone. It applies {at} unless somebody objects.")
        }
        None => format!("Your objection to {code} is gone."),
    })
}

/// Nobody decided in time.
pub fn expired(code: PatchCode) -> Message {
    Message::text(format!("{code} has expired. Press Renew on its card, or say: renew {code}"))
}

/// The plan moved under the patch; `moved` says where, in the sentences of [`Facts::stale`].
pub fn stale(code: PatchCode, moved: &[impl AsRef<str>]) -> Message {
    let moved = sentences(moved);
    Message::text(format!("{code} no longer fits the plan.{moved} Press Rebase on its card, or say: rebase {code}"))
}

/// The button belongs to an older text of the patch.
pub fn old_revision(code: PatchCode) -> Message {
    Message::text(format!("This card shows an older version of {code}; the buttons on the newest card work."))
}

/// A newer patch took its place.
pub fn superseded(code: PatchCode, by: Option<PatchCode>) -> Message {
    Message::text(match by {
        Some(by) => format!("{code} was replaced by {by}. Decide on {by} instead."),
        None => format!("{code} was replaced by a newer proposal. Decide on that one instead."),
    })
}

/// No patch of that code in the sender's organisation.
pub fn unknown_patch(code: PatchCode) -> Message {
    Message::text(format!("There is no patch {code} here. Say: inbox, to see what is open."))
}

/// A button of a patch that does not exist in the sender's organisation.
pub fn unknown_button() -> Message {
    Message::text("There is no such patch here. Say: inbox, to see what is open.")
}

/// The approval counts, and more are needed.
pub fn approval_counted(facts: &Facts) -> Message {
    Message::text(format!("Your approval of {} counts. It needs {}.", facts.patch.code, still_needed(facts)))
}

/// The sender approved this revision before.
pub fn approved_before(facts: &Facts) -> Message {
    Message::text(format!("You approved {} already. It needs {}.", facts.patch.code, still_needed(facts)))
}

/// `1 more approval`, and whose where that is not everybody's.
fn still_needed(facts: &Facts) -> String {
    let needed = count(facts.approvals_needed(), "more approval");
    facts.demand().by.map_or(needed.clone(), |least| format!("{needed} by {}", at_least(least)))
}

/// The patch is applied.
pub fn applied(code: PatchCode, key: &ProjectKey, revision: Revision) -> Message {
    Message::text(format!("✓ {code} is applied. {key} is at revision {revision}. To take it back, say: undo {code}"))
}

/// The patch is rejected.
pub fn rejected(code: PatchCode, reason: &str) -> Message {
    Message::text(if reason.is_empty() {
        format!("{code} is rejected. The plan stays as it is.")
    } else {
        format!("{code} is rejected. Thanks, your reason stands on its card.")
    })
}

/// Approve was pressed with every box empty.
pub fn nothing_ticked(code: PatchCode) -> Message {
    Message::text(format!("Nothing is ticked on {code}, so nothing was approved. Tick what you want, or press Reject."))
}

/// A part was ticked although more than one person must approve.
pub fn whole_only(code: PatchCode, approvals: usize) -> Message {
    let approvals = count(approvals, "approval");
    Message::text(format!(
        "{code} needs {approvals}, so it can only be approved as a whole. Tick everything, or request changes."
    ))
}

/// The project that a lapsed first plan would create can't have its key any more.
pub fn key_taken(code: PatchCode, key: &ProjectKey) -> Message {
    Message::text(format!("{code} can't be renewed: another project is called {key} now. Plan it again for a new key."))
}

/// The surface refused a card; `advice` says who can do what about it.
pub fn card_not_posted(code: PatchCode, advice: &str) -> Message {
    Message::text(format!(
        "{code} is stored, but I can't bring its card up to date there: {advice}. After that the card comes by itself."
    ))
}

/// The patch fits the plan again; `dropped` says why the changes that no longer made sense were left
/// out, a sentence each.
pub fn rebased(code: PatchCode, base: Revision, dropped: &[impl AsRef<str>]) -> Message {
    let left_out = match dropped {
        [] => String::new(),
        some => format!(" Left out:{}", sentences(some)),
    };
    Message::text(format!("{code} is now made against revision {base}.{left_out} Look at its card again and decide."))
}

/// A rebase found nothing left to change.
pub fn rebased_to_nothing(code: PatchCode) -> Message {
    Message::text(format!(
        "Nothing of {code} is left to change: the plan has it all, or its tasks are gone. Reject it."
    ))
}

/// There was nothing to rebase.
pub fn still_fresh(code: PatchCode) -> Message {
    Message::text(format!("{code} fits the plan as it is. There is nothing to rebase."))
}

/// The patch is proposed again.
pub fn renewed(code: PatchCode, expires_at: Timestamp) -> Message {
    let day = expires_at.to_utc().format("%a %-d %b");
    Message::text(format!("{code} is proposed again. It waits for a decision until {day}."))
}

/// There was nothing to renew.
pub fn not_expired(code: PatchCode) -> Message {
    Message::text(format!("{code} has not expired. There is nothing to renew."))
}

/// An open proposal breaks the same task down.
pub fn broken_down_already(code: PatchCode, key: &ProjectKey, task: TaskNumber) -> Message {
    Message::text(format!(
        "{code} breaks {key}-{task} down already. Approve it, change it in words, or reject it first."
    ))
}

/// Nothing of the patch is in effect any more.
pub fn nothing_to_undo(code: PatchCode) -> Message {
    Message::text(format!("Nothing of {code} is in effect any more, so there is nothing to take back."))
}

/// A patch that takes another back waits for approval.
pub fn undo_proposed(code: PatchCode, undoes: PatchCode) -> Message {
    Message::text(format!("{code} proposes to take {undoes} back. Approve it to undo {undoes}."))
}

/// What the sender wanted to do, after "You can't".
const fn verb(action: Action) -> &'static str {
    match action {
        Action::Approve => "approve",
        Action::Reject => "reject",
        Action::RequestChanges => "ask for changes to",
        Action::Details => "see",
        Action::Undo => "undo",
        Action::Rebase => "rebase",
        Action::Renew => "renew",
        Action::Object => "object to",
        Action::Withdraw => "take an objection back from",
    }
}

/// Sentences after another one.
fn sentences(sentences: &[impl AsRef<str>]) -> String {
    sentences.iter().fold(String::new(), |all, sentence| all + " " + sentence.as_ref())
}

/// A name at the beginning of a sentence.
fn first(name: &str) -> &str {
    if name == SOMEBODY { "Somebody" } else { name }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        domain::patch::PatchState,
        review::sample::{NOW, ana, applied_by, ben, decision, edits, id},
    };

    fn decided(state: PatchState) -> String {
        let mut facts = edits();
        facts.patch.state = state;
        facts.project_revision = Revision(4);
        facts.superseded_by = Some(PatchCode(42));
        facts.undone_by = Some(PatchCode(43));
        already_decided(&facts).summary
    }

    #[test]
    fn the_second_to_decide_is_told_who_was_first() {
        let by = decision(ben());
        insta::assert_snapshot!(decided(applied_by(ben(), &[0])), @"Ben approved P-41 two minutes ago. AUTH is at revision 4.");
        insta::assert_snapshot!(decided(PatchState::Rejected { decision: by.clone(), reason: String::new() }), @"Ben rejected P-41 two minutes ago.");
        insta::assert_snapshot!(decided(PatchState::Rejected { decision: by.clone(), reason: "too early".into() }), @r#"Ben rejected P-41 two minutes ago: "too early"."#);
        insta::assert_snapshot!(decided(PatchState::Superseded { decision: by.clone(), by: id(42) }), @"P-41 was replaced by P-42. Decide on P-42 instead.");
        insta::assert_snapshot!(decided(PatchState::Expired { at: NOW }), @"P-41 has expired. Press Renew on its card, or say: renew P-41");
        let undone = PatchState::Undone { decision: by, by: id(43), revision: Revision(4), steps: BTreeSet::new() };
        insta::assert_snapshot!(decided(undone), @"Ben took P-41 back with P-43 two minutes ago.");
        insta::assert_snapshot!(decided(PatchState::Proposed), @"P-41 is still waiting for a decision. Approve or reject it.");
    }

    #[test]
    fn somebody_without_a_name_still_begins_a_sentence() {
        let mut facts = edits();
        facts.names.clear();
        facts.patch.state = applied_by(ben(), &[0]);
        assert!(already_decided(&facts).summary.starts_with("Somebody approved P-41 two minutes ago."));
    }

    #[test]
    fn a_refusal_says_why_and_who_can() {
        let say = |refusal, able: &[&str]| refused(PatchCode(41), Action::Approve, refusal, able).summary;
        insta::assert_snapshot!(say(Refusal::Author, &["Ben"]), @"You can't approve P-41: you proposed this, and the policy asks for somebody else's approval. Ben can.");
        insta::assert_snapshot!(say(Refusal::Guest, &["Ana", "Ben", "Cy", "Di"]), @"You can't approve P-41: guests can't decide on changes; a full member of the workspace can. Ana, Ben or Cy can.");
        insta::assert_snapshot!(say(Refusal::Unknown, &["Ana"]), @"You can't approve P-41: I could not find out who you are in this workspace, so I did not count it; try again in a minute.");
        insta::assert_snapshot!(say(Refusal::Author, &[]), @"You can't approve P-41: you proposed this, and the policy asks for somebody else's approval.");
        for action in Action::ALL {
            assert!(refused(PatchCode(1), *action, Refusal::Gone, &["Ana"]).summary.contains(" P-1: "));
        }
    }

    #[test]
    fn an_approval_that_is_not_enough_says_how_many_are_missing() {
        let mut facts = edits();
        facts.policy.approvals = 3;
        facts.approvals = BTreeSet::from([ana()]);
        insta::assert_snapshot!(approval_counted(&facts).summary, @"Your approval of P-41 counts. It needs 2 more approvals.");
        facts.approvals.insert(ben());
        insta::assert_snapshot!(approved_before(&facts).summary, @"You approved P-41 already. It needs 1 more approval.");
    }

    #[test]
    fn every_other_answer_is_short_and_says_what_to_do() {
        let (code, key) = (PatchCode(41), "AUTH".parse().unwrap());
        let nobody: [&str; 0] = [];
        let answers = [
            stale(code, &["AUTH-3 \"Login\" has changed: estimate 1 d → 3 d.", "AUTH-7 is no longer there."]),
            old_revision(code),
            superseded(code, None),
            unknown_patch(code),
            unknown_button(),
            applied(code, &key, Revision(4)),
            rejected(code, ""),
            rejected(code, "too early"),
            nothing_ticked(code),
            rebased(code, Revision(5), &nobody),
            rebased(code, Revision(5), &["There is no task AUTH-7."]),
            rebased_to_nothing(code),
            still_fresh(code),
            renewed(code, NOW),
            not_expired(code),
            undo_proposed(PatchCode(43), code),
        ];
        insta::assert_snapshot!(answers.map(|answer| answer.summary).join("\n"), @r#"
        P-41 no longer fits the plan. AUTH-3 "Login" has changed: estimate 1 d → 3 d. AUTH-7 is no longer there. Press Rebase on its card, or say: rebase P-41
        This card shows an older version of P-41; the buttons on the newest card work.
        P-41 was replaced by a newer proposal. Decide on that one instead.
        There is no patch P-41 here. Say: inbox, to see what is open.
        There is no such patch here. Say: inbox, to see what is open.
        ✓ P-41 is applied. AUTH is at revision 4. To take it back, say: undo P-41
        P-41 is rejected. The plan stays as it is.
        P-41 is rejected. Thanks, your reason stands on its card.
        Nothing is ticked on P-41, so nothing was approved. Tick what you want, or press Reject.
        P-41 is now made against revision 5. Look at its card again and decide.
        P-41 is now made against revision 5. Left out: There is no task AUTH-7. Look at its card again and decide.
        Nothing of P-41 is left to change: the plan has it all, or its tasks are gone. Reject it.
        P-41 fits the plan as it is. There is nothing to rebase.
        P-41 is proposed again. It waits for a decision until Fri 20 Nov.
        P-41 has not expired. There is nothing to renew.
        P-43 proposes to take P-41 back. Approve it to undo P-41.
        "#);
    }
}
