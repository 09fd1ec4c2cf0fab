//! The phrases in which people tell of tasks, folded, in English, German and Spanish.

use crate::planner::threads::words::list;

/// It is done.
pub(super) const DONE: &str = "\
    done, finished, complete, completed, shipped, merged, deployed, released, fixed, resolved, closed, landed, \
    is live, it's live, are live, went live, now live, in production, rolled out, erledigt, fertig, abgeschlossen, \
    gemerged, gemergt, ausgeliefert, deployt, ausgerollt, behoben, ist live, hecho, hecha, listo, lista, terminado, \
    terminada, completado, completada, desplegado, desplegada, resuelto, resuelta, publicado, publicada, fusionado";

/// Work on it has begun.
pub(super) const STARTED: &str = "\
    i started, we started, i've started, we've started, started on, started with, started working, in progress, \
    i'm working on, we're working on, am working on, are working on, is working on, working on it, \
    arbeite daran, arbeiten daran, habe angefangen, haben angefangen, bin dabei, in arbeit, \
    empece, empezamos, he empezado, hemos empezado, estoy trabajando, estamos trabajando, en curso";

/// Whoever tells it does it.
pub(super) const TAKEN: &str = "\
    i'll take it, i'll take this, i'll take that, i'll take care, i'll do it, i'll do this, i will take it, \
    i will take this, i will do it, i can take it, i can take this, i can do it, i'm on it, i am on it, i'll take over, \
    i'm taking this, i'm taking it, taking this one, this one is mine, i'll handle it, i'll handle this, i'll pick it up, \
    i'll pick this up, i'll take auth, ich ubernehme, ich mach das, ich mache das, ich kummere mich, ich mach's, \
    me encargo, lo hago yo, yo lo hago, lo tomo yo, me lo quedo";

/// Something is in its way.
pub(super) const BLOCKED: &str = "\
    blocked, is stuck, are stuck, i'm stuck, we're stuck, am stuck, blockiert, hangt fest, hangen fest, bloqueado, \
    bloqueada, atascado, atascada";

/// It will not be done, in a word.
pub(super) const CANCELLED: &str =
    "cancelled, canceled, called off, obsolete, abgesagt, verworfen, cancelado, cancelada, descartado, descartada";

/// It will not be done, in words that deny themselves.
pub(super) const DROPPED: &str = "\
    not doing this, not doing it, not doing that, not going to do it, not going to do this, won't do, wontfix, won't fix, \
    won't be doing, we're dropping this, we're dropping it, we dropped this, we dropped it, decided against, \
    decided not to, not needed any more, not needed anymore, no longer needed, don't need this any more, \
    don't need this anymore, don't need it anymore, machen wir nicht, wird nicht gemacht, brauchen wir nicht mehr, \
    nicht mehr notig, no lo vamos a hacer, no lo haremos, no vamos a hacerlo, ya no hace falta, ya no es necesario";

/// It is not so.
pub(super) const DENIED: &str = "\
    not, never, no, none, nobody, nothing, without, isn't, aren't, wasn't, weren't, hasn't, haven't, hadn't, didn't, \
    doesn't, don't, can't, cannot, couldn't, won't, wouldn't, ain't, no longer, unblocked, almost, nearly, partly, \
    partially, half, part, parts, most, some, except, nicht, nie, kein, keine, fast, halb, teilweise, nunca, casi, \
    tampoco, falta, parte, mitad";

/// It is to come, or should.
pub(super) const TO_COME: &str = "\
    will, i'll, we'll, it'll, they'll, he'll, she'll, you'll, going to, gonna, should, shall, would, could, can, may, \
    might, must, to be, need to, needs to, need, needs, have to, has to, want, wants, get it, get this, get that, getting, \
    tomorrow, soon, next week, until, by monday, by tuesday, by wednesday, by thursday, by friday, by end, by the end, \
    trying, waiting, please, let's, wird, werden, soll, sollte, sollten, muss, mussen, kann, konnen, konnte, morgen, \
    bald, bitte, bis, sera, estara, estaran, va a, vamos a, voy a, van a, debe, deberia, puede, podria, pronto, hay que, \
    tiene que, hasta";

/// Whoever tells it does not know it.
pub(super) const HEDGED: &str = "\
    maybe, perhaps, probably, possibly, hopefully, i think, i thought, i guess, i hope, i wish, wish, assume, assuming, \
    supposed, suppose, seems, looks like, apparently, not sure, would be, vielleicht, wahrscheinlich, hoffentlich, \
    ich glaube, ich denke, angeblich, scheint, quizas, tal vez, creo que, pienso, ojala, parece, supongo";

/// It is about something else: idioms with the same words.
pub(super) const NOT_OURS: &str = "\
    well done, nicely done, for today, for the day, for the week, easier said, i take it that, i'm done with, done deal, \
    done with lunch, how it's done, how this is done, closed the window, office is closed, is closed on, fur heute, \
    por hoy, bien hecho, feature complete, ready to be";

/// A condition.
pub(super) const IF: &str = "\
    if, when, once, until, unless, after, as soon as, before, in case, whenever, wenn, falls, sobald, bevor, nachdem, si, \
    cuando, una vez, en cuanto, antes de, despues de, and if, and when, and once, so if, und wenn, y si, y cuando";

/// A contrast.
pub(super) const BUT: &str = "but, aber, pero";

/// A question, also where nobody puts the mark behind it.
pub(super) const ASKING: &str = "\
    is it, is this, is that, is the, are we, are they, are the, did we, did you, did anybody, did anyone, did somebody, \
    did they, has it, has anybody, has anyone, has somebody, have we, have you, was it, was this, were they, when, when will, \
    when is, who, whose, what, which, why, how, where, can you, could you, do we, do you, does anybody, does anyone, \
    any news, any update, ist das, ist es, ist der, ist die, sind wir, hat jemand, habt ihr, haben wir, wann, wer, was, \
    warum, esta listo, esta hecho, cuando, quien, alguien";

/// Whether a folded text has one of these phrases.
pub(super) fn has(text: &str, phrases: &'static str) -> bool {
    list(phrases).any(|phrase| text.contains(&format!(" {phrase} ")))
}

/// Whether a folded text begins with one of these phrases.
pub(super) fn begins(text: &str, phrases: &'static str) -> bool {
    list(phrases).any(|phrase| text.trim_start().strip_prefix(phrase).is_some_and(|rest| rest.starts_with(' ')))
}
