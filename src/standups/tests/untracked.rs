//! Conversations that match no task.

use super::{said, world::*};
#[test]
fn conversations_that_match_no_task_are_named_shortly_and_offered_in_the_thread() {
    let mut loaded = team(&["Ana", "Ben"]);
    loaded.untracked = vec![talk(7, Some("the printer jams again")), talk(9, None), talk(12, None), talk(13, None)];
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
