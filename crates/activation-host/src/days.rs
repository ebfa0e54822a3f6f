//! Which day it is, where the clock may be wrong or set back (rule I7).
//!
//! Nothing that was issued later than now can exist. So the days of issue of what an installation holds, and the
//! days that it saw pass, give a floor for today. What is seen is believed with care, so that a year typed wrong
//! does not poison an installation, and a machine that slept for a year is not an attacker:
//!
//! - a clock at most [`MOST_DAYS_AHEAD`] days ahead of the floor raises the day seen to pass at once;
//! - one further ahead is remembered, and after [`DAYS_TO_BELIEVE`] days that strictly rise, gaps allowed, the first
//!   of them is the day seen to pass;
//! - a step back discards the remembered days at or after it.

use activation_code::{ClockState, Day};

/// How far ahead of the floor a clock is believed at once.
pub const MOST_DAYS_AHEAD: i32 = 35;

/// How many days that rise make a clock believed that is further ahead.
pub const DAYS_TO_BELIEVE: usize = 11;

/// The days that an installation saw on its clock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenDays {
    /// The first clock ever seen.
    pub(crate) first: Option<Day>,
    /// The highest day that was seen to pass.
    pub(crate) passed: Option<Day>,
    /// Clocks too far ahead to be believed yet, rising; fewer than [`DAYS_TO_BELIEVE`].
    pub(crate) ahead: Vec<Day>,
}

/// What today is, and what that says of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Today {
    /// The later of the clock and the floor.
    pub day: Day,
    /// What the clock shows; `None`: it cannot be read.
    pub clock: Option<Day>,
    /// The latest day that has certainly passed or begun; `None`: nothing is known.
    pub floor: Option<Day>,
    /// What the installation thinks of its clock.
    pub state: ClockState,
}

impl SeenDays {
    /// The highest day that was seen to pass.
    pub fn passed(&self) -> Option<Day> {
        self.passed
    }

    /// Looks at the clock, and remembers what it shows. `evidence`: the latest day of what is held.
    pub fn look(&mut self, clock: Option<Day>, evidence: Option<Day>) -> Today {
        let Some(clock) = clock else {
            let floor = evidence.max(self.passed);
            // Without a clock and without evidence nothing is held that a day could matter for.
            return Today { day: floor.unwrap_or(Day::EPOCH), clock: None, floor, state: ClockState::Unreadable };
        };
        let first = *self.first.get_or_insert(clock);
        // A step back, or the same day again.
        self.ahead.retain(|&day| day < clock);
        if !self.believes(clock, evidence) {
            self.ahead.push(clock);
            if self.ahead.len() >= DAYS_TO_BELIEVE {
                self.passed = self.passed.max(Some(self.ahead.remove(0)));
            }
        }
        let believed = self.believes(clock, evidence);
        if believed {
            self.passed = self.passed.max(Some(clock));
            self.ahead.clear();
        }
        let floor = evidence.max(self.passed);
        let state = match floor {
            Some(floor) if clock < floor => ClockState::Behind,
            Some(_) if !believed && clock != first => ClockState::Ahead,
            _ => ClockState::Right,
        };
        Today { day: floor.map_or(clock, |floor| clock.max(floor)), clock: Some(clock), floor, state }
    }

    fn believes(&self, clock: Day, evidence: Option<Day>) -> bool {
        evidence.max(self.passed).is_some_and(|floor| clock.days_after(floor) <= MOST_DAYS_AHEAD)
    }

    /// Nothing later than this day was seen, an issuer says (a clock reset).
    pub fn reset(&mut self, day: Day) {
        // The issuer says that this day has come.
        self.passed = Some(day);
        self.first = None;
        self.ahead.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn look(seen: &mut SeenDays, clock: &str, evidence: &str) -> (String, ClockState) {
        let today = seen.look(Some(day(clock)), Some(day(evidence)));
        (today.day.to_string(), today.state)
    }

    #[test]
    fn a_clock_up_to_35_days_ahead_is_believed_at_once() {
        let mut seen = SeenDays::default();
        assert_eq!(look(&mut seen, "2026-12-06", "2026-11-01"), ("2026-12-06".into(), ClockState::Right));
        assert_eq!(seen.passed(), Some(day("2026-12-06")));
        // From there 35 more.
        assert_eq!(look(&mut seen, "2027-01-10", "2026-11-01"), ("2027-01-10".into(), ClockState::Right));
        assert_eq!(look(&mut seen, "2027-02-15", "2026-11-01"), ("2027-02-15".into(), ClockState::Ahead));
        assert_eq!(seen.passed(), Some(day("2027-01-10")));
    }

    #[test]
    fn the_first_clock_ever_seen_is_not_reported() {
        let mut seen = SeenDays::default();
        for _ in 0..2 {
            assert_eq!(look(&mut seen, "2028-01-01", "2026-11-01"), ("2028-01-01".into(), ClockState::Right));
        }
        assert_eq!(seen.passed(), None);
        assert_eq!(look(&mut seen, "2028-01-02", "2026-11-01"), ("2028-01-02".into(), ClockState::Ahead));
    }

    #[test]
    fn a_year_typed_wrong_is_forgotten_when_it_is_mended() {
        let mut seen = SeenDays::default();
        look(&mut seen, "2026-11-10", "2026-11-01");
        assert_eq!(look(&mut seen, "2062-11-10", "2026-11-01"), ("2062-11-10".into(), ClockState::Ahead));
        assert_eq!(look(&mut seen, "2026-11-11", "2026-11-01"), ("2026-11-11".into(), ClockState::Right));
        assert_eq!(seen, SeenDays { first: Some(day("2026-11-10")), passed: Some(day("2026-11-11")), ahead: vec![] });
    }

    #[test]
    fn eleven_days_that_rise_are_believed_from_the_first_on() {
        let mut seen = SeenDays::default();
        look(&mut seen, "2026-11-10", "2026-11-01");
        let start = day("2028-03-01");
        for i in 0..10 {
            // With gaps, and each day looked at twice.
            let clock = start.plus(i * 3).unwrap();
            for _ in 0..2 {
                assert_eq!(seen.look(Some(clock), None).state, ClockState::Ahead, "{i}");
            }
            assert_eq!(seen.passed(), Some(day("2026-11-10")));
        }
        let eleventh = start.plus(30).unwrap();
        assert_eq!(seen.look(Some(eleventh), None).state, ClockState::Right);
        // The first of them is believed, and the clock is not far ahead of it.
        assert_eq!(seen.passed(), Some(eleventh));
        assert!(seen.ahead.is_empty());
    }

    #[test]
    fn with_wide_gaps_the_first_of_eleven_is_believed_and_the_rest_wait() {
        let mut seen = SeenDays::default();
        look(&mut seen, "2026-11-10", "2026-11-01");
        let start = day("2028-03-01");
        for i in 0..11 {
            assert_eq!(seen.look(start.plus(i * 30), None).state, ClockState::Ahead);
        }
        assert_eq!((seen.passed(), seen.ahead.len()), (Some(start), 10));
    }

    #[test]
    fn a_step_back_discards_the_days_at_or_after_it() {
        let mut seen = SeenDays::default();
        look(&mut seen, "2026-11-10", "2026-11-01");
        for i in 0..8 {
            seen.look(day("2028-03-01").plus(i), None);
        }
        seen.look(Some(day("2028-03-04")), None);
        let days: Vec<_> = (1..=4).map(|i| day(&format!("2028-03-0{i}"))).collect();
        assert_eq!(seen.ahead, days);
    }

    #[test]
    fn a_clock_behind_or_without_a_reading_counts_as_the_floor() {
        let mut seen = SeenDays::default();
        look(&mut seen, "2026-11-10", "2026-11-01");
        assert_eq!(look(&mut seen, "1970-01-01", "2026-11-01"), ("2026-11-10".into(), ClockState::Behind));
        let today = seen.look(None, Some(day("2026-12-01")));
        assert_eq!((today.day, today.state), (day("2026-12-01"), ClockState::Unreadable));
        assert_eq!(SeenDays::default().look(None, None).day, Day::EPOCH);
    }
}
