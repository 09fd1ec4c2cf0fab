//! What a model may say differently, and what of its answers is refused.

use chrono_tz::Europe::Paris;

use super::world::*;
use crate::{
    domain::digest::{FocusLine, Group, Loaded, Wording},
    llm::{fence::Fence, schema},
    standups::wording,
};

/// A busy day on which four conversations match no task.
fn talkative() -> Loaded {
    let mut loaded = busy();
    loaded.untracked = vec![
        talk(7, Some("the printer jams again")),
        talk(9, Some("can somebody order chairs for room 12?")),
        talk(12, Some("the printer on floor 2 is out of ink")),
        talk(13, Some("the backup of the wiki failed")),
    ];
    loaded
}

fn question(loaded: &Loaded) -> Option<String> {
    let question = wording::question(&Fence::new(7), &loaded.standup(), Paris)?;
    assert_eq!(schema::check_portable(&question.schema), Ok(()));
    Some(question.prompt.user)
}

fn read(answer: &str) -> Result<Wording, Vec<String>> {
    wording::read(answer, &talkative().standup(), Paris)
}

/// The facts in words, the best first.
const REVIEW: &str = "review #14 Sign-in page: it waits for Ana since Friday, and 1 task waits for it";

#[test]
fn a_model_is_shown_what_would_help_in_order_and_what_matches_no_task() {
    let asked = question(&talkative()).unwrap();
    let decide = "decide on P-41 split the sign-in page: it waits since Saturday";
    for part in [
        format!("\n1. {REVIEW}\n"),
        decide.to_owned(),
        "from conversation 7>>>\nthe printer jams again\n".to_owned(),
        "from conversation 13>>>".to_owned(),
    ] {
        assert!(asked.contains(&part), "{part}: {asked}");
    }
    // What nobody has to choose is not shown.
    assert!(!asked.contains("AUTH-2") && !asked.contains("Eli"), "{asked}");
}

#[test]
fn what_was_said_in_private_or_elsewhere_is_not_shown_and_a_few_need_no_groups() {
    let mut loaded = talkative();
    loaded.untracked[0].is_private = true;
    let asked = question(&loaded).unwrap();
    assert!(!asked.contains("jams") && asked.contains("chairs"), "{asked}");
    loaded.untracked[1].words = None;
    let asked = question(&loaded).unwrap();
    assert!(!asked.contains("ink") && asked.contains("There are no conversations to group."), "{asked}");
    // Of a private conversation a model can't say anything either.
    let answer = r#"{"focus":null,"groups":[{"name":"Printing","conversations":[7,12]}]}"#;
    assert!(wording::read(answer, &loaded.standup(), Paris).is_err());
    assert_eq!(question(&team(&["Ana"])), None, "nothing changed");
}

#[test]
fn a_digest_says_it_in_the_models_words_with_what_they_are_about() {
    let wording = read(
        r#"{"focus":{"words":"Ana could review the sign-in page, since 1 task waits for it.","facts":[1]},
            "groups":[{"name":"Printing","conversations":[7,12]}]}"#,
    );
    let wording = Wording { by: Some("local/qwen3".to_owned()), ..wording.unwrap() };
    let said = all_of(&worded(&talkative(), &wording));
    for part in [
        "\nFocus today: Ana could review the sign-in page, since 1 task waits for it (#14)\n",
        "\n4 conversations match no task: Printing (T-7, T-12), T-9, T-13\n",
        "details in the thread · partly worded by local/qwen3\n",
        "Conversations that match no task\nPrinting\nT-7 Ana: \"the printer jams again\"\n[Create task] [Link] [No work]\n\
         T-12 Ana: \"the printer on floor 2 is out of ink\"\n[Create task] [Link] [No work]\nOthers\nT-9 Ana",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn words_hold_only_as_long_as_what_they_were_made_of() {
    let focus = FocusLine { words: "Review the sign-in page".to_owned(), of: vec![REVIEW.to_owned()] };
    let groups = vec![Group { name: "Printing".to_owned(), conversations: vec![7, 12] }];
    let wording = Wording { by: Some("local/qwen3".to_owned()), focus: Some(focus), groups };
    let mut later = talkative();
    assert!(all_of(&worded(&later, &wording)).contains("Focus today: Review the sign-in page (#14)"));
    // Ana has reviewed it, and one conversation became a task.
    later.pulls.retain(|pull| pull.at.number != 14);
    later.untracked.remove(2);
    assert_eq!(worded(&later, &wording), composed(&later), "as by the rules, and no model is named");
}

#[test]
fn what_a_model_makes_up_is_refused_with_what_is_wrong() {
    let nothing = read(r#"{"focus":null,"groups":[]}"#).unwrap();
    assert_eq!(nothing, Wording::default());
    let alone = read(r#"{"focus":null,"groups":[{"name":"Chairs","conversations":[9]}]}"#).unwrap();
    assert_eq!(alone, Wording::default(), "one alone is no group");
    let focus =
        |words: &str, facts: &str| format!(r#"{{"focus":{{"words":"{words}","facts":[{facts}]}},"groups":[]}}"#);
    let groups = |groups: &str| format!(r#"{{"focus":null,"groups":[{groups}]}}"#);
    let long = "very ".repeat(40);
    for (answer, wrong) in [
        (focus("Finish AUTH-99 first", "1"), "says AUTH-99"),
        (focus("Review it, 3 tasks wait", "1"), "says 3"),
        (focus("Review it before 9:30", "1"), "says 9:30"),
        // It stands in another fact than the one that is named.
        (focus("Decide on P-41", "1"), "says P-41"),
        (focus("Review it", "9"), "no number of a fact"),
        (focus("Review it", "0"), "no number of a fact"),
        (focus("Review it", ""), "has to name the facts"),
        (focus("", "1"), "is missing"),
        (focus(&long, "1"), "characters"),
        (focus("@channel review it", "1"), "plain words"),
        (focus("<!here> review it", "1"), "plain words"),
        (focus("Look at https://evil.example", "1"), "plain words"),
        (groups(r#"{"name":"Printing","conversations":[7,8]}"#), "none of the conversations"),
        (groups(r#"{"name":"A","conversations":[7,9]},{"name":"B","conversations":[9,12]}"#), "stands twice"),
        (groups(r#"{"name":"","conversations":[7,12]}"#), "is missing"),
        (groups(r#"{"name":"Call 0900 now","conversations":[7,12]}"#), "says 0900"),
        (groups(r#"{"name":"See [www.evil.example]","conversations":[7,12]}"#), "plain words"),
        (r#"{"focus":null}"#.to_owned(), "groups is missing"),
        ("Sure! Here you are.".to_owned(), "no JSON object"),
    ] {
        let problems = read(&answer).expect_err(&answer).join(" ");
        assert!(problems.contains(wrong), "{answer}: {problems}");
    }
    // A number may stand where a conversation of the group says it.
    assert!(read(&groups(r#"{"name":"Room 12","conversations":[7,9]}"#)).is_ok());
}
