//! The words of a text as they are compared: in one case, without accents, without endings and without those that
//! stand in every text.

use std::{collections::BTreeSet, sync::LazyLock};

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use unicode_segmentation::UnicodeSegmentation;

use crate::planner::rules::prose::prose;

/// Words that say nothing of what a text is about, folded, in English, German and Spanish.
const STOP: &str = "\
    a, about, after, again, all, also, am, an, and, any, anybody, anyone, are, as, at, be, because, been, before, \
    being, but, by, can, cannot, could, did, do, does, doing, don, for, from, get, gets, got, had, has, have, \
    having, he, her, here, hey, hi, him, his, how, i, if, in, into, is, it, its, just, ll, like, make, makes, me, \
    more, my, need, needs, no, not, now, of, ok, okay, on, one, only, or, our, out, please, re, s, same, she, \
    should, so, some, somebody, someone, still, t, than, thank, thanks, that, the, their, them, then, there, these, \
    they, this, those, to, today, tomorrow, too, up, us, ve, very, want, was, we, were, what, when, where, which, \
    while, who, why, will, with, would, yes, yesterday, yet, you, your, aber, als, auch, auf, aus, bei, bin, bitte, \
    da, danke, das, dass, dem, den, der, des, die, doch, du, ein, eine, einem, einen, einer, er, es, euch, fur, \
    haben, hat, ich, ihr, im, immer, ist, ja, jemand, kann, konnen, man, mal, mehr, mein, mit, muss, mussen, nach, \
    nein, nicht, noch, nur, oder, schon, sein, sich, sie, sind, um, und, uns, unser, vom, von, vor, war, wenn, wer, \
    wie, wir, wird, wo, zu, zum, zur, al, algo, alguien, como, con, cuando, de, del, el, ella, en, entre, esta, \
    este, esto, favor, gracias, ha, hay, hola, la, las, le, lo, los, mas, mi, muy, nos, nuestro, o, para, pero, \
    podemos, por, porque, que, quien, se, si, sin, sobre, son, su, sus, tambien, te, tengo, tu, un, una, y, ya, yo";

static STOPPED: LazyLock<BTreeSet<&str>> = LazyLock::new(|| list(STOP).collect());

/// The words of a list that is written with commas.
pub(super) fn list(words: &'static str) -> impl Iterator<Item = &'static str> {
    words.split(',').map(str::trim)
}

/// The words of a text that may tell what it is about, in their order. Code, quotes and addresses are left out, and so
/// are people, channels and emoji by their names.
pub(super) fn terms(text: &str) -> Vec<String> {
    let said = without_names(&prose(text));
    let folded = said.unicode_words().map(fold).filter(|word| !STOPPED.contains(word.as_str()));
    folded.filter(|word| word.chars().any(char::is_alphabetic)).map(|word| stem(&word)).collect()
}

/// A word in one case and without accents: `Prüfung` is `prufung`, `straße` is `strasse`.
pub(super) fn fold(word: &str) -> String {
    word.to_lowercase().replace('ß', "ss").replace('’', "'").nfkd().filter(|c| !is_combining_mark(*c)).collect()
}

/// The text without `<@U123>`, `@here`, `#general` and `:tada:`.
fn without_names(text: &str) -> String {
    let is_name = |word: &str| {
        let word = word.trim_matches(|c: char| matches!(c, '(' | ')' | ',' | '.' | '!' | '?'));
        let is_emoji = word.len() > 2 && word.starts_with(':') && word.ends_with(':');
        is_emoji || word.starts_with("<@") || word.starts_with('@') || word.starts_with('#')
    };
    let words = text.split_inclusive(char::is_whitespace);
    words.map(|word| if is_name(word.trim()) { " " } else { word }).collect()
}

/// A folded word without the endings that only say how it stands in its sentence, so that `deploys`, `deployed` and
/// `deploying` are one. It need not be a word any more, only the same for all of them.
pub(super) fn stem(word: &str) -> String {
    if !word.is_ascii() {
        return word.to_owned();
    }
    let word = singular(word);
    let word = ["ing", "ung", "ed", "en", "er", "et"].iter().find_map(|end| without(&word, end)).unwrap_or(word);
    match word.strip_suffix('e') {
        Some(rest) if rest.len() >= 4 => rest.to_owned(),
        _ => word,
    }
}

/// The word for one of what it names.
fn singular(word: &str) -> String {
    if word.len() >= 5
        && let Some(rest) = word.strip_suffix("ies")
    {
        return format!("{rest}y");
    }
    let is_plural = word.len() >= 4 && !["ss", "us", "is"].iter().any(|end| word.ends_with(end));
    word.strip_suffix('s').filter(|_| is_plural).unwrap_or(word).to_owned()
}

/// What is left of a word without an ending, where that is still one: `run` of `running`, nothing of `string`.
fn without(word: &str, end: &str) -> Option<String> {
    let rest = word.strip_suffix(end)?;
    let is_word = rest.len() >= 3 && rest.contains(['a', 'e', 'i', 'o', 'u', 'y']);
    let bytes = rest.as_bytes();
    let is_doubled = match bytes {
        [.., before, last] => before == last && !matches!(last, b'l' | b's' | b'z') && rest.len() > 3,
        _ => false,
    };
    let rest = if is_doubled { &rest[..rest.len() - 1] } else { rest };
    is_word.then(|| rest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_compared_without_case_accents_and_endings() {
        for (one, other) in [
            ("deploys deployed deploying", "deploy deploy deploy"),
            ("Running tests", "run test"),
            ("the retries of services", "retry service"),
            ("Anmeldung", "anmelden"),
            ("sesiones", "sesión"),
            ("Straße", "STRASSE"),
            ("updated", "updating"),
            ("pages", "page"),
        ] {
            assert_eq!(terms(one), terms(other), "{one}");
        }
        assert_eq!(terms("string thing being"), ["string", "thing"]);
    }

    #[test]
    fn what_says_nothing_of_the_matter_is_left_out() {
        for text in [
            "",
            "so what is it that we have to do?",
            "`login` <@U123> @here #general :tada: https://x.test/login",
            "> login page\n```\nlogin\n```",
            "12 3",
            "wir haben das noch nicht",
            "no lo tengo",
        ] {
            assert!(terms(text).is_empty(), "{text}: {:?}", terms(text));
        }
    }
}
