use super::*;
use crate::domain::secret::Sealed;

fn said(text: &str) -> Event {
    Sent::Say { id: "a".to_owned(), text: text.to_owned() }.event()
}

#[test]
fn a_slash_makes_a_command_and_anything_else_is_words() {
    for (text, command) in [
        ("/docket plan Build it", "plan Build it"),
        ("  /DOCKET  show AUTH ", "show AUTH"),
        ("/docket", ""),
        ("/show AUTH", "show AUTH"),
        ("/docketing", "docketing"),
        ("/docket plan one\ntwo", "plan one\ntwo"),
    ] {
        assert_eq!(said(text), Event::Command(command.to_owned()), "{text}");
    }
    assert_eq!(said(" add a task\u{7} for docs "), Event::Words("add a task for docs".to_owned()));
}

#[test]
fn a_click_reads_back_what_was_sent() {
    let body = br#"{"type":"click","id":"k-1","patch":"pat_01HF7YAT00000000000000001A","revision":2,
        "action":"reject","words":"too big","steps":[0,2]}"#;
    let incoming = incoming(body).unwrap();
    assert_eq!(incoming.sender, Some(local()), "deliveries of the time before the sign-in are the local owner's");
    let Event::Click(click) = incoming.event else { panic!("{:?}", incoming.event) };
    assert_eq!((click.action, click.revision), (Action::Reject, 2));
    assert_eq!(click.steps, Some(BTreeSet::from([0, 2])));
    assert_eq!(click.words.as_deref(), Some("too big"));
}

#[test]
fn what_nobody_can_mean_is_refused_with_words() {
    let long = format!(r#"{{"type":"say","id":"a","text":"{}"}}"#, "x".repeat(MAX_LINE + 1));
    let choose = |words: usize, line: usize| {
        let (words, line) = ("x".repeat(words), "x".repeat(line));
        format!(r#"{{"type":"choose","id":"a","words":"{words}","line":"{line}"}}"#)
    };
    let (unsaid, endless) = (choose(MAX_PHRASE + 1, 1), choose(1, MAX_LINE + 1));
    for (body, expected) in [
        (r#"{"type":"say","id":"","text":"hi"}"#, "the id must have 1 to 64"),
        (r#"{"type":"say","id":"a b","text":"hi"}"#, "the id must have 1 to 64"),
        (r#"{"type":"say","id":"a","text":" \n "}"#, "type something first"),
        (r#"{"type":"sing","id":"a"}"#, "not a line or a click"),
        (r#"{"type":"click","id":"a","patch":"prj_x","revision":1,"action":"approve"}"#, "not a line or a click"),
        (long.as_str(), "this one has 10001"),
        (r#"{"type":"choose","id":"a","words":" ?! ","line":"status"}"#, "1 to 200 characters"),
        (r#"{"type":"choose","id":"a","words":"how is it","line":" "}"#, "type something first"),
        (
            r#"{"type":"choose","id":"a","words":"what now","line":"models budget 5m"}"#,
            "no command that words can stand for",
        ),
        (r#"{"type":"choose","id":"a","words":"ship it","line":"approve P-1"}"#, "no command that words"),
        (r#"{"type":"choose","id":"a","words":"ship it","line":"sing"}"#, "no command that words"),
        (r#"{"type":"say","id":"a","text":"our key is sk-proj-Zq7xT4nB9wKe2Lm5"}"#, "looks like a key"),
        (
            r#"{"type":"say","id":"a","text":"/docket models add x 0123456789abcdef0123456789abcdef"}"#,
            "looks like a key",
        ),
        (r#"{"type":"choose","id":"a","words":"a","line":"edit use sk-proj-Zq7xT4nB9wKe2Lm5"}"#, "looks like a key"),
        (
            r#"{"type":"click","id":"a","patch":"pat_01HF7YAT00000000000000001A","revision":1,"action":"reject","words":"sk-proj-Zq7xT4nB9wKe2Lm5"}"#,
            "looks like a key",
        ),
        (unsaid.as_str(), "1 to 200 characters"),
        (endless.as_str(), "this one has 10001"),
        (r#"{"type":"stop","id":"a","delivery":"pat_01HF7YAT00000000000000001A"}"#, "not a line or a click"),
        (r#"{"type":"stop","id":"","delivery":"dlv_01HF7YAT00000000000000001A"}"#, "the id must have 1 to 64"),
        ("\u{0}", "not a line or a click"),
    ] {
        let why = incoming(body.as_bytes()).unwrap_err().to_string();
        assert!(why.contains(expected), "{body}: {why}");
    }
}

#[test]
fn a_choice_means_its_phrase_and_its_line() {
    let body = br#"{"type":"choose","id":"k","words":"How's it  looking?","line":" status AUTH "}"#;
    let Event::Chosen { words, line } = incoming(body).unwrap().event else { panic!("no choice") };
    assert_eq!((words.as_str(), line.as_str()), ("how's it looking", "status AUTH"));
}

#[test]
fn a_stop_waits_for_nothing_and_everything_else_for_what_was_sent_before() {
    let chance = Chance::system();
    let tenant = chance.id();
    let id = || "k".to_owned();
    let choice = Choice { words: "how is it".to_owned(), line: "status".to_owned() };
    let form = AccountForm {
        name: "openai".to_owned(),
        base_url: "https://api.openai.com/v1".to_owned(),
        key: Some(Sealed("sealed".to_owned())),
        models: "gpt-5".to_owned(),
        default: true,
    };
    let stop = Sent::Stop { id: id(), delivery: chance.id() };
    for (sent, waits) in [
        (Sent::Say { id: id(), text: "/show".to_owned() }, true),
        (Sent::Choose { id: id(), choice }, true),
        (Sent::Account { id: id(), form }, true),
        (stop, false),
    ] {
        let new = sent.clone().delivery(tenant, chance.id(), &chance).unwrap();
        assert_eq!(incoming(&new.delivery.body).unwrap().event, sent.clone().event());
        assert_eq!(new.job.unwrap().ordering_key.is_some(), waits, "{sent:?}");
    }
}

#[test]
fn a_delivery_means_what_was_sent() {
    let sent = Sent::Say { id: "k".to_owned(), text: "/show".to_owned() };
    let chance = Chance::system();
    let member = chance.id();
    let new = sent.clone().delivery(chance.id(), member, &chance).unwrap();
    let meant = incoming(&new.delivery.body).unwrap();
    assert_eq!((meant.sender, meant.event), (Some(identity(member)), sent.event()));
    assert_eq!(new.delivery.dedupe_key, format!("{member}:k"));
    assert_eq!(new.job.map(|job| job.job), Some(Job::HandleDelivery { delivery: new.delivery.id }));
}
