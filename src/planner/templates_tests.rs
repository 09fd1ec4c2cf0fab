use super::*;
use crate::domain::patch::MAX_TITLE;
use crate::planner::fixtures::shown;

fn templates() -> Templates {
    Templates::built_in().unwrap()
}

fn plan(goal: &str) -> Draft {
    templates().plan(goal, &BTreeSet::new()).unwrap_or_else(|problem| panic!("{goal}: {problem}"))
}

fn card(draft: &Draft) -> String {
    let founding = draft.founding.as_ref().unwrap();
    format!(
        "{}: {}\n{}\n{}\n{}\n{}",
        founding.key,
        founding.title,
        founding.summary,
        draft.title,
        draft.method,
        shown(&draft.steps)
    )
}

const GOALS: &[(&str, &str)] = &[
    ("feature", "Build a user authentication flow"),
    ("feature", "Add dark mode to the settings page"),
    ("feature", "Implement push notifications"),
    ("feature", "Something nobody has a word for, in purple"),
    ("bug", "Fix the login crash on Safari"),
    ("bug", "Checkout fails with wrong totals, find the bug"),
    ("migration", "Migrate the orders database to PostgreSQL"),
    ("migration", "Move our builds from Jenkins to Actions"),
    ("release", "Release version 2.1 of the mobile app"),
    ("release", "Ship 3.0 by Friday"),
    ("research", "Research which message queue we should use"),
    ("research", "Evaluate vector databases"),
    ("incident", "Outage of the payment API"),
    ("incident", "Checkout is down since 9:40"),
    ("onboarding", "Onboard Maria to the payments team"),
    ("onboarding", "Welcome the new intern"),
    ("launch", "Launch the pricing page on Monday"),
    ("launch", "Announce the public beta"),
];

#[test]
fn every_template_is_chosen_by_its_goals() {
    for (name, goal) in GOALS {
        assert_eq!(plan(goal).method, format!("template \"{name}\""), "{goal}");
    }
    for name in templates().names() {
        assert!(GOALS.iter().filter(|(own, _)| *own == name).count() >= 2, "{name}");
    }
}

#[test]
fn every_plan_keeps_the_limits() {
    let long = "a very long goal about everything ".repeat(300);
    let strange = [
        "🚀 rocket 👩‍🚀👩‍🚀👩‍🚀",
        "בנה זרימת התחברות",
        "Build <!channel> `rm -rf` *bold* {subject}",
        &long,
        "auth",
        "x y\nsecond line",
    ];
    for goal in GOALS.iter().map(|(_, goal)| *goal).chain(strange) {
        let draft = plan(goal);
        assert!((3..=MAX_ROOTS).contains(&draft.steps.len()), "{goal}: {}", draft.steps.len());
        let founding = draft.founding.unwrap();
        assert!(founding.title.chars().count() <= MAX_TITLE && !founding.title.contains('\n'), "{goal}");
        for (step, n) in draft.steps.iter().zip(1..) {
            let Operation::CreateTask { number, fields, place } = &step.operation else { panic!("{goal}") };
            assert_eq!(number.0, n, "{goal}");
            assert!(place.parent.is_none() && fields.estimate.is_some() && !fields.acceptance.is_empty(), "{goal}");
            assert!(
                (1..=MAX_TITLE).contains(&fields.title.chars().count()) && !fields.title.contains('\n'),
                "{}",
                fields.title
            );
            // Acyclic: a task waits only for those before it.
            assert!(fields.depends_on.iter().all(|first| first < number), "{goal}");
        }
    }
}

#[test]
fn plans_read_like_a_colleagues() {
    insta::assert_snapshot!(card(&plan("Build a user authentication flow")), @r#"
    AUTH: User authentication flow
    Build a user authentication flow.
    plan the user authentication flow
    template "feature"
    + 1 Agree what the user authentication flow must do, and what it leaves out (4 h)
    + 2 Sessions that can be issued, renewed and revoked (2 d) after 1
    + 3 Sign up, sign in and sign out, from end to end (3 d) after 2
    + 4 Recovery and abuse: lost passwords, guessing, stolen sessions (2 d) after 3
    + 5 Roll out in steps, with figures and a way back (1 d) after 4
    "#);
    insta::assert_snapshot!(card(&plan("Fix the login crash on Safari")), @r#"
    LOGIN: Fix login crash on Safari
    Fix the login crash on Safari.
    plan the fix of the login crash on Safari
    template "bug"
    + 1 Reproduce the login crash on Safari on demand (4 h)
    + 2 Explain the cause of the login crash on Safari (4 h) after 1
    + 3 Mend the cause, with a test that failed before (1 d) after 2
    + 4 Bring the fix to everybody and watch it hold (4 h) after 3
    "#);
    insta::assert_snapshot!(card(&plan("Migrate the orders database to PostgreSQL")), @r#"
    ORDERS: Migration: orders database
    Migrate the orders database to PostgreSQL.
    plan the migration of the orders database
    template "migration"
    + 1 Know what hangs on the orders database (2 d)
    + 2 Rehearse the move on a copy, timed and repeatable (3 d) after 1
    + 3 Run old and new side by side, and compare (3 d) after 2
    + 4 Switch over, with a way back that was tried (1 d) after 3
    + 5 Take the old home of the orders database away (1 d) after 4
    "#);
    insta::assert_snapshot!(card(&plan("Onboard Maria to the payments team")), @r#"
    MARIA: Onboarding: Maria
    Onboard Maria to the payments team.
    plan the onboarding of Maria
    template "onboarding"
    + 1 Everything ready before Maria starts (1 d)
    + 2 A first day with a first result (1 d) after 1
    + 3 Two weeks of growing tasks, with a partner (3 d) after 2
    + 4 Standing alone: an area of their own (2 d) after 3
    + 5 Look back after thirty days, in both directions (2 h) after 4
    "#);
}

#[test]
fn plans_of_the_rarer_kinds_read_like_a_colleagues() {
    insta::assert_snapshot!(card(&plan("Checkout is down since 9:40")), @r#"
    CHECKOUT: Incident: Checkout
    Checkout is down since 9:40.
    plan the work on the incident: Checkout
    template "incident"
    + 1 Stop the damage: Checkout (2 h)
    + 2 Tell those concerned, and keep telling them (2 h)
    + 3 Restore the usual service fully, and prove it (1 d) after 1
    + 4 A review without blame, within a week (4 h) after 3
    + 5 The two changes that make it unlikely or short (2 d) after 4
    "#);
    insta::assert_snapshot!(card(&plan("Research which message queue we should use")), @r#"
    MESSAGE: Research: which message queue we should use
    Research which message queue we should use.
    plan the research: which message queue we should use
    template "research"
    + 1 The question, and what an answer decides: which message queue we should use (3 h)
    + 2 What is already known, inside and outside (1 d) after 1
    + 3 Criteria, and a trial that could prove us wrong (3 d) after 2
    + 4 An answer on two pages, with what remains unsure (1 d) after 3
    + 5 Decide, and write down why (2 h) after 4
    "#);
    insta::assert_snapshot!(card(&plan("Release version 2.1 of the mobile app")), @r#"
    MOBILE: Release version 2.1 of the mobile app
    Release version 2.1 of the mobile app.
    plan the release of version 2.1 of the mobile app
    template "release"
    + 1 Settle what is in version 2.1 of the mobile app and what waits (4 h)
    + 2 A candidate that installs and upgrades cleanly (2 d) after 1
    + 3 Notes that say what changes for whom (4 h) after 1
    + 4 Bring version 2.1 of the mobile app out in steps (1 d) after 2, 3
    + 5 Look back a week later (2 h) after 4
    "#);
    insta::assert_snapshot!(card(&plan("Launch the pricing page on Monday")), @r#"
    PRICING: Launch: pricing page
    Launch the pricing page on Monday.
    plan the launch of the pricing page
    template "launch"
    + 1 One sentence about the pricing page, and who it is for (1 d)
    + 2 The pricing page ready for strangers (3 d) after 1
    + 3 The page, the pictures and the words (2 d) after 1
    + 4 The day itself, hour by hour (1 d) after 2, 3
    + 5 Listen for two weeks, and act on it (2 d) after 4
    "#);
}

#[test]
fn a_taken_key_gets_a_number() {
    let taken = BTreeSet::from(["AUTH".parse().unwrap()]);
    let draft = templates().plan("Build a user authentication flow", &taken).unwrap();
    assert_eq!(draft.founding.unwrap().key.as_str(), "AUTH2");
}

#[test]
fn an_unknown_kind_of_goal_is_planned_with_low_confidence() {
    assert_eq!(plan("Something nobody has a word for, in purple").confidence, Confidence::Low);
    assert_eq!(plan("Build a user authentication flow").confidence, Confidence::Medium);
    assert!(templates().plan("🚀", &BTreeSet::new()).is_err());
}

#[test]
fn a_folder_adds_and_overrides() {
    let folder = tempfile::tempdir().unwrap();
    let own = include_str!("../../prompts/plans/bug.toml")
        .replace("name = \"bug\"", "name = \"garden\"")
        .replace("bug = 4", "tulip = 9");
    std::fs::write(folder.path().join("garden.toml"), own).unwrap();
    std::fs::write(folder.path().join("notes.txt"), "not a template").unwrap();
    let templates = templates().with_folder(folder.path()).unwrap();
    assert_eq!(templates.plan("Plant tulips", &BTreeSet::new()).unwrap().method, "template \"garden\"");
    assert!(templates.with_folder(&folder.path().join("missing")).is_err());
}

#[test]
fn a_bad_file_is_named_with_its_line() {
    let good = include_str!("../../prompts/plans/bug.toml");
    for (old, new, problem) in [
        ("estimate = \"1d\"", "estimate = \"soon\"", "“soon” is no estimate; write 4h or 1.5d"),
        ("after = [\"cause\"]", "after = [\"release\"]", "“release” in after is no slot further up"),
        ("key = \"FIX\"", "key = \"F\"", "the key must be 2 to 10 letters or digits, such as FEAT"),
        ("share = 3", "share = 0", "a part needs a title, acceptance criteria and a share of at least 1"),
        ("[words]", "[wrods]", "unknown field `wrods`"),
        ("cut = [", "cut = (", "string values must be quoted"),
    ] {
        let error = Template::read("bad.toml", &good.replacen(old, new, 1)).unwrap_err();
        assert!(error.line.is_some_and(|line| line > 0), "{error}");
        assert!(
            error.to_string().starts_with("plan template bad.toml, line ")
                && (error.problem.contains(problem) || new.contains('(')),
            "{error}"
        );
    }
    let two = "[[deliverable]]\nslot = \"release\"";
    let error = Template::read("bad.toml", &good.replacen(two, "[[deliverable]]\nslot = \"fix\"", 1)).unwrap_err();
    insta::assert_snapshot!(error, @"plan template bad.toml, line 69: “fix” in after is no slot further up");
}
