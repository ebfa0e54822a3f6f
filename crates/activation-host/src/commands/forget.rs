//! `activation forget`: codes that shall not be here any more, and damage that was read about.

use super::answer;
use super::asking::{Asking, failed};
use activation_code::{LicenseNumber, Revision};
use activation_host::program::Exit;
use std::path::PathBuf;

/// Forgets the codes of a license, or what was found damaged
#[derive(clap::Args)]
#[command(after_help = "\
What is forgotten can be entered again. It is not revoked by this: that is the license desk's to do.

Exit codes: 0 forgotten, 1 nothing of it is here, 2 not possible.

Examples:
  activation forget 1042
  activation forget 1042 --revision 2
  activation forget --damage")]
pub struct Arguments {
    /// The license whose codes are forgotten
    #[arg(value_name = "LICENSE", required_unless_present = "damage", conflicts_with = "damage")]
    license: Option<LicenseNumber>,
    /// Only this revision of it
    #[arg(long, value_name = "N", requires = "license")]
    revision: Option<Revision>,
    /// End the report of damage that was found, and miss no codes that are gone
    #[arg(long)]
    damage: bool,
    /// The folder of the installation
    #[arg(long, value_name = "DIR", env = "ACTIVATION_STATE", default_value = "./activation-state")]
    state: PathBuf,
    #[command(flatten)]
    asking: Asking,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Exit {
    match forget(arguments) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn forget(arguments: &Arguments) -> Result<Exit, Exit> {
    let installation = arguments.asking.installation(&arguments.state)?;
    let Some(license) = arguments.license else {
        let damaged = installation.forget_damage().map_err(|fault| failed(&fault))?;
        let lines: String = damaged.iter().map(|(day, what)| format!("  {day}: {what}\n")).collect();
        return answer(&format!("Reports that ended: {}\n{lines}", damaged.len()));
    };
    let places = installation.forget(license, arguments.revision).map_err(|fault| failed(&fault))?;
    answer(&places.iter().map(|place| format!("Forgotten: {place}\n")).collect::<String>())
}
