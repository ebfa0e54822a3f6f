//! The status for programs that watch: Prometheus and Nagios.

use crate::sentences::status::in_one_line;
use crate::status::Status;
use activation_code::{ClockState, Phase, Standing, Warning};
use std::fmt::Write;

/// What a check of Nagios, Icinga and others ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NagiosState {
    /// 0: in maintenance, and nothing to say.
    Ok,
    /// 1: entitled to run, and somebody should look.
    Warning,
    /// 2: not entitled to run.
    Critical,
    /// 3: it could not be found out.
    Unknown,
}

impl NagiosState {
    /// As what it is told.
    pub fn of(standing: &Standing) -> Self {
        // A successor that waits is good news.
        let quiet = |warning: &Warning| *warning == Warning::QueuedSuccessor;
        match standing.phase {
            _ if !standing.run => Self::Critical,
            Phase::Maintenance if standing.warnings.iter().all(quiet) => Self::Ok,
            _ => Self::Warning,
        }
    }

    /// Its name, first on the line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// A line as the Monitoring Plugins write it: the state, what is to be said, and figures behind a bar.
pub fn nagios(status: &Status) -> (NagiosState, String) {
    let state = NagiosState::of(&status.standing);
    let mut line = format!("ACTIVATION {} - {}", state.name(), in_one_line(status).trim_end().replace('|', "/"));
    let _ = write!(line, " | units={};;;0;", status.units);
    if let Some(in_use) = status.in_use {
        let _ = write!(line, " in_use={in_use};{};;0;", status.units);
    }
    if let Some(days) = status.standing.days_left {
        let _ = write!(line, " days_left={days};;;0;");
    }
    line.push('\n');
    (state, line)
}

/// The text format of Prometheus, version 0.0.4.
pub fn prometheus(status: &Status) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = write_metrics(&mut text, status);
    text
}

fn write_metrics(text: &mut String, status: &Status) -> std::fmt::Result {
    let standing = &status.standing;
    let mut metric = |name: &str, help: &str, values: &[(String, i64)]| {
        writeln!(text, "# HELP activation_{name} {help}")?;
        writeln!(text, "# TYPE activation_{name} gauge")?;
        values.iter().try_for_each(|(labels, value)| writeln!(text, "activation_{name}{labels} {value}"))
    };
    let one = |value: i64| [(String::new(), value)];
    metric("run", "Whether the product is entitled to run.", &one(standing.run.into()))?;
    metric("updates", "Whether it is entitled to updates.", &one(standing.updates.into()))?;
    metric("support", "Whether it is entitled to support.", &one(standing.support.into()))?;
    if let Some(covered) = standing.release_covered {
        metric("release_covered", "Whether maintenance covers this release.", &one(covered.into()))?;
    }
    let phases = Phase::ALL.map(|phase| (format!("{{phase=\"{phase}\"}}"), i64::from(phase == standing.phase)));
    metric("phase", "1 for the phase of the installation.", &phases)?;
    if let Some(days) = standing.days_left {
        metric("days_left", "Days from today to the last day of the phase.", &one(days.into()))?;
    }
    metric("units", "Units of the licenses that count.", &one(status.units.into()))?;
    if let Some(in_use) = status.in_use {
        metric("units_in_use", "Units in use.", &one(in_use.into()))?;
    }
    metric("units_assigned", "Units that are assigned to sites.", &one(status.sites.assigned().into()))?;
    let warned = |warning: &Warning| i64::from(standing.warnings.contains(warning));
    let warnings: Vec<_> =
        Warning::ALL.iter().map(|warning| (format!("{{warning=\"{warning}\"}}"), warned(warning))).collect();
    metric("warning", "1 for each warning that holds.", &warnings)?;
    let ends = status.licenses.iter().map(|license| {
        let terms = license.license.terms();
        (format!("{{license=\"{}\",product=\"{}\"}}", terms.license, terms.product), seconds(terms.period.last()))
    });
    let ends: Vec<_> = ends.collect();
    if !ends.is_empty() {
        metric("license_last_day_timestamp_seconds", "Beginning of the last day of maintenance, UTC.", &ends)?;
    }
    if let Some(bundle) = &status.bundle {
        metric("bundle_number", "Number of the trust bundle.", &one(bundle.number.into()))?;
        metric(
            "bundle_issued_timestamp_seconds",
            "Day on which the trust bundle was made.",
            &one(seconds(bundle.issued)),
        )?;
    }
    let clock = ClockState::ALL
        .map(|state| (format!("{{state=\"{}\"}}", state.name()), i64::from(state == status.today.state)));
    metric("clock", "1 for what is thought of the clock.", &clock)
}

fn seconds(day: activation_code::Day) -> i64 {
    // 2020-01-01.
    (i64::from(day.days_since_2020()) + 18_262) * 86_400
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_critical_where_nothing_may_run_and_quiet_about_good_news() {
        let standing = |phase: Phase, warnings: &[Warning]| Standing {
            today: "2026-11-23".parse().unwrap(),
            phase,
            run: !matches!(phase, Phase::None | Phase::Expired | Phase::Revoked | Phase::Purge),
            updates: true,
            support: true,
            release_covered: None,
            days_left: None,
            warnings: warnings.to_vec(),
        };
        let state = |phase, warnings| NagiosState::of(&standing(phase, warnings));
        assert_eq!(state(Phase::Maintenance, &[]), NagiosState::Ok);
        assert_eq!(state(Phase::Maintenance, &[Warning::QueuedSuccessor]), NagiosState::Ok);
        assert_eq!(state(Phase::Maintenance, &[Warning::EndsSoon]), NagiosState::Warning);
        assert_eq!(state(Phase::Maintenance, &[Warning::EndsSoon, Warning::QueuedSuccessor]), NagiosState::Warning);
        assert_eq!(state(Phase::Lapsed, &[]), NagiosState::Warning);
        assert_eq!(state(Phase::None, &[]), NagiosState::Critical);
        assert_eq!(state(Phase::Expired, &[]), NagiosState::Critical);
        assert_eq!(
            NagiosState::of(&Standing { run: false, ..standing(Phase::Maintenance, &[]) }),
            NagiosState::Critical
        );
    }
}
