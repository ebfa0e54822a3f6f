//! `activation request`: a row for the license desk.

use super::answer;
use super::asking::{Asking, failed};
use activation_code::LicenseNumber;
use activation_host::host::SiteName;
use activation_host::installation::Wish;
use activation_host::json::RequestJson;
use activation_host::program::{Exit, json_text};
use std::path::PathBuf;

/// Prints a row with which the license desk makes a code for this host alone, or resets its clock
#[derive(clap::Args)]
#[command(after_help = "\
The number of a host does not change with a reboot, a network card or a container that starts
again. With --site, hosts that are given the same name have the same number, and take the same
codes. A code that is bound to a host keeps honest people from entering it elsewhere by accident;
it stops nobody else.

Examples:
  activation request
  activation request --license 1042
  activation request --site plant-2
  activation request --clock")]
pub struct Arguments {
    /// The folder of the installation
    #[arg(long, value_name = "DIR", env = "ACTIVATION_STATE", default_value = "./activation-state")]
    state: PathBuf,
    /// Ask for the clock to be reset: a day in the future was believed, or issued by mistake
    #[arg(long, conflicts_with = "license")]
    clock: bool,
    /// Ask for a code of this license, bound to this host
    #[arg(long, value_name = "NUMBER")]
    license: Option<LicenseNumber>,
    /// Give this host the number of its site; `-`: a number of its own again
    #[arg(long, value_name = "NAME", value_parser = site, allow_hyphen_values = true)]
    site: Option<Site>,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    asking: Asking,
}

#[derive(Clone)]
enum Site {
    Named(SiteName),
    None,
}

fn site(text: &str) -> Result<Site, &'static str> {
    if text == "-" {
        return Ok(Site::None);
    }
    SiteName::new(text).map(Site::Named).ok_or("wanted 1 to 64 letters, digits, dots, hyphens, underscores")
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Exit {
    match request(arguments) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn request(arguments: &Arguments) -> Result<Exit, Exit> {
    let installation = arguments.asking.installation(&arguments.state)?;
    match arguments.site.clone() {
        Some(Site::Named(name)) => installation.set_site(Some(name)).map(drop),
        Some(Site::None) => installation.set_site(None).map(drop),
        None => Ok(()),
    }
    .map_err(|fault| failed(&fault))?;
    let wish = if arguments.clock { Wish::ClockReset } else { Wish::Code { license: arguments.license } };
    let request = installation.request(wish).map_err(|fault| failed(&fault))?;
    let text = if arguments.json {
        json_text(&RequestJson::from(&request))
    } else {
        let todo = if arguments.clock {
            "Give this row to your license desk, and enter the clock reset that it answers with:\n  \
             countersign clock-reset ROW"
        } else {
            "Give this row to your license desk, which makes a code for this host of it:\n  \
             countersign issue --request ROW"
        };
        format!("{}\n\nHost {}. {todo}\n", request.row(), request.host)
    };
    answer(&text)
}
