//! `activation inspect` and `activation status` as whole processes beside a program that does nothing, in the same run.
//! As it ships, statically linked:
//!
//! ```text
//! RUSTFLAGS="-C target-feature=+crt-static" cargo bench -p activation-host --bench process \
//!     --target x86_64-unknown-linux-gnu
//! ```

#[path = "../../../benches/common/figure.rs"]
mod figure;
#[path = "common/furnished.rs"]
mod furnished;
#[path = "../tests/common/sold.rs"]
mod sold;

use figure::{Wanted, figure};
use furnished::Furnished;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const PAIRS: usize = 500;
const ISSUER: &str = "1:8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let empty = folder.path().join("empty");
    let source = folder.path().join("empty.rs");
    std::fs::write(&source, "fn main() {}").expect("the folder can be written");
    let flags: &[&str] = if cfg!(target_feature = "crt-static") { &["-C", "target-feature=+crt-static"] } else { &[] };
    let made = Command::new("rustc").arg("-O").args(flags).arg("-o").arg(&empty).arg(&source).status();
    assert!(made.is_ok_and(|status| status.success()), "rustc makes the empty program");

    let linked = if flags.is_empty() { "dynamically" } else { "statically" };
    println!("{linked} linked, medians of {PAIRS} pairs, µs: empty program, ours, more");
    let code = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/codes/full.txt");
    let mut inspect = activation();
    inspect.args(["inspect", "--issuer", ISSUER]).arg(&code);
    report("inspect", 1000.0, &empty, &mut inspect);
    let issuer = format!("{}:{}", sold::issuer().number, sold::issuer().key);
    for (number, furnished) in Furnished::ALL.iter().enumerate() {
        let state = folder.path().join(number.to_string());
        furnished.furnish(&state);
        let mut status = activation();
        status.args(["status", "--format", "line", "--state"]).arg(&state);
        // Where there is no bundle somebody must say whom to trust.
        if !state.join("trust.bundle").exists() {
            status.args(["--issuer", &issuer]);
        }
        report(&format!("status, {}", furnished.name), 1500.0, &empty, &mut status);
    }
}

fn activation() -> Command {
    Command::new(env!("CARGO_BIN_EXE_activation"))
}

fn report(name: &str, most: f64, empty: &Path, command: &mut Command) {
    let mut ours = || run(command);
    let nothing = || run(&mut Command::new(empty));
    for _ in 0..20 {
        ours();
        nothing();
    }
    let (mut with, mut without): (Vec<_>, Vec<_>) = (0..PAIRS).map(|_| (ours(), nothing())).unzip();
    with.sort_unstable();
    without.sort_unstable();
    let (with, without) = (with[PAIRS / 2], without[PAIRS / 2]);
    let more = with.saturating_sub(without).as_micros();
    println!("{:>6} {:>6} {more:>6}  {name}; more: wanted at most {most}", without.as_micros(), with.as_micros());
    let figures = (without.as_micros() as f64, more as f64, "µs");
    figure(&format!("process, {name}: more than nothing"), "an empty program", figures, &Wanted::AtMost(most));
}

fn run(command: &mut Command) -> Duration {
    let begun = Instant::now();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let time = begun.elapsed();
    assert!(status.is_ok_and(|status| status.success()));
    time
}
