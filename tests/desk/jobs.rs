//! What a clerk does, as a command that can be stopped and asked again; and the account of what it made.

use crate::common::*;
use activation_code::{LicenseNumber, Revision};
use activation_host::program::clock;
use countersign::desk::{self, Asked, Change, Length};
use serde_json::Value;
use std::collections::BTreeMap;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// A new license.
    Issue,
    /// The next period, a day.
    Renew,
    /// One more unit, with a renewal that waits: two codes in one event.
    AddUnits,
    /// All of a license.
    Revoke,
}

impl Job {
    pub const ALL: [Self; 4] = [Self::Issue, Self::Renew, Self::AddUnits, Self::Revoke];
}

/// A desk with licenses to work on, and everything that was ever seen of its codes.
pub struct Jobs {
    pub room: Desk,
    today: String,
    /// The license that is renewed, and the one that grows.
    renewed: LicenseNumber,
    grows: LicenseNumber,
    /// Codes by number, as they were printed.
    codes: BTreeMap<(u64, u64), String>,
    /// Orders, and the codes that each made.
    orders: BTreeMap<String, Vec<(u64, u64)>>,
    revoked: Vec<LicenseNumber>,
}

/// A command, and what it is about.
pub struct Task {
    job: Job,
    license: LicenseNumber,
    reference: String,
    pub arguments: Vec<String>,
}

impl Task {
    pub fn arguments(&self) -> Vec<&str> {
        self.arguments.iter().map(String::as_str).collect()
    }
}

impl Jobs {
    pub fn new() -> Self {
        let room = Desk::new();
        let nobody = LicenseNumber::MAX;
        let mut jobs = Self {
            room,
            today: today(),
            renewed: nobody,
            grows: nobody,
            codes: BTreeMap::new(),
            orders: BTreeMap::new(),
            revoked: Vec::new(),
        };
        jobs.open_licenses();
        jobs
    }

    /// New licenses to work on, before the old ones have no revision left.
    pub fn open_licenses(&mut self) {
        self.renewed = self.new_license();
        self.grows = self.new_license();
        let renew = Change::Renew { license: self.grows, length: Length::Term("1y".parse().unwrap()), units: None };
        self.know(renew.into());
    }

    fn new_license(&mut self) -> LicenseNumber {
        LicenseNumber::new(self.know(order(clock(), None))[0].0 as u32).unwrap()
    }

    fn know(&mut self, asked: Asked) -> Vec<(u64, u64)> {
        let issued = desk::perform(&mut self.room.ledger(), &session(clock()), &test_key(), &asked).unwrap();
        let mut numbers = Vec::new();
        for issued in issued {
            let terms = issued.license.terms();
            let number = (terms.license.get().into(), terms.revision.get().into());
            assert_eq!(self.codes.insert(number, issued.license.code().transport()), None);
            numbers.push(number);
        }
        numbers
    }

    pub fn task(&mut self, job: Job, reference: &str) -> Task {
        let license = match job {
            Job::Issue | Job::Renew => self.renewed,
            Job::AddUnits => self.grows,
            Job::Revoke => self.new_license(),
        };
        let number = license.to_string();
        let arguments = match job {
            Job::Issue => self.room.order(reference, &self.today).map(str::to_owned).to_vec(),
            Job::Renew => words(&["--json", "renew", &number, "--term", "1d", "--order", reference]),
            Job::AddUnits => words(&["--json", "add-units", &number, "--more", "1", "--order", reference]),
            Job::Revoke => words(&["--json", "revoke", &number]),
        };
        Task { job, license, reference: reference.to_owned(), arguments }
    }

    /// Ends what was stopped: asks for the same again. What was seen of it before is what stands; half a text counts
    /// for nothing.
    pub fn finish(&mut self, task: &Task, seen: &str) {
        let seen: Option<Value> = serde_json::from_str(seen).ok();
        if task.job == Job::Revoke {
            let record = desk::find_license(&mut self.room.ledger(), task.license).unwrap();
            assert!(seen.is_none() || record.is_revoked(), "license {} was said to be revoked", task.license);
            let again = self.room.run(&task.arguments());
            if record.is_revoked() {
                again.assert_complains(1);
                assert!(again.err.contains("that is not revoked already"), "{again:?}");
            } else {
                assert_eq!(again.json()["revoked"], serde_json::json!([1]));
            }
            self.revoked.push(task.license);
        } else {
            let again = codes(&self.room.run(&task.arguments()).json());
            if let Some(seen) = seen {
                assert_eq!(codes(&seen), again, "{}", task.reference);
            }
            self.remember(&task.reference, &again);
        }
        self.room.assert_ledger_is_sound();
    }

    fn remember(&mut self, reference: &str, made: &[((u64, u64), String)]) {
        let numbers = made.iter().map(|(number, _)| *number).collect();
        assert_eq!(self.orders.insert(reference.to_owned(), numbers), None, "one order, once");
        for (number, code) in made {
            assert_eq!(self.codes.insert(*number, code.clone()), None, "{number:?} was used before");
        }
    }

    /// Numbers that were given away and belong to nothing.
    pub fn given_away_in_vain(&self) -> u64 {
        let mut ledger = self.room.ledger();
        let next = ledger.read(|book| book.desk()).unwrap().next_license;
        let all = licenses(&mut ledger);
        let revisions = all
            .iter()
            .map(|(record, newest)| record.next_revision.saturating_sub(newest.entry.terms.revision.get() + 1));
        u64::from(next - 1) - all.len() as u64 + revisions.map(u64::from).sum::<u64>()
    }

    /// Everything that was ever seen is in the ledger, byte for byte, and nothing else is; renewals follow each other
    /// day by day; and the book is whole.
    pub fn assert_all_are_kept(&self) {
        self.room.assert_ledger_is_sound();
        let mut ledger = self.room.ledger();
        let mut found = BTreeMap::new();
        for (record, _) in licenses(&mut ledger) {
            let codes = desk::codes_of(&mut ledger, record.number).unwrap();
            for pair in codes.windows(2).filter(|pair| pair[0].entry.terms.units == pair[1].entry.terms.units) {
                assert_eq!(pair[0].entry.period.last().plus(1), Some(pair[1].entry.period.first()));
            }
            for issued in codes {
                let terms = issued.license.terms();
                let number = (terms.license.get().into(), terms.revision.get().into());
                found.insert(number, issued.license.code().transport());
            }
            assert_eq!(record.is_revoked(), self.revoked.contains(&record.number));
            assert!(record.good_from.is_none_or(|good| good > Revision::MAX.get()));
        }
        assert_eq!(found, self.codes);
    }

    pub fn orders(&self) -> usize {
        self.orders.len()
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

/// The codes of an answer, by license and revision.
pub fn codes(answer: &Value) -> Vec<((u64, u64), String)> {
    let others = answer["reissued"].as_array().into_iter().flatten();
    std::iter::once(answer)
        .chain(others)
        .map(|code| {
            let number = (code["license"].as_u64().unwrap(), code["revision"].as_u64().unwrap());
            (number, code["code"]["transport"].as_str().unwrap().to_owned())
        })
        .collect()
}
