//! A progress bar for whoever has waited for two seconds at a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(2);

pub struct Progress {
    what: &'static str,
    /// `None`: nobody knows how far it is.
    end: Option<u64>,
    began: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub fn new(what: &'static str, end: Option<u64>) -> Self {
        Self { what, end, began: Instant::now(), bar: None }
    }

    /// Says how far it has come.
    pub fn at(&mut self, place: u64) {
        if self.bar.is_none() && self.began.elapsed() > PATIENCE && stderr().is_terminal() {
            self.bar = Some(self.make());
        }
        if let Some(bar) = &self.bar {
            bar.set_position(place);
        }
    }

    fn make(&self) -> ProgressBar {
        let template =
            if self.end.is_some() { "{msg} [{bar:40}] {percent} %, {eta} left" } else { "{msg} {spinner} {elapsed}" };
        let bar = self.end.map_or_else(ProgressBar::no_length, ProgressBar::new).with_message(self.what);
        match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style.progress_chars("=> ")),
            Err(_) => bar,
        }
        .with_elapsed(self.began.elapsed())
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
