//! A picture is searched in a process of its own, with a limit on its memory: a small
//! file can be made for which a search wants gigabytes, and a process that gets none dies
//! without a word.

use activation_code::MAX_TEXT;
use activation_host::picture::{self, PictureFault};
use activation_host::program::{Exit, print};
use activation_host::sentences;
use rustix::process::{Resource, Rlimit, setrlimit};
use std::io::{self, Read, Write};
use std::process::{Command, Stdio};

/// What the process is called by its parent; nobody else needs it.
pub const NAME: &str = "read-picture";

/// Most memory of the process, in bytes: 50 million pixels of a progressive JPEG take 350 MB.
const MOST_MEMORY: u64 = 1024 * 1024 * 1024;

/// Reads a picture from standard input and prints the code in it, or why there is none
#[derive(clap::Args)]
pub struct Arguments {}

/// Runs the command: exit 0 and the text of the code, or exit 1 and a sentence and a hint.
pub fn run(_: &Arguments) -> Exit {
    // Where that cannot be set, the time is still limited.
    let _ = setrlimit(Resource::As, Rlimit { current: Some(MOST_MEMORY), maximum: Some(MOST_MEMORY) });
    let mut file = Vec::new();
    let read = io::stdin().lock().take(picture::LONGEST + 1).read_to_end(&mut file);
    let (answer, exit) = match read.map_err(|_| PictureFault::Failed).and_then(|_| picture::read(file)) {
        Ok(text) => (text, Exit::Done),
        Err(fault) => (format!("{fault}\n{}", sentences::picture(&fault)), Exit::No),
    };
    if print(&answer).is_ok() { exit } else { Exit::CouldNot }
}

/// Has a picture read by a process of its own.
pub fn read(file: &[u8]) -> Result<String, (String, String)> {
    let failed = || {
        let fault = PictureFault::Failed;
        (fault.to_string(), sentences::picture(&fault).to_owned())
    };
    let program = std::env::current_exe().map_err(|_| failed())?;
    let mut child = Command::new(program)
        .arg(NAME)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // What it says when it has no memory left is said better here.
        .stderr(Stdio::null())
        .spawn()
        .map_err(|_| failed())?;
    if let Some(mut stdin) = child.stdin.take() {
        // A process that has died by now is found out below.
        let _ = stdin.write_all(file);
    }
    let mut answer = String::new();
    if let Some(stdout) = child.stdout.take() {
        let _ = stdout.take(MAX_TEXT as u64).read_to_string(&mut answer);
    }
    match child.wait().map(|status| status.code()) {
        Ok(Some(0)) => Ok(answer),
        Ok(Some(1)) => {
            let (what, hint) = answer.split_once('\n').unwrap_or((&answer, ""));
            Err((what.to_owned(), hint.to_owned()))
        }
        _ => Err(failed()),
    }
}
