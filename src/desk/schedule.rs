//! Which codes of a license count, and what the next period is (rules D2, D5, I5).

use super::Refused;
use super::change::Length;
use crate::ledger::{LicenseRecord, Product, Signed};
use activation_code::{Day, IssuerNumber, MaintenancePeriod, Terms};

/// The codes of a license that count at an installation that has all of them.
#[derive(Clone, Debug)]
pub struct Schedule<'a> {
    /// What counts today: the highest revision that has begun. `None`: none has.
    pub running: Option<&'a Signed>,
    /// What will count later, by first day.
    pub queued: Vec<&'a Signed>,
}

impl<'a> Schedule<'a> {
    /// Of the codes of a license, lowest revision first. A revision replaces all lower ones from its first day
    /// on (rule I5), so that a lower one which begins no earlier never counts again.
    pub fn of(license: &LicenseRecord, codes: &'a [Signed], today: Day) -> Self {
        let mut counting: Vec<&Signed> = Vec::new();
        for code in codes.iter().rev().filter(|code| !license.revokes(code.entry.terms.revision)) {
            if counting.last().is_none_or(|higher| begins(code) < begins(higher)) {
                counting.push(code);
            }
        }
        counting.reverse();
        let begun = counting.partition_point(|code| begins(code) <= today);
        let queued = counting.split_off(begun);
        Self { running: counting.pop(), queued }
    }

    /// What counts today and later, by first day.
    pub fn counting(&self) -> impl Iterator<Item = &'a Signed> {
        self.running.into_iter().chain(self.queued.iter().copied())
    }

    /// What counts today and later, from the first code of a key on; empty: none is of that key.
    pub fn counting_from(&self, issuer: IssuerNumber) -> Vec<&'a Signed> {
        self.counting().skip_while(|code| code.entry.terms.issuer != issuer).collect()
    }

    /// What a change of the license changes first: the running period, or the one that comes first.
    pub fn target(&self) -> Option<&'a Signed> {
        self.running.or(self.queued.first().copied())
    }

    /// What waits behind the target.
    pub fn behind(&self) -> &[&'a Signed] {
        match self.running {
            Some(_) => &self.queued,
            None => self.queued.get(1..).unwrap_or_default(),
        }
    }

    /// The period that the next renewal follows.
    pub fn last(&self) -> Option<&'a Signed> {
        self.queued.last().copied().or(self.running)
    }
}

fn begins(code: &Signed) -> Day {
    code.entry.terms.period.first()
}

/// The period of a renewal, as rule D2 counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// Lapsed days and term, both.
    pub period: MaintenancePeriod,
    /// Days of it between the end of the period before and today, paid in addition.
    pub lapsed: u32,
}

/// The renewal of a period that ended or ends on `ended`, bought on `today`.
///
/// # Errors
/// The period would end before it begins, or after the year 9999.
pub fn renewal(ended: Day, length: Length, today: Day) -> Result<Renewal, Refused> {
    let too_late = Refused::NoSuchPeriod { after: ended };
    let first = ended.plus(1).ok_or(too_late.clone())?;
    let last = match length {
        Length::Until(last) => last,
        Length::Term(term) => term.last_day(first.max(today)).ok_or(too_late.clone())?,
    };
    let period = MaintenancePeriod::new(first, last).ok_or(too_late)?;
    // A period that was agreed on long ago may be over by the day on which the desk hears of it.
    let lapsed = u32::try_from(today.days_after(first)).unwrap_or(0).min(period.days());
    Ok(Renewal { period, lapsed })
}

/// A period sold on `today`, no later than the product's End of Life (rule D9).
///
/// # Errors
/// That has come, or the period would begin after it.
pub fn within_life(period: MaintenancePeriod, product: &Product, today: Day) -> Result<MaintenancePeriod, Refused> {
    let Some(end) = product.end_of_life else { return Ok(period) };
    let within = MaintenancePeriod::new(period.first(), period.last().min(end)).filter(|_| today <= end);
    within.ok_or(Refused::EndOfLife { product: product.id, day: end })
}

/// What a code issued on `today` can carry of a period: a start long ago, or before 2020, is cut to the earliest
/// day that it can (rule D2).
///
/// # Errors
/// Nothing of it is left.
pub fn carried(period: MaintenancePeriod, today: Day) -> Result<MaintenancePeriod, Refused> {
    let earliest = today.plus(-Terms::MOST_DAYS_BACK).into_iter().chain(Day::from_days_since_2020(0)).max();
    let first = earliest.map_or(period.first(), |earliest| earliest.max(period.first()));
    MaintenancePeriod::new(first, period.last()).ok_or(Refused::NoSuchPeriod { after: period.first() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn a_renewal_is_continuous_and_lapsed_days_are_added() {
        for (ended, length, today, first, last, lapsed) in [
            ("2027-11-30", "1y", "2027-11-01", "2027-12-01", "2028-11-30", 0),
            ("2027-11-30", "1y", "2027-11-30", "2027-12-01", "2028-11-30", 0),
            ("2027-11-30", "1y", "2027-12-01", "2027-12-01", "2028-11-30", 0),
            ("2027-11-30", "1y", "2027-12-02", "2027-12-01", "2028-12-01", 1),
            ("2027-11-30", "1y", "2028-01-15", "2027-12-01", "2029-01-14", 45),
            ("2027-11-30", "1y", "2034-10-05", "2027-12-01", "2035-10-04", 2500),
            ("2028-02-28", "1y", "2028-02-01", "2028-02-29", "2029-02-28", 0),
            ("2027-01-30", "1m", "2027-01-01", "2027-01-31", "2027-02-28", 0),
            ("2027-11-30", "90d", "2028-01-15", "2027-12-01", "2028-04-13", 45),
        ] {
            let renewal = renewal(day(ended), Length::Term(length.parse().unwrap()), day(today)).unwrap();
            let found = (renewal.period.first().to_string(), renewal.period.last().to_string(), renewal.lapsed);
            assert_eq!(found, (first.to_owned(), last.to_owned(), lapsed), "{ended} {length} {today}");
        }
        let until = renewal(day("2027-11-30"), Length::Until(day("2028-06-30")), day("2028-01-15")).unwrap();
        assert_eq!((until.period.last(), until.lapsed), (day("2028-06-30"), 45));
        let over = renewal(day("2027-11-30"), Length::Until(day("2027-12-31")), day("2028-06-01")).unwrap();
        assert_eq!((over.period.last(), over.lapsed), (day("2027-12-31"), 31));
        assert!(renewal(day("2027-11-30"), Length::Until(day("2027-11-30")), day("2027-11-01")).is_err());
        assert!(renewal(day("9999-12-31"), Length::Term("1d".parse().unwrap()), day("2027-11-01")).is_err());
    }

    #[test]
    fn what_a_code_cannot_carry_is_cut_to_the_earliest_day_that_it_can() {
        let period = MaintenancePeriod::new(day("2027-12-01"), day("2035-10-04")).unwrap();
        assert_eq!(carried(period, day("2034-10-05")).unwrap().first(), day("2029-02-25"));
        assert_eq!(carried(period, day("2028-10-05")).unwrap(), period);
        let old = MaintenancePeriod::new(day("2019-06-01"), day("2021-05-31")).unwrap();
        assert_eq!(carried(old, day("2020-06-01")).unwrap().first(), day("2020-01-01"));
        let over = MaintenancePeriod::new(day("2019-06-01"), day("2019-12-31")).unwrap();
        assert!(carried(over, day("2020-06-01")).is_err());
    }
}
