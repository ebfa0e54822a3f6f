//! Days and periods: the only time there is here. No hours, no zones, UTC.

use core::{fmt, str::FromStr};

/// A day of the Gregorian calendar, UTC, from 0001-01-01 to 9999-12-31.
///
/// Kept as the number of days since 2020-01-01, which is how a code carries it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

/// Days from 0000-03-01 to 2020-01-01 in the proleptic Gregorian calendar.
const EPOCH_FROM_YEAR_ZERO: i32 = 737_730;

impl Day {
    /// 2020-01-01, the first day that a code can name.
    pub const EPOCH: Self = Self(0);
    /// 0001-01-01.
    pub const MIN: Self = Self(-737_424);
    /// 9999-12-31.
    pub const MAX: Self = Self(2_914_634);

    /// The day `days` after 2020-01-01; `None` outside the years 1 to 9999.
    pub const fn from_days_since_2020(days: i32) -> Option<Self> {
        if days < Self::MIN.0 || days > Self::MAX.0 { None } else { Some(Self(days)) }
    }

    /// The day of a clock that counts seconds since 1970-01-01T00:00:00Z, cut to the
    /// years 1 to 9999: a clock may be absurd, and is still a clock.
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        let days = seconds.div_euclid(86_400) - 18_262;
        if days < Self::MIN.0 as i64 {
            Self::MIN
        } else if days > Self::MAX.0 as i64 {
            Self::MAX
        } else {
            Self(days as i32)
        }
    }

    /// The day of a year, month (1 to 12) and day of the month; `None` where the calendar has no such day.
    pub const fn from_ymd(year: i32, month: u8, day: u8) -> Option<Self> {
        if year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 {
            return None;
        }
        if day > days_in_month(year, month) {
            return None;
        }
        // Counted in years that begin on 1 March, so that the leap day comes last.
        let (y, m) = if month > 2 { (year, month as i32 - 3) } else { (year - 1, month as i32 + 9) };
        let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day as i32 - 1;
        Some(Self(days - EPOCH_FROM_YEAR_ZERO))
    }

    /// Year, month (1 to 12) and day of the month.
    pub const fn ymd(self) -> (i32, u8, u8) {
        let days = self.0 + EPOCH_FROM_YEAR_ZERO;
        let era = days / 146_097;
        let of_era = days % 146_097;
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let m = (5 * of_year + 2) / 153;
        let day = (of_year - (153 * m + 2) / 5 + 1) as u8;
        let month = if m < 10 { m + 3 } else { m - 9 } as u8;
        let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
        (year, month, day)
    }

    /// Days since 2020-01-01, negative before it.
    pub const fn days_since_2020(self) -> i32 {
        self.0
    }

    /// `days` later (earlier if negative); `None` outside the years 1 to 9999.
    pub const fn plus(self, days: i32) -> Option<Self> {
        match self.0.checked_add(days) {
            Some(sum) => Self::from_days_since_2020(sum),
            None => None,
        }
    }

    /// `days` later, or the last day there is.
    pub const fn plus_or_last(self, days: u32) -> Self {
        let sum = self.0 as i64 + days as i64;
        if sum > Self::MAX.0 as i64 { Self::MAX } else { Self(sum as i32) }
    }

    /// Days from `earlier` to this day; negative if that is later.
    pub const fn days_after(self, earlier: Self) -> i32 {
        self.0 - earlier.0
    }
}

const fn days_in_month(year: i32, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// `2027-11-30`.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.ymd();
        let digit = |number: i32| b'0' + (number % 10) as u8;
        let (month, day) = (i32::from(month), i32::from(day));
        // Digit by digit: a desk writes ten days for each code.
        let text = [
            digit(year / 1000),
            digit(year / 100),
            digit(year / 10),
            digit(year),
            b'-',
            digit(month / 10),
            digit(month),
            b'-',
            digit(day / 10),
            digit(day),
        ];
        f.write_str(core::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is no day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayFault {
    /// Not four digits, hyphen, two digits, hyphen, two digits, and nothing else.
    Shape,
    /// Written as a day, and the calendar has no such day.
    NotInCalendar,
}

impl fmt::Display for DayFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shape => "a day is written YYYY-MM-DD, as in 2027-11-30",
            Self::NotInCalendar => "the calendar has no such day",
        })
    }
}

impl core::error::Error for DayFault {}

/// Exactly `YYYY-MM-DD`: no sign, no spaces, no shorter forms.
impl FromStr for Day {
    type Err = DayFault;

    fn from_str(text: &str) -> Result<Self, DayFault> {
        let &[y3, y2, y1, y0, b'-', m1, m0, b'-', d1, d0] = text.as_bytes() else {
            return Err(DayFault::Shape);
        };
        let mut number = [0i32; 3];
        for (n, digits) in number.iter_mut().zip([&[y3, y2, y1, y0][..], &[m1, m0], &[d1, d0]]) {
            for digit in digits {
                if !digit.is_ascii_digit() {
                    return Err(DayFault::Shape);
                }
                *n = *n * 10 + i32::from(digit - b'0');
            }
        }
        let [year, month, day] = number;
        Self::from_ymd(year, month as u8, day as u8).ok_or(DayFault::NotInCalendar)
    }
}

/// From a first to a last day, both inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MaintenancePeriod {
    first: Day,
    last: Day,
}

impl MaintenancePeriod {
    /// From `first` to `last`, both inside the period; `None` if they are reversed.
    pub fn new(first: Day, last: Day) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    /// The first day inside the period.
    pub const fn first(self) -> Day {
        self.first
    }

    /// The last day inside the period.
    pub const fn last(self) -> Day {
        self.last
    }

    /// How many days it has; a period of one day has 1.
    pub const fn days(self) -> u32 {
        self.last.days_after(self.first).unsigned_abs() + 1
    }
}

impl fmt::Display for MaintenancePeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.first, self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn every_day_of_the_calendar_is_written_and_read_back() {
        let mut expected = (1, 1, 1);
        let mut day = Day::MIN;
        loop {
            assert_eq!(day.ymd(), expected);
            let (y, m, d) = expected;
            assert_eq!(Day::from_ymd(y, m, d), Some(day));
            if day.days_since_2020() % 97 == 0 {
                assert_eq!(day.to_string().parse(), Ok(day));
                assert_eq!(alloc::format!("{day:?}"), day.to_string());
            }
            expected = match (d == days_in_month(y, m), m) {
                (true, 12) => (y + 1, 1, 1),
                (true, _) => (y, m + 1, 1),
                _ => (y, m, d + 1),
            };
            match day.plus(1) {
                Some(next) => day = next,
                None => break,
            }
        }
        assert_eq!(expected, (10_000, 1, 1));
    }

    #[test]
    fn the_days_that_the_format_names_are_where_it_says() {
        assert_eq!(Day::EPOCH.to_string(), "2020-01-01");
        assert_eq!(Day::EPOCH.plus(32_767).unwrap().to_string(), "2109-09-18");
        assert_eq!(Day::from_unix_seconds(0).to_string(), "1970-01-01");
        assert_eq!(Day::from_unix_seconds(-1).to_string(), "1969-12-31");
        assert_eq!(Day::from_unix_seconds(1_795_305_600).to_string(), "2026-11-22");
        assert_eq!(Day::from_unix_seconds(i64::MAX), Day::MAX);
        assert_eq!(Day::from_unix_seconds(i64::MIN), Day::MIN);
        assert_eq!(Day::MIN.to_string(), "0001-01-01");
        assert_eq!(Day::MAX.to_string(), "9999-12-31");
        assert_eq!(Day::MAX.plus(1), None);
        assert_eq!(Day::MIN.plus(i32::MIN), None);
        assert_eq!(Day::MAX.plus_or_last(u32::MAX), Day::MAX);
    }

    #[test]
    fn only_one_spelling_of_a_day_is_read() {
        for text in [
            "",
            "2027-2-9",
            "+2027-02-09",
            "2027-02-09 ",
            " 2027-02-09",
            "2027/02/09",
            "20270209",
            "2027-02-9a",
            "-027-02-09",
            "２０２７-02-09",
            "2027-02-090",
        ] {
            assert_eq!(text.parse::<Day>(), Err(DayFault::Shape), "{text}");
        }
        for text in [
            "2027-02-30",
            "2027-02-29",
            "2100-02-29",
            "2027-13-01",
            "2027-00-10",
            "2027-04-31",
            "2027-01-00",
            "0000-01-01",
        ] {
            assert_eq!(text.parse::<Day>(), Err(DayFault::NotInCalendar), "{text}");
        }
        for text in ["2028-02-29", "2000-02-29", "2027-12-31"] {
            assert_eq!(text.parse::<Day>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_period_holds_both_its_ends() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        let year = MaintenancePeriod::new(day("2026-12-01"), day("2027-11-30")).unwrap();
        assert_eq!(year.days(), 365);
        assert_eq!(MaintenancePeriod::new(day("2027-11-30"), day("2027-11-30")).unwrap().days(), 1);
        assert_eq!(MaintenancePeriod::new(day("2027-11-30"), day("2027-11-29")), None);
    }
}
