//! Countries of the other continents.

use chrono::Weekday::{Mon, Thu};

use super::{Country, day, since};
use crate::domain::calendar::reckon::{
    Besides,
    Rule::{Easter, Fixed, Last, Nth, UpTo},
};

/// All of them, by code.
pub(super) const ALL: &[Country] = &[
    Country {
        code: "BR",
        name: "Brazil",
        also: &["Brasil"],
        source: "planalto.gov.br: Leis 662/1949, 6.802/1980, 14.759/2023; Good Friday as banks and most places keep it",
        besides: Besides::Nothing,
        days: &[
            day("New Year's Day", Fixed(1, 1)),
            day("Good Friday", Easter(-2)),
            day("Tiradentes Day", Fixed(4, 21)),
            day("Labour Day", Fixed(5, 1)),
            day("Independence Day", Fixed(9, 7)),
            day("Our Lady of Aparecida", Fixed(10, 12)),
            day("All Souls' Day", Fixed(11, 2)),
            day("Republic Day", Fixed(11, 15)),
            since(2024, "Black Awareness Day", Fixed(11, 20)),
            day("Christmas Day", Fixed(12, 25)),
        ],
    },
    Country {
        code: "CA",
        name: "Canada",
        also: &[],
        source: "canada.ca: general holidays of the Canada Labour Code",
        besides: Besides::NextWorkingDay,
        days: &[
            day("New Year's Day", Fixed(1, 1)),
            day("Good Friday", Easter(-2)),
            day("Victoria Day", UpTo(Mon, 5, 24)),
            day("Canada Day", Fixed(7, 1)),
            day("Labour Day", Nth(1, Mon, 9)),
            since(2021, "Truth and Reconciliation Day", Fixed(9, 30)),
            day("Thanksgiving", Nth(2, Mon, 10)),
            day("Remembrance Day", Fixed(11, 11)),
            day("Christmas Day", Fixed(12, 25)),
            day("Boxing Day", Fixed(12, 26)),
        ],
    },
    Country {
        code: "US",
        name: "United States",
        also: &["USA", "America"],
        source: "opm.gov: federal holidays",
        besides: Besides::Nearest,
        days: &[
            day("New Year's Day", Fixed(1, 1)),
            day("Martin Luther King Jr. Day", Nth(3, Mon, 1)),
            day("Washington's Birthday", Nth(3, Mon, 2)),
            day("Memorial Day", Last(Mon, 5)),
            since(2021, "Juneteenth", Fixed(6, 19)),
            day("Independence Day", Fixed(7, 4)),
            day("Labor Day", Nth(1, Mon, 9)),
            day("Columbus Day", Nth(2, Mon, 10)),
            day("Veterans Day", Fixed(11, 11)),
            day("Thanksgiving Day", Nth(4, Thu, 11)),
            day("Christmas Day", Fixed(12, 25)),
        ],
    },
    Country {
        code: "ZA",
        name: "South Africa",
        also: &[],
        source: "gov.za: Public Holidays Act 36 of 1994",
        besides: Besides::MondayAfterSunday,
        days: &[
            day("New Year's Day", Fixed(1, 1)),
            day("Human Rights Day", Fixed(3, 21)),
            day("Good Friday", Easter(-2)),
            day("Family Day", Easter(1)),
            day("Freedom Day", Fixed(4, 27)),
            day("Workers' Day", Fixed(5, 1)),
            day("Youth Day", Fixed(6, 16)),
            day("National Women's Day", Fixed(8, 9)),
            day("Heritage Day", Fixed(9, 24)),
            day("Day of Reconciliation", Fixed(12, 16)),
            day("Christmas Day", Fixed(12, 25)),
            day("Day of Goodwill", Fixed(12, 26)),
        ],
    },
];
