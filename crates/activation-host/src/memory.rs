//! What an installation remembers beside its codes and its bundle: `memory.txt`.
//!
//! One line each, in this order, each left out where there is nothing to say:
//!
//! | line | |
//! | --- | --- |
//! | `first DAY` | the first clock ever seen |
//! | `seen DAY` | the highest day that was seen to pass |
//! | `ahead DAY` * | clocks further ahead, which are not believed yet |
//! | `code FILE` * | a code that was entered |
//! | `bundle NUMBER` | of the trust bundle in force |
//! | `host machine HEX8` or `host random HEX8` | the host's number |
//! | `site NAME` | the site whose number counts for this host |
//! | `asked HEX4` | the request for a clock reset that is not answered yet |
//! | `reset DAY` | what a clock reset said |
//! | `void code HEX32` * | evidence that the reset made void, by SHA-256 |
//! | `void bundle NUMBER`, `void release DAY` | the same of the bundle and of the release |
//! | `counter NUMBER` | of a counter that no copy of this folder sets back |
//! | `damaged DAY TEXT` * | what was found damaged, until somebody says that it was read |

use crate::checked_text::{self, CheckedTextFault};
use crate::damage::Damage;
use crate::days::{DAYS_TO_BELIEVE, SeenDays};
use crate::host::{KeptHost, SiteName};
use crate::storage::CODES;
use activation_code::{CodeDigest, Day, HostId, Nonce};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::str::FromStr;

/// Its name in the storage.
pub(crate) const NAME: &str = "memory.txt";
/// Thousands of codes and their void evidence.
pub(crate) const LONGEST: usize = 1024 * 1024;
const HEADING: &str = "countersign memory 1";
const REMARK: &str = "# What this installation remembers. A change by hand shows, and is forgotten.";
/// More damage than that is one damaged disk.
const MOST_DAMAGED: usize = 16;

/// What is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// The days on the clock.
    pub seen: SeenDays,
    /// The names of codes that were entered.
    pub codes: BTreeSet<String>,
    /// The number of the trust bundle in force.
    pub bundle: Option<u32>,
    /// What the host's number is made of.
    pub host: Option<KeptHost>,
    /// The site whose number counts for this host.
    pub site: Option<SiteName>,
    /// The request for a clock reset that is not answered yet.
    pub asked: Option<Nonce>,
    /// The clock reset in force.
    pub reset: Option<Reset>,
    /// The value of the counter against old copies, at the last write.
    pub counter: Option<u64>,
    /// What was found damaged, and when.
    pub damaged: Vec<(Day, String)>,
}

/// What a clock reset left: its day, and the evidence that it made void.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reset {
    /// No evidence later than this day was good.
    pub day: Day,
    /// Codes issued later.
    pub codes: BTreeSet<CodeDigest>,
    /// The bundle, if it was issued later.
    pub bundle: Option<u32>,
    /// The release, if it was made later.
    pub release: Option<Day>,
}

impl Reset {
    /// Whether a code's day of issue is evidence.
    pub fn code_counts(&self, issued: Day, digest: &CodeDigest) -> bool {
        issued <= self.day || !self.codes.contains(digest)
    }

    /// Whether a bundle's day of issue is.
    pub fn bundle_counts(&self, issued: Day, number: u32) -> bool {
        issued <= self.day || self.bundle.is_none_or(|void| number > void)
    }

    /// Whether a release's day is.
    pub fn release_counts(&self, released: Day) -> bool {
        released <= self.day || self.release.is_none_or(|void| released > void)
    }
}

impl Memory {
    /// Notes what was found damaged; once.
    pub fn note_damage(&mut self, today: Day, what: &str) {
        let what: String = what.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
        if self.damaged.len() < MOST_DAMAGED && self.damaged.iter().all(|(_, known)| *known != what) {
            self.damaged.push((today, what));
        }
    }

    /// The same of parts of the state.
    pub(crate) fn note(&mut self, damage: &[Damage], today: Day) {
        for damage in damage {
            self.note_damage(today, &damage.to_string());
        }
    }

    /// As it is kept.
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEADING}\n{REMARK}\n");
        // Writing to a String does not fail.
        let _ = self.write(&mut text);
        checked_text::seal(&text)
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        let Self { seen, codes, bundle, host, site, asked, reset, counter, damaged } = self;
        if let Some(day) = seen.first {
            writeln!(text, "first {day}")?;
        }
        if let Some(day) = seen.passed {
            writeln!(text, "seen {day}")?;
        }
        for day in &seen.ahead {
            writeln!(text, "ahead {day}")?;
        }
        for code in codes {
            writeln!(text, "code {code}")?;
        }
        if let Some(number) = bundle {
            writeln!(text, "bundle {number}")?;
        }
        match host {
            Some(KeptHost::Machine(id)) => writeln!(text, "host machine {id}")?,
            Some(KeptHost::Random(id)) => writeln!(text, "host random {id}")?,
            None => {}
        }
        if let Some(name) = site {
            writeln!(text, "site {}", name.as_str())?;
        }
        if let Some(nonce) = asked {
            writeln!(text, "asked {:04x}", nonce.0)?;
        }
        if let Some(Reset { day, codes, bundle, release }) = reset {
            writeln!(text, "reset {day}")?;
            for digest in codes {
                text.push_str("void code ");
                digest.iter().try_for_each(|byte| write!(text, "{byte:02x}"))?;
                text.push('\n');
            }
            if let Some(number) = bundle {
                writeln!(text, "void bundle {number}")?;
            }
            if let Some(day) = release {
                writeln!(text, "void release {day}")?;
            }
        }
        if let Some(number) = counter {
            writeln!(text, "counter {number}")?;
        }
        for (day, what) in damaged {
            writeln!(text, "damaged {day} {what}")?;
        }
        Ok(())
    }

    /// From what was kept.
    ///
    /// # Errors
    /// It is not what this release wrote.
    pub fn from_text(text: &[u8]) -> Result<Self, CheckedTextFault> {
        let mut memory = Self::default();
        for (line, text) in checked_text::open(text, HEADING)? {
            memory.take(text).ok_or(CheckedTextFault::Line { line })?;
        }
        Ok(memory)
    }

    fn take(&mut self, line: &str) -> Option<()> {
        let (word, rest) = line.split_once(' ')?;
        match word {
            "first" => put(&mut self.seen.first, rest),
            "seen" => put(&mut self.seen.passed, rest),
            "ahead" => {
                let day = rest.parse().ok()?;
                let rises = self.seen.ahead.last().is_none_or(|before| *before < day);
                (rises && self.seen.ahead.len() + 1 < DAYS_TO_BELIEVE).then(|| self.seen.ahead.push(day))
            }
            "code" => {
                let name = rest.strip_prefix(CODES)?.strip_prefix('/')?;
                let is_code = name.ends_with(".lic") && !name.starts_with('.') && !name.contains('/');
                (is_code && self.codes.insert(rest.to_owned())).then_some(())
            }
            "bundle" => put(&mut self.bundle, rest),
            "host" if self.host.is_none() => {
                let (source, value) = rest.split_once(' ')?;
                self.host = Some(match source {
                    "machine" => KeptHost::Machine(host(value)?),
                    "random" => KeptHost::Random(host(value)?),
                    _ => return None,
                });
                Some(())
            }
            "site" if self.site.is_none() => {
                self.site = Some(SiteName::new(rest)?);
                Some(())
            }
            "asked" if self.asked.is_none() => {
                self.asked = Some(Nonce(u16::from_str_radix(exactly(4, rest)?, 16).ok()?));
                Some(())
            }
            "reset" if self.reset.is_none() => {
                let day = rest.parse().ok()?;
                self.reset = Some(Reset { day, codes: BTreeSet::new(), bundle: None, release: None });
                Some(())
            }
            "void" => {
                let reset = self.reset.as_mut()?;
                match rest.split_once(' ')? {
                    ("code", digest) => reset.codes.insert(self::digest(digest)?).then_some(()),
                    ("bundle", number) => put(&mut reset.bundle, number),
                    ("release", day) => put(&mut reset.release, day),
                    _ => None,
                }
            }
            "counter" => put(&mut self.counter, rest),
            "damaged" if self.damaged.len() < MOST_DAMAGED => {
                let (day, what) = rest.split_once(' ')?;
                self.damaged.push((day.parse().ok()?, what.to_owned()));
                Some(())
            }
            _ => None,
        }
    }
}

fn put<T: FromStr>(place: &mut Option<T>, text: &str) -> Option<()> {
    if place.is_some() {
        return None;
    }
    *place = Some(text.parse().ok()?);
    Some(())
}

fn exactly(digits: usize, text: &str) -> Option<&str> {
    (text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(text)
}

fn host(text: &str) -> Option<HostId> {
    u32::from_str_radix(exactly(8, text)?, 16).ok().map(HostId)
}

fn digest(text: &str) -> Option<CodeDigest> {
    let number = u128::from_str_radix(exactly(32, text)?, 16).ok()?;
    Some(number.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn full() -> Memory {
        Memory {
            seen: SeenDays {
                first: Some(day("2026-11-20")),
                passed: Some(day("2026-11-23")),
                ahead: vec![day("2028-01-01"), day("2028-01-02")],
            },
            codes: BTreeSet::from(["codes/a.lic".to_owned(), "codes/b.lic".to_owned()]),
            bundle: Some(12),
            host: Some(KeptHost::Machine(HostId(0x0123_4567))),
            site: SiteName::new("plant-2"),
            asked: Some(Nonce(0x0f31)),
            reset: Some(Reset {
                day: day("2026-11-22"),
                codes: BTreeSet::from([[7; 16], [8; 16]]),
                bundle: Some(11),
                release: Some(day("2030-01-01")),
            }),
            counter: Some(77),
            damaged: vec![(day("2026-11-23"), "memory.txt ends early".to_owned())],
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for memory in [Memory::default(), full()] {
            assert_eq!(Memory::from_text(memory.to_text().as_bytes()), Ok(memory));
        }
        let random = Memory { host: Some(KeptHost::Random(HostId(0x0000_00ab))), ..Memory::default() };
        assert!(random.to_text().contains("\nhost random 000000ab\n"));
        assert_eq!(Memory::from_text(random.to_text().as_bytes()), Ok(random));
    }

    #[test]
    fn lines_that_nobody_writes_are_refused_by_number() {
        for line in [
            "seen 2026-13-01",
            "seen",
            "ahead 2026-01-02\nahead 2026-01-01",
            "code ../../etc/passwd",
            "code codes/../x",
            "code codes/a\ncode codes/a",
            "host machine xyz",
            "site a b",
            "asked 12345",
            "asked +123",
            "void bundle 3",
            "counter -1",
            "unknown 1",
            "seen 2026-01-01\nseen 2026-01-01",
        ] {
            let text = checked_text::seal(&format!("{HEADING}\n{line}\n"));
            let fault = Memory::from_text(text.as_bytes()).unwrap_err();
            assert!(matches!(fault, CheckedTextFault::Line { line: 2 | 3 }), "{line}: {fault}");
        }
    }

    #[test]
    fn what_a_memory_has_once_is_not_taken_twice() {
        for line in [
            "first 2026-01-01",
            "seen 2026-01-01",
            "ahead 2026-01-01",
            "code codes/a.lic",
            "bundle 3",
            "host machine 01234567",
            "host random 01234567",
            "site plant-2",
            "asked 0f31",
            "reset 2026-01-01",
            "counter 1",
        ] {
            let text = |lines: &str| checked_text::seal(&format!("{HEADING}\n{lines}\n"));
            assert!(Memory::from_text(text(line).as_bytes()).is_ok(), "{line}");
            let twice = Memory::from_text(text(&format!("{line}\n{line}")).as_bytes());
            assert_eq!(twice, Err(CheckedTextFault::Line { line: 3 }), "{line}");
        }
    }

    #[test]
    fn names_of_codes_are_of_its_folder_and_are_not_hidden() {
        let is_taken = |name: &str| Memory::default().take(&format!("code {name}")).is_some();
        assert!(is_taken("codes/a.lic") && is_taken("codes/a.b.lic"));
        for name in ["codes/.a.lic", "codes/a/b.lic", "codes/../b.lic", "codes/a.txt", "codes/", "other/a.lic", "a.lic"]
        {
            assert!(!is_taken(name), "{name}");
        }
    }

    #[test]
    fn as_many_days_ahead_are_taken_as_are_kept() {
        let mut memory = Memory::default();
        for i in 1..DAYS_TO_BELIEVE {
            assert!(memory.take(&format!("ahead 2026-01-{i:02}")).is_some(), "{i}");
        }
        assert!(memory.take("ahead 2026-01-31").is_none());
    }

    #[test]
    fn damage_is_noted_once_and_up_to_a_limit() {
        let mut memory = Memory::default();
        for i in 0..MOST_DAMAGED + 4 {
            memory.note_damage(day("2026-11-23"), &format!("damage {i}"));
            memory.note_damage(day("2026-11-24"), &format!("damage {i}"));
        }
        assert_eq!(memory.damaged.len(), MOST_DAMAGED);
        assert!(memory.damaged.iter().enumerate().all(|(i, (_, what))| *what == format!("damage {i}")));
        let text = memory.to_text();
        assert_eq!(Memory::from_text(text.as_bytes()), Ok(memory.clone()));
        assert!(memory.take("damaged 2026-11-23 one more").is_none());
    }

    #[test]
    fn void_evidence_is_what_was_there_at_the_reset() {
        let reset = full().reset.unwrap();
        assert!(!reset.code_counts(day("2030-01-01"), &[7; 16]));
        assert!(reset.code_counts(day("2030-01-01"), &[9; 16]));
        assert!(reset.code_counts(day("2026-11-22"), &[7; 16]));
        assert!(!reset.bundle_counts(day("2030-01-01"), 11) && reset.bundle_counts(day("2030-01-01"), 12));
        assert!(!reset.release_counts(day("2030-01-01")) && reset.release_counts(day("2030-01-02")));
    }
}
