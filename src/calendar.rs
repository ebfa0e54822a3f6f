//! How long a period is that was ordered as `1y`, `18m` or `90d` (rule D2). Beside
//! `documents::calendar_file`, the only code that names chrono.

use activation_code::Day;
use chrono::{Datelike, Days, Months, NaiveDate};
use std::fmt;
use std::str::FromStr;

/// A length of time in the calendar, at least one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// Months; a year is twelve.
    Months(u32),
    /// Days.
    Days(u32),
}

/// Longest term in days or months: more than a code can carry, and far from overflow.
const LONGEST: u32 = 9999;

impl Term {
    /// The last day of a period of this length from `first` on, both inside it: the day
    /// before the same day number, or the month's last day where the month lacks it.
    /// `None` after the year 9999.
    pub fn last_day(self, first: Day) -> Option<Day> {
        let (year, month, day) = first.ymd();
        let first = NaiveDate::from_ymd_opt(year, month.into(), day.into())?;
        let last = match self {
            Self::Days(days) => first.checked_add_days(Days::new(u64::from(days) - 1))?,
            Self::Months(months) => {
                // chrono gives the month's last day where the month lacks the day.
                let same = first.checked_add_months(Months::new(months))?;
                if same.day() == first.day() { same.pred_opt()? } else { same }
            }
        };
        day_of(last)
    }

    /// The day this long before `day`: with the same day number, or the month's last day where the month lacks it.
    /// `None` before the year 1.
    pub fn before(self, day: Day) -> Option<Day> {
        let (year, month, number) = day.ymd();
        let day = NaiveDate::from_ymd_opt(year, month.into(), number.into())?;
        day_of(match self {
            Self::Days(days) => day.checked_sub_days(Days::new(days.into()))?,
            Self::Months(months) => day.checked_sub_months(Months::new(months))?,
        })
    }

    /// The most days that a period of this length has, whenever it begins. `None` after the year 9999.
    pub fn most_days(self) -> Option<u32> {
        if let Self::Days(days) = self {
            return Some(days);
        }
        // Four years have every kind of first day. A code carries 22 years, and there is no 2100 in those from here.
        let begin = Day::from_ymd(2024, 1, 1)?;
        let days = (0..4 * 365).filter_map(|after| {
            let first = begin.plus(after)?;
            u32::try_from(self.last_day(first)?.days_after(first) + 1).ok()
        });
        days.max()
    }
}

fn day_of(date: NaiveDate) -> Option<Day> {
    Day::from_ymd(date.year(), date.month() as u8, date.day() as u8)
}

/// As it is read: years where they are whole.
impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(days) => write!(f, "{days}d"),
            Self::Months(months) if months % 12 == 0 => write!(f, "{}y", months / 12),
            Self::Months(months) => write!(f, "{months}m"),
        }
    }
}

/// A text that is no [`Term`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TermFault;

impl fmt::Display for TermFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a term is written as in 1y, 18m or 90d, from 1 to {LONGEST}")
    }
}

impl std::error::Error for TermFault {}

impl FromStr for Term {
    type Err = TermFault;

    fn from_str(text: &str) -> Result<Self, TermFault> {
        let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or(TermFault)?;
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(TermFault);
        }
        let number = number.parse().ok().filter(|number| (1..=LONGEST).contains(number)).ok_or(TermFault)?;
        match unit {
            "d" => Ok(Self::Days(number)),
            "m" => Ok(Self::Months(number)),
            "y" => Ok(Self::Months(number * 12)),
            _ => Err(TermFault),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_ends_the_day_before_the_same_day_number() {
        for (first, term, last) in [
            ("2026-12-01", "1y", "2027-11-30"),
            ("2027-12-01", "1y", "2028-11-30"),
            ("2027-01-01", "1y", "2027-12-31"),
            ("2027-01-01", "1d", "2027-01-01"),
            ("2027-01-01", "90d", "2027-03-31"),
            ("2028-01-01", "90d", "2028-03-30"),
            ("2027-01-15", "18m", "2028-07-14"),
            ("2027-03-01", "1m", "2027-03-31"),
            ("2027-02-01", "1m", "2027-02-28"),
            ("2028-02-01", "1m", "2028-02-29"),
            ("2028-03-01", "1m", "2028-03-31"),
        ] {
            let first: Day = first.parse().unwrap();
            let term: Term = term.parse().unwrap();
            assert_eq!(term.last_day(first).unwrap().to_string(), last, "{first} + {term:?}");
        }
    }

    #[test]
    fn the_most_days_of_a_term_are_those_of_its_longest_period() {
        for (term, days) in [("90d", 90), ("1m", 31), ("2m", 62), ("6m", 184), ("1y", 366), ("18m", 550), ("3y", 1096)]
        {
            assert_eq!(term.parse::<Term>().unwrap().most_days(), Some(days), "{term}");
        }
        assert_eq!("9999y".parse::<Term>().unwrap().most_days(), None);
    }

    #[test]
    fn where_the_month_lacks_the_day_it_ends_with_the_month() {
        for (first, term, last) in [
            ("2028-02-29", "1y", "2029-02-28"),
            ("2028-02-29", "4y", "2032-02-28"),
            ("2027-01-31", "1m", "2027-02-28"),
            ("2027-01-30", "1m", "2027-02-28"),
            ("2027-01-29", "1m", "2027-02-28"),
            ("2027-01-28", "1m", "2027-02-27"),
            ("2028-01-31", "1m", "2028-02-29"),
            ("2028-01-29", "1m", "2028-02-28"),
            ("2027-03-31", "1m", "2027-04-30"),
            ("2027-08-31", "6m", "2028-02-29"),
            ("2096-02-29", "4y", "2100-02-28"),
        ] {
            let first: Day = first.parse().unwrap();
            let term: Term = term.parse().unwrap();
            assert_eq!(term.last_day(first).unwrap().to_string(), last, "{first} + {term:?}");
        }
    }

    #[test]
    fn so_long_before_is_the_same_day_number_or_the_end_of_the_month() {
        for (day, term, before) in [
            ("2027-03-31", "30d", "2027-03-01"),
            ("2027-03-01", "1d", "2027-02-28"),
            ("2027-03-31", "1m", "2027-02-28"),
            ("2028-02-29", "1y", "2027-02-28"),
            ("2027-03-15", "18m", "2025-09-15"),
        ] {
            let term: Term = term.parse().unwrap();
            assert_eq!(term.before(day.parse().unwrap()).unwrap().to_string(), before, "{day} - {term}");
        }
        assert_eq!(Term::Months(119_988).before("2027-01-01".parse().unwrap()), None);
    }

    #[test]
    fn only_whole_terms_of_days_months_and_years_are_read() {
        for text in
            ["", "y", "1", "0d", "1 y", " 1y", "+1y", "-1y", "1.5y", "1w", "10000d", "99999999999y", "1Y", "1ü", "１y"]
        {
            assert_eq!(text.parse::<Term>(), Err(TermFault), "{text}");
        }
        assert_eq!("1y".parse(), Ok(Term::Months(12)));
        assert_eq!("9999y".parse(), Ok(Term::Months(119_988)));
        for text in ["1y", "18m", "90d", "2y", "1d"] {
            assert_eq!(text.parse::<Term>().unwrap().to_string(), text);
        }
        assert_eq!(Term::Months(119_988).last_day("2027-01-01".parse().unwrap()), None);
    }
}
