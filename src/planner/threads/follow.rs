//! What follows for a plan from what a conversation says of a task.

use crate::{
    domain::{
        ids::MemberId,
        matches::Finding,
        patch::{Change, MAX_LINKS, TaskChanges},
        task::{Link, Status, TaskFields},
    },
    intent::text::{after_any, one_line},
    planner::{
        goal::{Goal, upper_first},
        rules::prose::prose,
        title,
    },
};

use super::says::What;

impl From<What> for Finding {
    fn from(what: What) -> Self {
        match what {
            What::Done => Self::Done,
            What::Started => Self::Started,
            What::Taken => Self::Taken,
            What::Blocked => Self::Blocked,
            What::Cancelled => Self::Cancelled,
        }
    }
}

/// What changes of a task where `by` says this of it, with the link to where they do; `None` where it is so already.
/// What is over stays so, whatever is said.
pub fn changes(finding: Finding, fields: &TaskFields, by: MemberId, link: &Link) -> Option<TaskChanges> {
    let status = fields.status;
    if status.is_terminal() {
        return None;
    }
    let mut changes = TaskChanges::default();
    match finding {
        Finding::Done => changes.status = Change::Set(Status::Done),
        Finding::Cancelled => changes.status = Change::Set(Status::Cancelled),
        Finding::Blocked if status != Status::Blocked => changes.status = Change::Set(Status::Blocked),
        Finding::Started if matches!(status, Status::Backlog | Status::Todo | Status::Blocked) => {
            changes.status = Change::Set(Status::InProgress);
        }
        Finding::Taken if fields.assignee.is_none() => changes.assignee = Change::Set(by),
        Finding::Noted => {}
        _ => return None,
    }
    changes.links = linked(fields, link);
    (!changes.is_empty()).then_some(changes)
}

/// The links of a task with one more.
pub fn linked(fields: &TaskFields, link: &Link) -> Change<Vec<Link>> {
    if fields.links.iter().any(|known| known.url == link.url) || fields.links.len() >= MAX_LINKS {
        return Change::Keep;
    }
    Change::Set(fields.links.iter().chain([link]).cloned().collect())
}

/// Words around a wish, in front of what is wished.
const POLITE: &[&str] = &[
    "can we please",
    "can you please",
    "could you please",
    "can someone please",
    "can somebody please",
    "can someone",
    "can somebody",
    "could someone",
    "could somebody",
    "can we",
    "could we",
    "should we",
    "shall we",
    "hey",
    "hi",
    "fyi",
    "feature request:",
    "feature request",
    "todo:",
    "todo",
    "bitte",
    "können wir",
    "wir müssen",
    "wir sollten",
    "por favor",
    "hay que",
    "podemos",
    "tenemos que",
];

/// What a task is called that stands for a conversation which began with this text.
pub fn title_of(text: &str) -> String {
    let said = prose(text);
    let mut rest = said.trim();
    while let Some(shorter) = after_any(rest, POLITE) {
        rest = shorter.trim_start_matches([',', ':', '-', ' ']);
    }
    let lead = Goal::read(rest, &[]).map_or_else(|_| one_line(rest), |goal| goal.lead);
    let lead = lead.trim_end_matches(['.', '!', '?', ' ']);
    let lead = if lead.is_empty() { "Look into this conversation" } else { lead };
    title(&upper_first(lead))
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;
    use crate::domain::ids::Id;

    fn ana() -> MemberId {
        MemberId::from_ulid(Ulid::from_parts(0, 1))
    }

    fn link() -> Link {
        Link { label: "T-7".to_owned(), url: "https://slack.com/archives/C1/p1".to_owned() }
    }

    fn of(status: Status) -> TaskFields {
        TaskFields { status, ..TaskFields::titled("Sign-in page") }
    }

    #[test]
    fn what_is_said_changes_what_is_not_so_yet_and_nothing_that_is_over() {
        use Finding::{Blocked, Cancelled, Done, Noted, Started, Taken};
        let set = |finding, status| {
            let changes = changes(finding, &of(status), ana(), &link())?;
            Some(if let Change::Set(status) = changes.status { Some(status) } else { None })
        };
        for (finding, status, expected) in [
            (Done, Status::Todo, Some(Some(Status::Done))),
            (Done, Status::Blocked, Some(Some(Status::Done))),
            (Started, Status::Backlog, Some(Some(Status::InProgress))),
            (Started, Status::InReview, None),
            (Blocked, Status::InProgress, Some(Some(Status::Blocked))),
            (Blocked, Status::Blocked, None),
            (Cancelled, Status::Todo, Some(Some(Status::Cancelled))),
            (Taken, Status::Todo, Some(None)),
            (Noted, Status::Todo, Some(None)),
        ] {
            assert_eq!(set(finding, status), expected, "{finding:?} {status:?}");
        }
        for finding in Finding::ALL {
            for over in [Status::Done, Status::Cancelled] {
                assert_eq!(changes(*finding, &of(over), ana(), &link()), None, "{finding:?} {over:?}");
            }
        }
        let taken = TaskFields { assignee: Some(ana()), ..of(Status::Todo) };
        assert_eq!(changes(Taken, &taken, ana(), &link()), None);
        let noted = TaskFields { links: vec![link()], ..of(Status::Todo) };
        assert_eq!(changes(Noted, &noted, ana(), &link()), None);
        let done = changes(Done, &noted, ana(), &link()).unwrap();
        assert_eq!(done, TaskChanges { status: Change::Set(Status::Done), ..TaskChanges::default() });
    }

    #[test]
    fn a_task_is_called_after_what_is_wished() {
        for (said, expected) in [
            ("can we add dark mode to the settings?", "Add dark mode to the settings"),
            ("Hey, could someone please renew the domain", "Renew the domain"),
            (
                "the map widget crashes when the address has an umlaut",
                "The map widget crashes when the address has an umlaut",
            ),
            ("feature request: a calendar view. Customers ask for it.", "A calendar view"),
            ("we need to book the booth in Lyon!", "Book the booth in Lyon"),
            ("```code```", "Look into this conversation"),
        ] {
            let title = title_of(said);
            assert_eq!(title, expected, "{said}");
        }
        assert!(title_of(&"long ".repeat(100)).chars().count() <= 120);
    }
}
