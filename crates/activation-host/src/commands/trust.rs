//! `activation trust`: the bundle that says whom this installation trusts.

use super::embedded;
use super::input::{self, complain_of_input};
use crate::PROGRAM;
use activation_code::{Bundle, PublicKey, Roots};
use activation_host::json::BundleJson;
use activation_host::program::{Exit, clock, complain, json_text};
use activation_host::sentences::bundle_in_words;
use activation_host::trust_store::{Loaded, TrustStoreFault};
use activation_host::{Installation, Settings};
use clap::Subcommand;
use std::path::{Path, PathBuf};

/// Loads and shows the trust bundle of an installation
#[derive(clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Load(Load),
    Show(Show),
}

/// Where the installation keeps its trust.
#[derive(clap::Args)]
struct State {
    /// The folder of the installation
    #[arg(long, value_name = "DIR", env = "ACTIVATION_STATE", default_value = "./activation-state")]
    state: PathBuf,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

/// Root keys that are given by hand.
#[derive(clap::Args)]
pub struct GivenRoots {
    /// A root key to trust, in 64 hex digits; may be repeated
    #[arg(long, value_name = "HEX")]
    root: Vec<PublicKey>,
    /// How many of the roots have to sign, instead of all that are given
    #[arg(long, value_name = "M", requires = "root")]
    roots_needed: Option<u8>,
}

impl GivenRoots {
    /// The roots, if any were given.
    ///
    /// # Errors
    /// They make no set of roots.
    pub fn roots(&self) -> Result<Option<Roots>, Exit> {
        if self.root.is_empty() {
            return Ok(None);
        }
        let all = u8::try_from(self.root.len()).unwrap_or(u8::MAX);
        Roots::new(self.roots_needed.unwrap_or(all), self.root.iter().copied()).map(Some).ok_or_else(|| {
            let hint = "give 1 to 16 different --root, and at most so many as --roots-needed";
            complain(PROGRAM, &"these roots cannot be trusted together", Some(hint));
            Exit::CouldNot
        })
    }
}

/// Load a trust bundle: it replaces the one in force, if it is newer and signed
#[derive(clap::Args)]
#[command(after_help = "\
The roots that count are those of the bundle in force. Before the first one they are given with
--root, or compiled in; compare the fingerprint with a certificate.

Exit codes: 0 loaded, or in force already; 1 refused; 2 not possible.

Examples:
  activation trust load bundle.txt --root HEX --root HEX --root HEX --roots-needed 2
  activation trust load newer-bundle.txt")]
struct Load {
    /// The bundle; `-` for standard input
    #[arg(value_name = "BUNDLE")]
    file: PathBuf,
    #[command(flatten)]
    roots: GivenRoots,
    /// Load a bundle for testing too
    #[arg(long)]
    allow_test: bool,
    #[command(flatten)]
    state: State,
}

/// Show the trust bundle in force
#[derive(clap::Args)]
struct Show {
    #[command(flatten)]
    state: State,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Exit {
    let outcome = match &arguments.command {
        Command::Load(load) => self::load(load),
        Command::Show(show) => self::show(show),
    };
    match outcome {
        Ok(exit) | Err(exit) => exit,
    }
}

/// The roots that were compiled in.
///
/// # Errors
/// They make no set of roots; that is said.
pub fn embedded_roots() -> Result<Option<Roots>, Exit> {
    embedded::roots().map_err(|fault| {
        complain(PROGRAM, &fault, Some("build it with the root keys of your license desk"));
        Exit::CouldNot
    })
}

fn load(arguments: &Load) -> Result<Exit, Exit> {
    let given = match arguments.roots.roots()? {
        Some(roots) => Some(roots),
        None => embedded_roots()?,
    };
    let text = bundle_text(&arguments.file)?;
    let settings = if arguments.allow_test { Settings::new().for_testing() } else { Settings::new() };
    let installation = Installation::open(&arguments.state.state, settings);
    let (loaded, bundle) = installation.load_trust(&text, given.as_ref()).map_err(refused)?;
    let heading = match loaded {
        Loaded::New { before: Some(before) } if before != bundle.number => {
            format!("Loaded trust bundle {} in the place of {before}", bundle.number)
        }
        Loaded::New { .. } => format!("Loaded trust bundle {}", bundle.number),
        Loaded::Already => format!("Trust bundle {} is in force already", bundle.number),
    };
    answer(arguments.state.json, &bundle, &heading)
}

/// The text of a bundle's file, or standard input for `-`.
///
/// # Errors
/// It cannot be read, or is no text of a bundle; that is said.
pub fn bundle_text(file: &Path) -> Result<String, Exit> {
    let bytes = input::read_bundle(file).map_err(|error| {
        complain_of_input(file, &error.into());
        Exit::CouldNot
    })?;
    Bundle::text_of(&bytes).map(str::to_owned).map_err(|fault| refused(TrustStoreFault::Bundle(fault)))
}

fn show(arguments: &Show) -> Result<Exit, Exit> {
    let settings = match embedded_roots()? {
        Some(roots) => Settings::new().roots(roots),
        None => Settings::new(),
    };
    let kept = Installation::open(&arguments.state.state, settings).kept_trust();
    for damage in &kept.damage {
        let hint = "load the newest bundle of the vendor again with `activation trust load`";
        complain(PROGRAM, damage, (!damage.recovered).then_some(hint));
    }
    match (&kept.bundle, kept.damage.is_empty()) {
        (Some(bundle), _) => answer(arguments.state.json, bundle, &format!("Trust bundle {}", bundle.number)),
        (None, false) => Err(Exit::CouldNot),
        (None, true) => {
            let hint = "`activation trust load BUNDLE --root HEX` loads the vendor's";
            complain(PROGRAM, &"this installation has no trust bundle", Some(hint));
            Err(Exit::No)
        }
    }
}

/// Says why a bundle is not in force, and what to do.
pub fn refused(fault: TrustStoreFault) -> Exit {
    let (exit, hint) = match &fault {
        TrustStoreFault::Storage(_) | TrustStoreFault::Kept(_) => {
            (Exit::CouldNot, "let this user read and write the folder, or give another with --state DIR")
        }
        TrustStoreFault::NoRoots => (Exit::CouldNot, "give the vendor's root keys with --root HEX, from a certificate"),
        TrustStoreFault::Bundle(_) => {
            (Exit::No, "ask the vendor for the whole bundle, and compare the roots with a certificate")
        }
        TrustStoreFault::Older { .. } => (Exit::No, "ask the vendor for the newest bundle"),
        TrustStoreFault::Fork { .. } => (Exit::No, "tell the vendor: two bundles were signed under one number"),
        TrustStoreFault::OtherVendor { .. } => {
            (Exit::No, "keep each vendor's trust in a folder of its own, with --state DIR")
        }
        TrustStoreFault::ForTesting { .. } => (Exit::No, "--allow-test loads it, where nothing but tests runs"),
    };
    complain(PROGRAM, &fault, Some(hint));
    exit
}

fn answer(json: bool, bundle: &Bundle, heading: &str) -> Result<Exit, Exit> {
    let text = if json {
        json_text(&BundleJson::of(bundle, clock()))
    } else {
        format!("{heading}\n{}", bundle_in_words(bundle, clock()))
    };
    super::answer(&text)
}
