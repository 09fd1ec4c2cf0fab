use super::*;
use crate::planner::threads::fixtures::{code, index, thread};

fn read_of(texts: &[&str], task: &str, is_alone: bool) -> Option<(What, usize, String)> {
    let index = index(&[("AUTH-3", "Sign-in page"), ("AUTH-4", "Token service")]);
    let told = told(&index, &thread(texts), &code(task), is_alone)?;
    Some((told.what, told.at, told.sentence))
}

fn what(text: &str) -> Option<What> {
    read_of(&[text], "AUTH-3", true).map(|(what, ..)| what)
}

#[test]
fn what_is_told_is_read() {
    for (text, expected) in [
        ("we shipped it", What::Done),
        ("done", What::Done),
        ("Done!", What::Done),
        ("merged", What::Done),
        ("It's done. Thanks Ben", What::Done),
        ("No, it's done", What::Done),
        ("AUTH-3 is finished :tada:", What::Done),
        ("It’s live since this morning", What::Done),
        ("Fixed and deployed", What::Done),
        ("AUTH-3 ist erledigt", What::Done),
        ("ya está hecho", What::Done),
        ("still blocked by the certificate", What::Blocked),
        ("AUTH-3 is blocked on legal", What::Blocked),
        ("wir sind blockiert", What::Blocked),
        ("estamos bloqueados, está bloqueado por compras", What::Blocked),
        ("I'll take it", What::Taken),
        ("I’ll take this one tomorrow", What::Taken),
        ("ok, I'm on it", What::Taken),
        ("ich übernehme das", What::Taken),
        ("yo me encargo", What::Taken),
        ("we're not doing this", What::Cancelled),
        ("AUTH-3 was cancelled", What::Cancelled),
        ("we decided against it", What::Cancelled),
        ("das brauchen wir nicht mehr", What::Cancelled),
        ("I started on AUTH-3", What::Started),
        ("we're working on it", What::Started),
        ("it was hard but it is done", What::Done),
        ("AUTH-4 is not ready, AUTH-3 is done", What::Done),
    ] {
        assert_eq!(what(text), Some(expected), "{text}");
    }
}

#[test]
fn questions_wishes_conditions_denials_and_what_is_to_come_tell_nothing() {
    for text in [
        "is it done?",
        "is it done yet",
        "did we ship AUTH-3? shipped?",
        "when will it be done",
        "it will be done tomorrow",
        "we'll have it merged by Friday",
        "it should be fixed",
        "needs to be merged",
        "can you get it done",
        "please get this shipped",
        "not done yet",
        "it isn't done",
        "it's almost done",
        "half of it is done",
        "we haven't shipped it",
        "nobody has merged it",
        "I think it's done",
        "maybe it is fixed",
        "hopefully shipped soon",
        "if it is done, tell me",
        "once AUTH-3 is merged, we can deploy",
        "when it's shipped we celebrate",
        "well done!",
        "I'm done for today",
        "I won't take it, I can't take it",
        "not blocked any more",
        "unblocked",
        "> it is done\nreally",
        "`done`",
        "it is not cancelled",
        "noch nicht fertig",
        "wird morgen fertig",
        "ist das erledigt",
        "todavía no está hecho",
        "¿está hecho?",
        "AUTH-4 is done",
        "the sign-in page looks nice",
        "",
    ] {
        assert_eq!(what(text), None, "{text}");
    }
}

#[test]
fn the_last_word_holds_and_a_denial_takes_back_what_it_denies() {
    let shipped = ["AUTH-3?", "we shipped it yesterday evening. Looks good.", "great"];
    let sentence = "we shipped it yesterday evening.".to_owned();
    assert_eq!(read_of(&shipped, "AUTH-3", true), Some((What::Done, 1, sentence)));
    assert_eq!(read_of(&["it's done", "sorry, it's not done"], "AUTH-3", true), None);
    assert_eq!(read_of(&["blocked by legal", "done now"], "AUTH-3", true).map(|told| told.0), Some(What::Done));
    assert_eq!(read_of(&["it's done", "not blocked"], "AUTH-3", true).map(|told| told.0), Some(What::Done));
}

#[test]
fn among_several_tasks_only_what_is_named_counts() {
    let both = ["AUTH-3 is done, AUTH-4 is not done yet", "it is merged"];
    assert_eq!(read_of(&both, "AUTH-3", false).map(|told| (told.0, told.1)), Some((What::Done, 0)));
    assert_eq!(read_of(&both, "AUTH-4", false), None);
    let list = ["AUTH-3 and AUTH-4 are shipped"];
    for task in ["AUTH-3", "AUTH-4"] {
        assert_eq!(read_of(&list, task, false).map(|told| told.0), Some(What::Done), "{task}");
    }
}
