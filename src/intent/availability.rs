//! What follows `hours`, `away` and `holidays`.

use chrono::NaiveDate;

use super::{command::shorten, value, when};
use crate::{
    domain::{
        availability::Leave,
        calendar::{Country, countries},
        intent::{AwayWish, HolidaysWish, Intent, Person},
    },
    error::UserError,
};

/// Reads what follows `hours`: days, hours and a zone, or `default`.
pub(super) fn hours(text: &str) -> Result<Intent, UserError> {
    if ["default", "reset", "as everybody"].iter().any(|word| text.trim().eq_ignore_ascii_case(word)) {
        return Ok(Intent::SetHours(None));
    }
    when::hours(text).map(|wish| Intent::SetHours(Some(wish)))
}

/// Reads what follows `away`: perhaps a person, then days, or what to take back.
pub(super) fn away(text: &str, today: NaiveDate) -> Result<Intent, UserError> {
    let (person, rest) = somebody(text.trim());
    if rest.is_empty() {
        return Ok(Intent::Away(person));
    }
    let (word, number) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let wish = if ["cancel", "remove", "drop"].iter().any(|known| word.eq_ignore_ascii_case(known)) {
        let number = number.trim().trim_start_matches('#');
        AwayWish::Cancel(number.parse().ok().filter(|number| *number > 0).ok_or_else(|| {
            UserError::new("Say which leave by its number in the list: /docket away cancel 1. /docket away lists them.")
        })?)
    } else {
        AwayWish::Add(leaves(rest, today)?)
    };
    Ok(Intent::SetAway { person, wish })
}

/// Somebody in front, as a mention or with an @; only so, for `may` is a month and `sun` a day.
fn somebody(text: &str) -> (Option<Person>, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let named =
        word.starts_with(['@', '<']).then(|| value::person(word.trim_end_matches([',', ':'])).flatten()).flatten();
    named.map_or((None, text), |person| (Some(person), rest.trim()))
}

/// Days, or several times days: `24 Dec – 2 Jan, 5–9 Mar`.
fn leaves(text: &str, today: NaiveDate) -> Result<Vec<Leave>, UserError> {
    let whole = when::days(text, today);
    let parts: Vec<&str> = text.split([',', ';']).flat_map(|part| part.split(" and ")).map(str::trim).collect();
    match whole {
        Err(_) if parts.len() > 1 => {
            parts.into_iter().filter(|part| !part.is_empty()).map(|part| when::days(part, today)).collect()
        }
        whole => whole.map(|leave| vec![leave]),
    }
}

/// Reads what follows `holidays`: a country, the address of a feed, or `remove` and one of the list.
pub(super) fn holidays(text: &str) -> Result<Intent, UserError> {
    let text = text.trim();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let wish = match word.to_lowercase().as_str() {
        "remove" | "drop" | "cancel" if rest.trim().is_empty() => {
            return Err(UserError::new(
                "Say which calendar: /docket holidays remove FR, or its number. /docket holidays lists them.",
            ));
        }
        "remove" | "drop" | "cancel" => HolidaysWish::Remove(rest.trim().to_owned()),
        "add" | "of" | "in" if !rest.trim().is_empty() => return holidays(rest),
        _ if text.contains("://") => HolidaysWish::Feed(text.to_owned()),
        _ => HolidaysWish::Country(country(text)?),
    };
    Ok(Intent::SetHolidays(wish))
}

fn country(said: &str) -> Result<String, UserError> {
    let found = Country::find(said).map(|country| country.code.to_owned());
    found.ok_or_else(|| {
        let known: Vec<String> =
            countries().iter().map(|country| format!("{} ({})", country.name, country.code)).collect();
        UserError::new(format!(
            "I don't know the holidays of “{}”. I know those of {}. For any other, give me the address of an iCalendar \
             feed that is open to everybody: /docket holidays https://acme.example/holidays.ics",
            shorten(said),
            known.join(", ")
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> NaiveDate {
        "2026-11-29".parse().unwrap()
    }

    fn leave(from: &str, to: &str) -> Leave {
        Leave { from: from.parse().unwrap(), to: to.parse().unwrap() }
    }

    #[test]
    fn leave_is_ones_own_or_somebodys_and_may_be_several_times() {
        let add = |person, leaves: &[Leave]| Intent::SetAway { person, wish: AwayWish::Add(leaves.to_vec()) };
        let winter = leave("2026-12-24", "2027-01-02");
        let ben = || Some(Person::User("U2".to_owned()));
        for (text, expected) in [
            ("24 Dec – 2 Jan", add(None, std::slice::from_ref(&winter))),
            ("24 Dec – 2 Jan, 5 – 9 Mar", add(None, &[winter.clone(), leave("2027-03-05", "2027-03-09")])),
            ("tomorrow and Friday", add(None, &[leave("2026-11-30", "2026-11-30"), leave("2026-12-04", "2026-12-04")])),
            ("Dec 24, 2026", add(None, &[leave("2026-12-24", "2026-12-24")])),
            ("<@U2> 24 Dec – 2 Jan", add(ben(), std::slice::from_ref(&winter))),
            ("@ana tomorrow", add(Some(Person::Name("ana".to_owned())), &[leave("2026-11-30", "2026-11-30")])),
            ("cancel 1", Intent::SetAway { person: None, wish: AwayWish::Cancel(1) }),
            ("<@U2> cancel 2", Intent::SetAway { person: ben(), wish: AwayWish::Cancel(2) }),
            ("<@U2>", Intent::Away(ben())),
        ] {
            assert_eq!(away(text, today()), Ok(expected), "{text}");
        }
        for (text, words) in [
            ("cancel", "/docket away cancel 1"),
            ("cancel 0", "/docket away cancel 1"),
            ("cancel tomorrow", "/docket away cancel 1"),
            ("soon", "I can't read “soon” as days"),
            ("24 Dec, soon", "I can't read “soon” as days"),
        ] {
            let said = away(text, today()).unwrap_err().0;
            assert!(said.contains(words), "{text}: {said}");
        }
    }

    #[test]
    fn holidays_are_of_a_country_or_of_a_feed() {
        let set = |wish| Ok(Intent::SetHolidays(wish));
        for (text, expected) in [
            ("FR", set(HolidaysWish::Country("FR".to_owned()))),
            ("in France", set(HolidaysWish::Country("FR".to_owned()))),
            ("of the Netherlands", set(HolidaysWish::Country("NL".to_owned()))),
            ("https://example.com/h.ics", set(HolidaysWish::Feed("https://example.com/h.ics".to_owned()))),
            ("add webcal://example.com/h.ics", set(HolidaysWish::Feed("webcal://example.com/h.ics".to_owned()))),
            ("remove FR", set(HolidaysWish::Remove("FR".to_owned()))),
        ] {
            assert_eq!(holidays(text), expected, "{text}");
        }
        for (text, words) in
            [("Atlantis", "I know those of Austria (AT), Belgium (BE)"), ("remove", "Say which calendar")]
        {
            let said = holidays(text).unwrap_err().0;
            assert!(said.contains(words), "{text}: {said}");
        }
    }
}
