//! Conversations that match no task.

use super::{said, world::*};
use crate::domain::digest::{Untracked, Who};

#[test]
fn conversations_that_match_no_task_are_named_shortly_and_offered_in_the_thread() {
    let mut loaded = team(&["Ana", "Ben"]);
    let one = |number: u32, words: Option<&str>| Untracked {
        number,
        by: Who { member: Some(who(0)), name: "Ana".to_owned() },
        words: words.map(str::to_owned),
        url: None,
        at: hours_before(2),
    };
    loaded.untracked = vec![one(7, Some("the printer jams again")), one(9, None), one(12, None), one(13, None)];
    insta::assert_snapshot!(said(&loaded), @r#"
    Standup · Mon 30 Nov
    4 conversations match no task: T-7, T-9, T-12 and 1 more
    Since Fri 27 Nov 08:30 UTC · details in the thread
    --- thread
    Conversations that match no task
    T-7 Ana: "the printer jams again"
    [Create task] [Link] [No work]
    T-9 Ana
    [Create task] [Link] [No work]
    T-12 Ana
    [Create task] [Link] [No work]
    T-13 Ana
    [Create task] [Link] [No work]
    "#);
}
