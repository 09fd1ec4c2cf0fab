//! Conversations that match no task.

use super::{said, world::*};
use crate::domain::digest::{Group, Untracked, Wording};

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

#[test]
fn conversations_that_may_be_about_tasks_are_not_said_to_match_none() {
    let mut loaded = team(&["Ana", "Ben"]);
    let near = ["AUTH-3", "AUTH-4"].map(|code| code.parse().unwrap()).to_vec();
    let unclear = Untracked { near, ..talk(9, Some("the sign-in page is broken")) };
    loaded.untracked = vec![talk(7, Some("the printer jams again")), unclear];
    insta::assert_snapshot!(said(&loaded), @r#"
    Standup · Mon 30 Nov
    1 conversation matches no task: T-7
    T-9 may be about AUTH-3 or AUTH-4
    Since Fri 27 Nov 08:30 UTC · details in the thread
    --- thread
    Conversations that match no task
    T-7 Ana: "the printer jams again"
    [Create task] [Link] [No work]
    ---
    Conversations that may be about a task
    T-9 Ana: "the sign-in page is broken" · may be about AUTH-3 or AUTH-4
    [Link to AUTH-3] [Link to AUTH-4] [Create a task] [No work]
    "#);
    let group = Group { name: "Machines".to_owned(), conversations: vec![7, 9] };
    let wording = Wording { groups: vec![group], ..Wording::default() };
    assert_eq!(worded(&loaded, &wording), composed(&loaded), "a group of two of which one is unclear is none");
}
