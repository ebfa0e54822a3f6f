//! The end of a license as a calendar file (RFC 5545), so that a customer's own calendar reminds of it (rule D3).

use activation_code::Day;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use icalendar::{Alarm, Calendar, Component, Event, EventLike, Property};

/// The days before the last one on which a calendar reminds: those of the notices (rule D3).
pub const REMINDERS: [u16; 2] = [60, 30];

/// What a calendar is told of.
#[derive(Clone, Copy, Debug)]
pub struct LastDay<'a> {
    /// What no other event of any calendar is called; the same one replaces the event that was there.
    pub id: &'a str,
    /// The revision: of two files with one id, the higher counts.
    pub sequence: u32,
    /// The day of the file.
    pub issued: Day,
    /// The last day of maintenance.
    pub last: Day,
    /// What the calendar shows.
    pub title: &'a str,
    /// What to do, and with whom.
    pub text: &'a str,
}

/// The file: an event of that whole day, with reminders. The same event gives the same bytes.
///
/// Nobody is busy that day.
pub fn calendar_file(event: &LastDay<'_>) -> String {
    let LastDay { id, sequence, issued, last, title, text } = event;
    // The crate escapes line feeds, and leaves carriage returns as they are.
    let plain = |text: &str| text.replace(|c: char| c.is_control() && c != '\n', " ");
    let (title, text) = (&plain(title), &plain(text));
    let stamp = DateTime::<Utc>::from_naive_utc_and_offset(date(*issued).and_time(chrono::NaiveTime::MIN), Utc);
    let end = last.plus_or_last(1);
    let whole = |key: &str, day| {
        let digits = date(day).format("%Y%m%d").to_string();
        Property::new(key, digits).add_parameter("VALUE", "DATE").done()
    };
    let mut entry = Event::new();
    entry
        .uid(id)
        .timestamp(stamp)
        .sequence(*sequence)
        .summary(title)
        .description(text)
        .append_property(whole("DTSTART", *last))
        .append_property(whole("DTEND", end))
        .add_property("TRANSP", "TRANSPARENT");
    for days in REMINDERS {
        let mut alarm = Alarm::display(title, -Duration::days(days.into()));
        // Without both, the crate makes them up from the clock and by chance.
        alarm.uid(&format!("{days}-days.{id}")).timestamp(stamp);
        // It would write the days as millions of seconds, which not every calendar reads.
        alarm.add_property("TRIGGER", format!("-P{days}D"));
        entry.alarm(alarm);
    }
    let mut calendar = Calendar::empty();
    calendar.append_property(Property::new("VERSION", "2.0"));
    calendar.append_property(Property::new("PRODID", "-//Countersign//License desk//EN"));
    calendar.push(entry.done()).to_string()
}

fn date(day: Day) -> NaiveDate {
    let (year, month, date) = day.ymd();
    NaiveDate::from_ymd_opt(year, month.into(), date.into()).expect("a day exists in the calendar")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(title: &str, text: &str) -> String {
        let day = |text: &str| text.parse().unwrap();
        let (issued, last) = (day("2026-11-23"), day("2027-12-31"));
        calendar_file(&LastDay { id: "license-1042@example.com", sequence: 2, issued, last, title, text })
    }

    #[test]
    fn the_last_day_is_a_whole_day_with_two_reminders() {
        let file = file("License 1042 ends", "Renew it");
        assert_eq!(file.matches("BEGIN:VALARM\r\n").count(), 2);
        for line in [
            "DTSTAMP:20261123T000000Z",
            "DTSTART;VALUE=DATE:20271231",
            "DTEND;VALUE=DATE:20280101",
            "UID:license-1042@example.com",
            "SEQUENCE:2",
            "SUMMARY:License 1042 ends",
            "TRIGGER:-P60D",
            "TRIGGER:-P30D",
        ] {
            assert!(file.contains(&format!("\r\n{line}\r\n")), "{line} is not in {file}");
        }
    }

    #[test]
    fn no_text_adds_a_line_and_no_line_is_long() {
        let title = "Ω, a; b\\c\r\nEND:VCALENDAR\nUID:x\rUID:y";
        let file = file(title, &"株式会社例 ".repeat(40));
        assert_eq!(file.matches("\nUID:").count(), 3, "{file}");
        assert_eq!(file.matches("\nEND:VCALENDAR").count(), 1);
        for line in file.split("\r\n") {
            assert!(line.len() <= 75 && !line.contains(['\r', '\n']), "{line:?}");
        }
    }
}
