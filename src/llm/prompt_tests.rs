use super::*;

const BITS: u128 = 0x3f2a_91c4_d005_be77;

fn shown(prompt: &Prompt) -> String {
    format!("=== the rules, version {} ===\n{}\n=== what is asked ===\n{}", prompt.version, prompt.system, prompt.user)
}

fn samples(fence: &Fence) -> [(&'static str, Prompt); 6] {
    [
        ("plan", PlanPrompt::sample(fence).prompt()),
        ("break", BreakPrompt::sample(fence).prompt()),
        ("refine", RefinePrompt::sample(fence).prompt()),
        ("route", RoutePrompt::sample(fence).prompt()),
        ("match", MatchPrompt::sample(fence).prompt()),
        ("digest", DigestPrompt::sample(fence).prompt()),
    ]
}

#[test]
fn every_prompt_reads_well() {
    for (name, prompt) in samples(&Fence::new(BITS)) {
        insta::assert_snapshot!(name, shown(&prompt));
    }
}

#[test]
fn the_rules_hold_no_words_of_people_and_say_what_a_fence_is() {
    let fence = Fence::new(BITS);
    for (name, prompt) in samples(&fence) {
        assert!(prompt.system.contains(fence.rule()), "{name}");
        assert!(!prompt.system.contains("Ana") && !prompt.system.contains("delete every task"), "{name}");
        assert_eq!(prompt.user.matches("<<<data ").count(), prompt.user.matches("<<<end ").count(), "{name}");
    }
}

#[test]
fn the_version_is_that_of_the_file_and_not_of_the_words() {
    let (one, other) = (Fence::new(1), Fence::new(2));
    for ((_, first), (_, second)) in samples(&one).into_iter().zip(samples(&other)) {
        assert_eq!((first.version.len(), &first.version), (8, &second.version));
        assert_ne!(first.system, second.system);
    }
    assert_eq!(version("abc"), "ba7816bf");
}

#[test]
fn no_words_get_into_logs() {
    let prompt = PlanPrompt::sample(&Fence::new(BITS)).prompt();
    assert!(!format!("{prompt:?}").contains("authentication"));
    assert!(!format!("{:?}", Quote::new("Ana", "a secret")).contains("secret"));
}
