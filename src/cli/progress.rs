//! A progress bar for whoever has waited for two seconds at a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use std::cell::RefCell;
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

/// For work that says itself how far it has come, and how far it goes; one bar for each part of it.
pub fn watch(what: &'static str) -> impl Fn(u64, u64) {
    let shown: RefCell<Option<(u64, Progress)>> = RefCell::default();
    move |place, end| {
        let mut shown = shown.borrow_mut();
        let same = shown.take().filter(|(before, _)| *before == end);
        let (_, progress) = shown.insert(same.unwrap_or_else(|| (end, Progress::new(what, Some(end)))));
        progress.at(place);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
