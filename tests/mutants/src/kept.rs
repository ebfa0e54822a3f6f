//! What became of mutants, kept from the moment that it is known: a run that is cut off is gone on with.

use crate::list::Mutant;
use crate::run::Outcome;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;

pub struct Kept {
    /// A line of JSON for each, name and outcome; the last one of a mutant counts.
    file: Mutex<File>,
    before: BTreeMap<String, Outcome>,
}

impl Kept {
    /// What earlier runs have found, or nothing.
    pub fn open(path: &Path, again: bool) -> Self {
        let text = if again { fs::read_to_string(path).unwrap_or_default() } else { String::new() };
        let before = text.lines().filter_map(|line| serde_json::from_str::<(String, Outcome)>(line).ok()).collect();
        let file = File::options().create(true).append(true).open(path).expect("the work folder can be written");
        if !again {
            file.set_len(0).expect("the work folder can be written");
        }
        Self { file: Mutex::new(file), before }
    }

    /// Whether an earlier run is done with it: one that is equivalent need not be missed again.
    pub fn is_done(&self, mutant: &Mutant, equivalent: bool) -> bool {
        match self.before.get(&mutant.lasting_name) {
            Some(Outcome::Caught | Outcome::Unviable) => true,
            Some(Outcome::Missed | Outcome::NotReached) => equivalent,
            Some(Outcome::TimedOut) | None => false,
        }
    }

    pub fn note(&self, mutant: &Mutant, outcome: Outcome) {
        let line = serde_json::to_string(&(&mutant.lasting_name, outcome)).expect("outcomes are plain");
        let mut file = self.file.lock().expect("no worker panics");
        writeln!(file, "{line}").expect("the work folder can be written");
    }

    /// All that is known, with what this run has found.
    pub fn with(self, found: Vec<(&Mutant, Outcome)>) -> BTreeMap<String, Outcome> {
        let mut all = self.before;
        all.extend(found.into_iter().map(|(mutant, outcome)| (mutant.lasting_name.clone(), outcome)));
        all
    }
}
