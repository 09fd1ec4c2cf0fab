//! Whether people talk about work that a plan should know of.

use std::{collections::BTreeSet, sync::LazyLock};

use unicode_segmentation::UnicodeSegmentation;

use super::words::{fold, list, stem, terms};
use crate::{domain::heard::ChatThread, planner::rules::prose::prose};

/// Words of somebody who reports that something is wrong, folded: the beginnings of them.
const WRONG: &str = "\
    bug, broke, crash, error, exception, fail, flaky, freez, hang, incorrect, leak, missing, outage, regression, \
    slow, stuck, timeout, timed out, wrong, doesn't, does not, isn't working, not working, can't, cannot, won't, \
    abgestur, fehler, funktioniert nicht, geht nicht, kaputt, langsam, caid, falla, fallo, muy lent, va lent, no funciona, \
    no carga, no se puede, esta rot";

/// Words of somebody who asks for something to be done, or says that it has to be, folded: the beginnings of them.
const WANTED: &str = "\
    can we, can you, can someone, can somebody, could we, could you, could someone, has to, have to, let's, lets, \
    must, need, needs, please, should, todo, to do, want to, we want, would be good, would be great, would like, \
    i'd like, ask for, asked for, asks for, feature request, bitte, brauchen, konnen wir, kann jemand, \
    konnte jemand, muss, mussen, sollte, sollten, wir wollen, falta, hace falta, hay que, necesit, podemos, \
    podrias, puede alguien, puedes, por favor, tenemos que, deberiamos, queremos";

/// Words with which somebody says what to do, at the beginning of a message, folded.
const ORDERS: &str = "\
    add, build, change, check, clean, create, document, enable, fix, implement, improve, investigate, migrate, \
    move, prepare, refactor, remove, rename, replace, rewrite, rotate, set, switch, test, translate, update, \
    upgrade, write";

/// Words that are about anything but work, folded.
const SOCIAL: &str = "\
    bday, beer, birthday, breakfast, cake, coffee, congrats, congratulations, dinner, dog, drink, football, funny, \
    game, gif, happy, holiday, joke, kaffee, lol, lunch, meme, mittag, mittagessen, morning, movie, music, night, \
    party, pizza, playlist, vacation, weather, weekend, welcome, almuerzo, cafe, cerveza, comida, cumpleanos, feliz, semana, \
    fiesta, geburtstag, urlaub, wetter, wochenende, feierabend";

/// Words that are no matter of their own, folded.
const EMPTY: &str = "\
    afternoon, anything, back, call, cool, day, everybody, everyone, everything, fine, folks, go, good, great, hello, \
    know, look, meet, minute, nice, perfect, see, something, sorry, sound, sure, talk, team, thing, think, time, week, \
    work, hallo, moin, morgen, super, klar, gut, guten, tag, bueno, buena, dia, vale, perfecto, genial";

static SOCIAL_TERMS: LazyLock<BTreeSet<String>> = LazyLock::new(|| list(SOCIAL).map(stem).collect());
static EMPTY_TERMS: LazyLock<BTreeSet<String>> = LazyLock::new(|| list(EMPTY).map(stem).collect());

/// Whether a thread is about work: somebody reports, wants or asks something that has a matter of its own. Greetings,
/// thanks and lunch are not.
pub fn looks_like_work(thread: &ChatThread) -> bool {
    thread.messages.iter().take(ASKED).any(|message| is_work(&message.text))
}

/// The messages of a thread in which what it is about is said.
const ASKED: usize = 3;

fn is_work(text: &str) -> bool {
    let said = prose(text);
    let words: Vec<String> = said.unicode_words().map(fold).collect();
    let line = format!(" {} ", words.join(" "));
    let about = terms(text);
    let is_social = about.iter().any(|term| SOCIAL_TERMS.contains(term));
    let matter = about.iter().filter(|term| !SOCIAL_TERMS.contains(*term) && !EMPTY_TERMS.contains(*term)).count();
    let is_wrong = list(WRONG).any(|start| line.contains(&format!(" {start}")));
    let is_wanted = list(WANTED).any(|start| line.contains(&format!(" {start}")));
    let is_order = words.first().is_some_and(|word| list(ORDERS).any(|order| order == word));
    let needed = if is_wrong || is_order { 1 } else { 2 };
    let asks = is_wrong || is_wanted || is_order || said.contains('?');
    asks && matter >= needed && (is_wrong || !is_social)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_wishes_and_questions_with_a_matter_are_work() {
        for text in [
            "the export crashes on empty files",
            "Can we add dark mode to the settings?",
            "we need a runbook for the database failover",
            "Rotate the signing keys before the audit",
            "does anybody know why invoices are sent twice?",
            "Login geht nicht mehr seit dem Update",
            "Bitte die Rechnungsvorlage anpassen",
            "hay que actualizar los certificados del servidor",
            "la página de pagos no carga",
        ] {
            assert!(is_work(text), "{text}");
        }
    }

    #[test]
    fn greetings_thanks_and_lunch_are_none() {
        for text in [
            "good morning everybody!",
            "thanks, that helped a lot",
            "pizza for lunch?",
            "can we go for coffee?",
            "who is in the office today?",
            "happy birthday Ana :tada:",
            "guten Morgen zusammen",
            "gracias, perfecto",
            "kann jemand Kaffee mitbringen?",
            "sounds good",
            "see https://example.org/post",
            "",
        ] {
            assert!(!is_work(text), "{text}");
        }
    }
}
