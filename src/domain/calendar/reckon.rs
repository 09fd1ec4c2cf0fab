//! On which days of a year the holidays of a country fall.

use chrono::{Datelike, Days, NaiveDate, Weekday};

use super::{Holiday, countries::Country};
use crate::domain::schedule::Holidays;

/// When a holiday is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
    /// On this day of this month.
    Fixed(u32, u32),
    /// So many days after Easter Sunday; before it where negative.
    Easter(i64),
    /// The so-manieth day of this name in this month.
    Nth(u8, Weekday, u32),
    /// The last day of this name in this month.
    Last(Weekday, u32),
    /// The first day of this name on or after this day of this month.
    From(Weekday, u32, u32),
    /// The last day of this name on or before this day of this month.
    UpTo(Weekday, u32, u32),
}

/// Which day is off besides where a holiday falls on a weekend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Besides {
    /// None.
    Nothing,
    /// For a Saturday or Sunday, the next working day that is no holiday itself.
    NextWorkingDay,
    /// For a Sunday, the Monday after it.
    MondayAfterSunday,
    /// For a Saturday the Friday before it, for a Sunday the Monday after it.
    Nearest,
}

/// The public holidays of a country in the years from `first` to `last`, in order. `None` for a country whose rules are
/// not known.
pub fn holidays(country: &str, first: i32, last: i32) -> Option<Vec<Holiday>> {
    let country = Country::find(country)?;
    // The day off for a New Year's Day may be the last one of the old year.
    let mut days: Vec<Holiday> = (first..=last + 1).flat_map(|year| of_year(country, year)).collect();
    days.retain(|holiday| (first..=last).contains(&holiday.day.year()));
    days.sort();
    days.dedup_by(|two, one| two.day == one.day);
    Some(days)
}

fn of_year(country: &Country, year: i32) -> Vec<Holiday> {
    let known = country.days.iter().filter(|known| known.since <= year);
    let own: Vec<Holiday> =
        known.filter_map(|known| Some(Holiday { day: known.rule.day(year)?, name: known.name.to_owned() })).collect();
    let mut taken: Holidays = own.iter().map(|holiday| holiday.day).collect();
    let mut all = own.clone();
    for holiday in own {
        if let Some(day) = country.besides.day(holiday.day, &taken) {
            taken.insert(day);
            all.push(Holiday { day, name: format!("{} (day off)", holiday.name) });
        }
    }
    all
}

impl Rule {
    fn day(self, year: i32) -> Option<NaiveDate> {
        let date = |month, day| NaiveDate::from_ymd_opt(year, month, day);
        match self {
            Self::Fixed(month, day) => date(month, day),
            Self::Easter(after) => {
                let easter = easter(year)?;
                let distance = Days::new(after.unsigned_abs());
                if after < 0 { easter.checked_sub_days(distance) } else { easter.checked_add_days(distance) }
            }
            Self::Nth(count, weekday, month) => NaiveDate::from_weekday_of_month_opt(year, month, weekday, count),
            Self::Last(weekday, month) => {
                (1..=5).rev().find_map(|count| NaiveDate::from_weekday_of_month_opt(year, month, weekday, count))
            }
            Self::From(weekday, month, day) => {
                date(month, day)?.iter_days().take(7).find(|day| day.weekday() == weekday)
            }
            Self::UpTo(weekday, month, day) => {
                let back = std::iter::successors(date(month, day), NaiveDate::pred_opt).take(7);
                back.into_iter().find(|day| day.weekday() == weekday)
            }
        }
    }
}

impl Besides {
    fn day(self, holiday: NaiveDate, taken: &Holidays) -> Option<NaiveDate> {
        let is_weekend = |day: &NaiveDate| matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
        let after = || holiday.iter_days().skip(1).take(14);
        match (self, holiday.weekday()) {
            (Self::NextWorkingDay, Weekday::Sat | Weekday::Sun) => {
                after().find(|day| !is_weekend(day) && !taken.contains(day))
            }
            (Self::MondayAfterSunday | Self::Nearest, Weekday::Sun) => after().next(),
            (Self::Nearest, Weekday::Sat) => holiday.pred_opt(),
            _ => None,
        }
    }
}

/// Easter Sunday in the Gregorian calendar, by the algorithm of Meeus, Jones and Butcher.
fn easter(year: i32) -> Option<NaiveDate> {
    let (golden, century, rest) = (year % 19, year / 100, year % 100);
    let correction = (century + 8) / 25;
    let moon = (19 * golden + century - century / 4 - (century - correction + 1) / 3 + 15) % 30;
    let sunday = (32 + 2 * (century % 4) + 2 * (rest / 4) - moon - rest % 4) % 7;
    let late = (golden + 11 * moon + 22 * sunday) / 451;
    let number = moon + sunday - 7 * late + 114;
    NaiveDate::from_ymd_opt(year, u32::try_from(number / 31).ok()?, u32::try_from(number % 31 + 1).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::countries::countries;

    /// The holidays from Monday to Friday of one year.
    fn working(code: &str, year: i32) -> Vec<String> {
        let days = holidays(code, year, year).unwrap();
        let days = days.iter().filter(|holiday| holiday.day.weekday().number_from_monday() <= 5);
        days.map(|holiday| holiday.day.format("%m-%d").to_string()).collect()
    }

    #[test]
    fn easter_is_when_it_is() {
        for (year, day) in [
            (2000, "2000-04-23"),
            (2008, "2008-03-23"),
            (2011, "2011-04-24"),
            (2019, "2019-04-21"),
            (2024, "2024-03-31"),
            (2025, "2025-04-20"),
            (2026, "2026-04-05"),
            (2027, "2027-03-28"),
            (2038, "2038-04-25"),
            (2049, "2049-04-18"),
        ] {
            assert_eq!(easter(year), day.parse().ok(), "{year}");
        }
    }

    /// As the places in [`countries`] publish them; those on a weekend are left out here.
    #[test]
    fn holidays_fall_on_the_days_that_were_published() {
        for (code, year, days) in [
            ("GB", 2024, "01-01 03-29 04-01 05-06 05-27 08-26 12-25 12-26"),
            ("GB", 2025, "01-01 04-18 04-21 05-05 05-26 08-25 12-25 12-26"),
            ("GB", 2026, "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28"),
            ("GB", 2027, "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28"),
            ("GB", 2028, "01-03 04-14 04-17 05-01 05-29 08-28 12-25 12-26"),
            ("US", 2021, "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31"),
            ("US", 2025, "01-01 01-20 02-17 05-26 06-19 07-04 09-01 10-13 11-11 11-27 12-25"),
            ("US", 2026, "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25"),
            ("US", 2027, "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31"),
            ("FR", 2025, "01-01 04-21 05-01 05-08 05-29 06-09 07-14 08-15 11-11 12-25"),
            ("FR", 2026, "01-01 04-06 05-01 05-08 05-14 05-25 07-14 11-11 12-25"),
            ("FR", 2027, "01-01 03-29 05-06 05-17 07-14 11-01 11-11"),
            ("DE", 2025, "01-01 04-18 04-21 05-01 05-29 06-09 10-03 12-25 12-26"),
            ("DE", 2026, "01-01 04-03 04-06 05-01 05-14 05-25 12-25"),
            ("SE", 2025, "01-01 01-06 04-18 04-21 05-01 05-29 06-06 12-25 12-26"),
            ("PL", 2025, "01-01 01-06 04-21 05-01 06-19 08-15 11-11 12-24 12-25 12-26"),
            ("ZA", 2025, "01-01 03-21 04-18 04-21 04-28 05-01 06-16 09-24 12-16 12-25 12-26"),
            ("CA", 2026, "01-01 04-03 05-18 07-01 09-07 09-30 10-12 11-11 12-25 12-28"),
        ] {
            assert_eq!(working(code, year).join(" "), days, "{code} {year}");
        }
    }

    #[test]
    fn countries_are_found_by_code_and_name_and_each_has_its_source() {
        for said in ["FR", "fr", " France ", "FRANCE"] {
            assert_eq!(Country::find(said).map(|country| country.code), Some("FR"), "{said}");
        }
        for said in ["uk", "England", "United Kingdom"] {
            assert_eq!(Country::find(said).map(|country| country.code), Some("GB"), "{said}");
        }
        assert!(Country::find("Atlantis").is_none() && holidays("XX", 2026, 2026).is_none());
        for country in countries() {
            assert!(country.source.contains('.') && country.code.len() == 2, "{}", country.code);
            for year in 2024..=2040 {
                let days = of_year(country, year);
                assert!(
                    days.len() >= country.days.iter().filter(|known| known.since <= year).count(),
                    "{}",
                    country.name
                );
            }
        }
        let mut codes: Vec<_> = countries().iter().map(|country| country.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), countries().len());
    }

    #[test]
    fn a_day_off_for_new_year_may_be_in_the_old_one() {
        let days = holidays("US", 2027, 2027).unwrap();
        let last = days.last().unwrap();
        assert_eq!((last.day.to_string().as_str(), last.name.as_str()), ("2027-12-31", "New Year's Day (day off)"));
    }
}
