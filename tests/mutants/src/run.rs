//! Which tests come to which mutant, and whether one of them fails when it counts.

use crate::kept::Kept;
use crate::list::Mutant;
use crate::project::Project;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// A test fails.
    Caught,
    /// A test does not end.
    TimedOut,
    /// Every test that comes to it passes.
    Missed,
    /// No test comes to it.
    NotReached,
    /// It is not Rust.
    Unviable,
}

impl Outcome {
    pub fn name(self) -> &'static str {
        match self {
            Self::Caught => "caught",
            Self::TimedOut => "timed out",
            Self::Missed => "missed",
            Self::NotReached => "not reached",
            Self::Unviable => "unviable",
        }
    }
}

/// A program of tests, as cargo names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Target {
    kind: Vec<String>,
    name: String,
}

struct Test {
    program: PathBuf,
    target: Target,
    name: String,
    /// Where cargo runs it.
    folder: PathBuf,
    lasts: Duration,
}

/// Which tests caught other mutants of a file: what stands beside these they most likely catch too.
#[derive(Default)]
struct Catching {
    /// The latest first.
    tests: BTreeMap<String, Vec<usize>>,
}

impl Catching {
    /// More would be slower than the quickest of all.
    const MOST: usize = 8;

    /// The tests that come to a mutant: these first, then those that are named like its file.
    fn first(&self, file: &str, coming: &[usize], tests: &[Test]) -> Vec<usize> {
        let known = self.tests.get(file).map_or(&[][..], Vec::as_slice);
        let mut order: Vec<usize> = known.iter().copied().filter(|test| coming.contains(test)).collect();
        let subject = Path::new(file).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let subject = subject.trim_end_matches('s');
        let rest = coming.iter().copied().filter(|test| !known.contains(test));
        let (like, others): (Vec<_>, Vec<_>) = rest.partition(|test| tests[*test].name.contains(subject));
        order.extend(like.into_iter().chain(others));
        order
    }

    fn note(&mut self, file: &str, test: usize) {
        let tests = self.tests.entry(file.to_owned()).or_default();
        tests.retain(|other| *other != test);
        tests.insert(0, test);
        tests.truncate(Self::MOST);
    }
}

/// Mutants are tried on all processors.
fn workers() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// The tests of a package that pass without mutants, and which of them come to which mutant, the quickest first.
pub struct Tests<'p> {
    project: &'p Project,
    package: &'p str,
    tests: Vec<Test>,
    reached: BTreeMap<usize, Vec<usize>>,
}

impl<'p> Tests<'p> {
    pub fn of(project: &'p Project, package: &'p str, seconds: u64) -> Self {
        let (tests, reached) = reached(project, tests(project, package), Duration::from_secs(seconds));
        Self { project, package, tests, reached }
    }

    /// The outcome of each mutant that is planted.
    pub fn planted<'a>(
        &self,
        mutants: impl Iterator<Item = &'a Mutant>,
        seconds: u64,
        kept: &Kept,
    ) -> Vec<(&'a Mutant, Outcome)> {
        let state = Mutex::new((mutants.collect::<Vec<_>>().into_iter(), Vec::new()));
        let catching = Mutex::new(Catching::default());
        thread::scope(|scope| {
            for worker in 0..workers() {
                let (state, catching) = (&state, &catching);
                scope.spawn(move || {
                    loop {
                        let Some(mutant) = state.lock().expect("no worker panics").0.next() else { return };
                        let outcome = match self.reached.get(&mutant.number) {
                            None => Outcome::NotReached,
                            Some(coming) => {
                                let order =
                                    catching.lock().expect("no worker panics").first(&mutant.file, coming, &self.tests);
                                let coming = order.iter().map(|&test| &self.tests[test]);
                                let enough = Duration::from_secs(seconds);
                                let (outcome, _, met) = one(self.project, worker, coming, Some(mutant.number), enough);
                                if outcome == Outcome::Caught {
                                    let mut catching = catching.lock().expect("no worker panics");
                                    catching.note(&mutant.file, order[met - 1]);
                                }
                                outcome
                            }
                        };
                        kept.note(mutant, outcome);
                        let found = &mut state.lock().expect("no worker panics").1;
                        found.push((mutant, outcome));
                        if outcome != Outcome::Caught || found.len() % 100 == 0 {
                            eprintln!("{} {:<11} {}", found.len(), outcome.name(), mutant.name);
                        }
                    }
                });
            }
        });
        let (_, mut found) = state.into_inner().expect("no worker panics");
        found.sort_by_key(|(mutant, _)| mutant.number);
        found
    }

    /// The outcome of each mutant with builds of its own: one program of tests after another, first the one that
    /// comes to most of the package.
    pub fn singly<'a>(
        &self,
        mutants: impl Iterator<Item = &'a Mutant>,
        seconds: u64,
        kept: &Kept,
    ) -> Vec<(&'a Mutant, Outcome)> {
        let lasting: BTreeMap<(&Target, &str), Duration> =
            self.tests.iter().map(|test| ((&test.target, test.name.as_str()), test.lasts)).collect();
        let mut programs: BTreeMap<&Target, BTreeSet<usize>> = BTreeMap::new();
        for (mutant, tests) in &self.reached {
            for &test in tests {
                programs.entry(&self.tests[test].target).or_default().insert(*mutant);
            }
        }
        let mut programs: Vec<_> = programs.into_iter().collect();
        programs.sort_by_key(|(_, mutants)| usize::MAX - mutants.len());
        let mut found = Vec::new();
        for mutant in mutants {
            let path = self.project.folder.join(&mutant.file);
            let planted = fs::read_to_string(&path).expect("a listed file is there");
            let source = fs::read_to_string(self.project.folder.join("../../../..").join(&mutant.file));
            let source = source.expect("a listed file is there");
            let (start, end) = (mutant.span.start.offset(&source), mutant.span.end.offset(&source));
            let question = planted.find("\n#[doc(hidden)]\n#[allow(warnings, clippy::all)]\npub mod __mutants");
            let question = question.map_or("", |at| &planted[at..]);
            let changed = [&source[..start], &mutant.replacement, &source[end..], question].concat();
            self.project.write(&mutant.file, &changed);
            let mut left = Duration::from_secs(seconds);
            let mut outcome = Outcome::Missed;
            for (target, _) in &programs {
                let Some(mut tests) = built(self.project, self.package, Some(target)) else {
                    outcome = Outcome::Unviable;
                    break;
                };
                tests.retain(|test| lasting.contains_key(&(&test.target, test.name.as_str())));
                tests.iter_mut().for_each(|test| test.lasts = lasting[&(&test.target, test.name.as_str())]);
                tests.sort_by_key(|test| test.lasts);
                let took;
                (outcome, took, _) = one(self.project, 0, tests.iter(), None, left);
                left = left.saturating_sub(took);
                if outcome != Outcome::Missed || left.is_zero() {
                    break;
                }
            }
            kept.note(mutant, outcome);
            eprintln!("{} {:<11} {}", found.len() + 1, outcome.name(), mutant.name);
            found.push((mutant, outcome));
            self.project.write(&mutant.file, &planted);
        }
        found
    }
}

/// Builds the tests of a package, and asks them for their names.
fn tests(project: &Project, package: &str) -> Vec<Test> {
    built(project, package, None).expect("the tests are built")
}

/// The same of one program alone; `None` if it does not compile.
fn built(project: &Project, package: &str, only: Option<&Target>) -> Option<Vec<Test>> {
    #[derive(Deserialize)]
    struct Built {
        executable: Option<PathBuf>,
        manifest_path: Option<PathBuf>,
        profile: Option<Profile>,
        target: Option<Target>,
    }
    #[derive(Deserialize)]
    struct Profile {
        test: bool,
    }
    if package == "countersign" {
        // What the desk issues its tests give to the host's program.
        let built = project.cargo(&["build", "--offline", "--quiet", "--package", "activation-host"]).status();
        assert!(built.expect("cargo runs").success(), "activation-host is built");
    }
    let mut build = project.cargo(&["test", "--offline", "--no-run", "--message-format=json", "--package", package]);
    match only.map(|target| (target.kind.first().map(String::as_str), &target.name)) {
        None => {}
        Some((Some("test"), name)) => drop(build.args(["--test", name])),
        Some((Some("bin"), name)) => drop(build.args(["--bin", name])),
        Some(_) => drop(build.arg("--lib")),
    }
    let built = build.output().expect("cargo runs");
    if !built.status.success() {
        if only.is_none() {
            eprintln!("{}", String::from_utf8_lossy(&built.stderr));
        }
        return None;
    }
    let mut tests = Vec::new();
    for line in String::from_utf8_lossy(&built.stdout).lines() {
        let Ok(Built {
            executable: Some(program),
            manifest_path: Some(manifest),
            profile: Some(Profile { test: true }),
            target: Some(target),
        }) = serde_json::from_str(line)
        else {
            continue;
        };
        let folder = manifest.parent().unwrap_or(Path::new("/"));
        let names = |ignored: bool| {
            let mut list = Command::new(&program);
            list.args(["--list", "--format", "terse"]).args(ignored.then_some("--ignored"));
            let listed = list.current_dir(folder).output().expect("a test lists its tests");
            let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
            listed.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect::<BTreeSet<_>>()
        };
        tests.extend(names(false).difference(&names(true)).map(|name| Test {
            program: program.clone(),
            target: target.clone(),
            name: name.clone(),
            folder: folder.to_owned(),
            lasts: Duration::ZERO,
        }));
    }
    Some(tests)
}

/// The tests that pass, with the time they take, and which of them come to which mutant, the quickest first. One that
/// takes longer than all of a mutant's may, catches none.
fn reached(project: &Project, mut tests: Vec<Test>, most: Duration) -> (Vec<Test>, BTreeMap<usize, Vec<usize>>) {
    let state = Mutex::new((tests.drain(..), Vec::new(), Vec::new()));
    thread::scope(|scope| {
        for worker in 0..workers() {
            let state = &state;
            scope.spawn(move || {
                loop {
                    let Some(mut test) = state.lock().expect("no worker panics").0.next() else { return };
                    let (ended, numbers) = reached_by(project, worker, &mut test, most);
                    let (_, found, again) = &mut *state.lock().expect("no worker panics");
                    match ended {
                        Some(true) => found.push((test, numbers)),
                        Some(false) => again.push(test),
                        None => eprintln!("left out, it takes too long: {}", test.name),
                    }
                }
            });
        }
    });
    let (_, mut found, again) = state.into_inner().expect("no worker panics");
    // Some fail because others run beside them.
    for mut test in again {
        match reached_by(project, 0, &mut test, most) {
            (Some(true), numbers) => found.push((test, numbers)),
            _ => eprintln!("left out, it does not pass without mutants: {}", test.name),
        }
    }
    found.sort_by_key(|(test, _)| test.lasts);
    let mut reached: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (test, (_, numbers)) in found.iter().enumerate() {
        numbers.iter().for_each(|number| reached.entry(*number).or_default().push(test));
    }
    let passing: Vec<Test> = found.into_iter().map(|(test, _)| test).collect();
    eprintln!("{} tests come to {} mutants", passing.len(), reached.len());
    (passing, reached)
}

/// Whether a test passes without mutants, and which of them it comes to.
fn reached_by(project: &Project, worker: usize, test: &mut Test, most: Duration) -> (Option<bool>, BTreeSet<usize>) {
    let list = project.scratch.join(format!("reached-{worker}"));
    let _ = fs::remove_file(&list);
    let writes = [("MUTANTS_REACHED", list.as_os_str())];
    let begun = Instant::now();
    let ended = test_once(project, worker, test, &writes, most);
    test.lasts = begun.elapsed();
    let text = fs::read_to_string(&list).unwrap_or_default();
    // Several processes of a test may have come to one.
    (ended, text.lines().filter_map(|line| line.parse().ok()).collect())
}

/// What the tests say of a mutant, how long that took, and how many it met: until one fails, or there was enough time.
fn one<'a>(
    project: &Project,
    worker: usize,
    tests: impl Iterator<Item = &'a Test>,
    number: Option<usize>,
    enough: Duration,
) -> (Outcome, Duration, usize) {
    let begun = Instant::now();
    let number = number.unwrap_or(0).to_string();
    let mut met = 0;
    for test in tests {
        met += 1;
        let most = test.lasts * 5 + Duration::from_secs(5);
        match test_once(project, worker, test, &[("MUTANT", number.as_ref())], most) {
            Some(true) => {}
            Some(false) => return (Outcome::Caught, begun.elapsed(), met),
            None => return (Outcome::TimedOut, begun.elapsed(), met),
        }
        if begun.elapsed() > enough {
            break;
        }
    }
    (Outcome::Missed, begun.elapsed(), met)
}

/// Whether the test passes; `None` if it has not ended in time.
fn test_once(
    project: &Project,
    worker: usize,
    test: &Test,
    environment: &[(&str, &std::ffi::OsStr)],
    most: Duration,
) -> Option<bool> {
    let scratch = project.scratch.join(worker.to_string());
    fs::create_dir_all(&scratch).expect("the work folder can be written");
    // A mutant may ask for all memory that there is.
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -v 6000000; exec \"$@\"", "sh"]).arg(&test.program);
    command.args(["--exact", &test.name, "--quiet"]).current_dir(&test.folder);
    command.envs(environment.iter().copied()).env("CARGO_MANIFEST_DIR", &test.folder);
    command.env("TMPDIR", &scratch).env("PROPTEST_FAILURE_PERSISTENCE", "off").env("RUST_BACKTRACE", "0");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let mut running = command.spawn().expect("sh runs");
    let group = Pid::from_child(&running);
    let begun = Instant::now();
    let mut pause = Duration::from_millis(2);
    let ended = loop {
        match running.try_wait().expect("a child can be waited for") {
            Some(status) => break Some(status.success()),
            None if begun.elapsed() > most => break None,
            None => thread::sleep(pause),
        }
        pause = (pause * 2).min(Duration::from_millis(50));
    };
    let _ = kill_process_group(group, Signal::KILL);
    let _ = running.wait();
    if ended != Some(true) {
        kill_those_in(&scratch);
    }
    let _ = fs::remove_dir_all(&scratch);
    ended
}

/// Ends what a test has left behind in sessions of their own, such as a program at a pseudo-terminal: they are known by
/// the folder that they were given.
fn kill_those_in(scratch: &Path) {
    let wanted = [b"TMPDIR=", scratch.as_os_str().as_encoded_bytes()].concat();
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let number = process.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
        let environment = fs::read(process.path().join("environ")).unwrap_or_default();
        if let Some(number) = number
            && environment.split(|byte| *byte == 0).any(|variable| variable == wanted)
        {
            let _ = kill_process(number, Signal::KILL);
        }
    }
}
