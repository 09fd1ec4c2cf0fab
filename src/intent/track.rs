//! What follows `process`, `track` and `decisions`.

use crate::domain::intent::{About, Decided, Intent, TaskName};

/// Reads what follows `process`.
pub(super) fn dry(text: &str) -> Option<Intent> {
    let said = text.trim().to_lowercase();
    ["dry-run", "dry run", "dryrun", "dry", "--dry-run"]
        .contains(&said.as_str())
        .then_some(Intent::Process { is_dry: true })
}

/// Reads what follows `track`: a conversation, and perhaps what it is about.
pub(super) fn track(text: &str) -> Option<Intent> {
    let (word, rest) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
    let thread = thread(word)?;
    let rest = rest.trim();
    let rest = ["to ", "as ", "is ", "on "].iter().find_map(|filler| rest.strip_prefix(filler)).unwrap_or(rest);
    let about = match rest.to_lowercase().as_str() {
        "" | "new" => About::New,
        "no" | "nothing" | "not" => About::No,
        "which" => About::Which,
        _ => About::Task(TaskName::parse(rest)?),
    };
    Some(Intent::Track { thread, about })
}

/// Reads what follows `decisions`: a conversation, a task or a project.
pub(super) fn decided(text: &str) -> Option<Intent> {
    let text = text.trim();
    let of = match (thread(text), text.parse()) {
        (Some(number), _) => Decided::Thread(number),
        (None, Ok(task)) => Decided::Task(task),
        (None, Err(())) => Decided::Project(text.parse().ok()?),
    };
    Some(Intent::Decisions(Some(of)))
}

/// Reads `T-7`.
fn thread(text: &str) -> Option<u32> {
    let number = text.strip_prefix("T-").or_else(|| text.strip_prefix("t-"))?;
    let is_plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    number.parse().ok().filter(|number| is_plain && *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_is_tracked_as_a_task_or_as_none() {
        for (text, about) in [
            ("T-7", About::New),
            ("t-7 new", About::New),
            ("T-7 AUTH-3", About::Task(TaskName::Code("AUTH-3".into()))),
            ("T-7 to auth-3", About::Task(TaskName::Code("AUTH-3".into()))),
            ("T-7 3", About::Task(TaskName::Number(3))),
            ("T-7 no", About::No),
            ("T-7 which", About::Which),
        ] {
            assert_eq!(track(text), Some(Intent::Track { thread: 7, about }), "{text}");
        }
        for wrong in ["", "7", "T-", "T-0", "T-x", "T-7 the sign-in page", "AUTH-3"] {
            assert_eq!(track(wrong), None, "{wrong}");
        }
        assert_eq!(decided("T-7"), Some(Intent::Decisions(Some(Decided::Thread(7)))));
        assert_eq!(decided("auth"), Some(Intent::Decisions(Some(Decided::Project("AUTH".parse().unwrap())))));
        assert_eq!(decided("what"), Some(Intent::Decisions(Some(Decided::Project("WHAT".parse().unwrap())))));
        assert_eq!(decided("auth-3"), Some(Intent::Decisions(Some(Decided::Task("AUTH-3".parse().unwrap())))));
        assert_eq!((decided("AUTH-3-4"), dry("dry-run").is_some(), dry("wet")), (None, true, None));
    }
}
