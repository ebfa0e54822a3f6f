//! What is promised, beside the limit that nothing of its kind can be below, measured in the same run.

use std::fs::OpenOptions;
use std::io::Write as _;

/// What was promised.
#[allow(dead_code, reason = "each bench promises something else")]
pub enum Wanted {
    /// At most so many times the raw limit.
    Times(f64),
    /// At most so many times the raw limit, or so much more, whichever is more.
    TimesOrMore(f64, f64),
    /// At most so much.
    AtMost(f64),
    /// Nothing: it is good to know.
    Nothing,
}

/// Adds a figure to the table that `benches/figures.sh` prints: a line of `$FIGURES`, if that is set. Both are of the
/// same unit; what was measured is the median of its bench.
///
/// # Panics
/// The file cannot be written.
pub fn figure(what: &str, limit: &str, (raw, ours, unit): (f64, f64, &str), wanted: &Wanted) {
    let Some(file) = std::env::var_os("FIGURES") else { return };
    let (wanted, met) = match *wanted {
        Wanted::Times(times) => (format!("≤ {times:.2} ×"), Some(ours <= times * raw)),
        Wanted::TimesOrMore(times, more) => {
            (format!("≤ {times:.2} ×, or {more} {unit} more"), Some(ours <= (times * raw).max(raw + more)))
        }
        Wanted::AtMost(most) => (format!("≤ {most} {unit}"), Some(ours <= most)),
        Wanted::Nothing => ("–".to_owned(), None),
    };
    let met = met.map_or("", |met| if met { "met" } else { "not met" });
    let line = format!(
        "| {what} | {} {unit}: {limit} | {} {unit} | {:.3} | {wanted} | {met} |\n",
        short(raw),
        short(ours),
        ours / raw
    );
    let file = OpenOptions::new().create(true).append(true).open(file);
    file.and_then(|mut file| file.write_all(line.as_bytes())).expect("the file of figures can be written");
}

/// Three digits that count.
fn short(value: f64) -> String {
    let places = (2 - value.abs().max(1e-3).log10().floor() as i32).clamp(0, 4);
    format!("{value:.*}", places as usize)
}
