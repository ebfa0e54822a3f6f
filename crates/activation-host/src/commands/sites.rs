//! `activation sites`: units that are assigned to sites, and in use there.

use super::answer;
use super::asking::failed;
use activation_host::json::SitesJson;
use activation_host::program::{Exit, json_text};
use activation_host::sites::{Site, Sites, SitesFault};
use activation_host::{Installation, Settings};
use clap::Subcommand;
use std::num::NonZeroU32;
use std::path::PathBuf;

/// Assigns units to sites, such as domains, and notes how many are in use
#[derive(clap::Args)]
#[command(after_help = "\
Nothing of this blocks anything: what is used or assigned above the license is said by `activation
status`, and goes into the usage report. A user of several sites is counted once: give the number
that are in use altogether with `total`, or else the sites are added up.

Examples:
  activation sites
  activation sites assign example.com 50
  activation sites use example.com 40
  activation sites total 120
  activation sites remove example.com")]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The folder of the installation
    #[arg(long, global = true, value_name = "DIR", env = "ACTIVATION_STATE", default_value = "./activation-state")]
    state: PathBuf,
    /// Print the answer as JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Assign units to a site, instead of those that it had
    Assign {
        /// The site: for mail, a domain
        #[arg(value_name = "SITE", value_parser = site)]
        site: Site,
        /// How many units, at least 1
        #[arg(value_name = "UNITS", value_parser = at_least_one)]
        units: NonZeroU32,
    },
    /// Note how many units a site uses
    Use {
        /// The site
        #[arg(value_name = "SITE", value_parser = site)]
        site: Site,
        /// How many units: for mail, addresses that are managed, not mailboxes
        #[arg(value_name = "UNITS")]
        units: u32,
    },
    /// Note how many units are in use altogether, each user counted once
    Total {
        /// How many units; `-`: add up the sites again
        #[arg(value_name = "UNITS", value_parser = total, allow_hyphen_values = true)]
        units: Total,
    },
    /// Remove a site
    Remove {
        /// The site
        #[arg(value_name = "SITE", value_parser = site)]
        site: Site,
    },
}

fn at_least_one(text: &str) -> Result<NonZeroU32, &'static str> {
    text.parse().map_err(|_| "a site has at least 1 unit, in digits; `sites remove` takes it away")
}

#[derive(Clone, Copy)]
struct Total(Option<u32>);

fn total(text: &str) -> Result<Total, &'static str> {
    if text == "-" {
        return Ok(Total(None));
    }
    text.parse().map(|units| Total(Some(units))).map_err(|_| "wanted a number of units, or `-`")
}

fn site(text: &str) -> Result<Site, &'static str> {
    Site::new(text).ok_or("wanted a name of 1 to 253 bytes without spaces")
}

/// Runs the command.
pub fn run(arguments: Arguments) -> Exit {
    let installation = Installation::open(arguments.state, Settings::new());
    let sites = match arguments.command {
        None => installation.sites(),
        Some(command) => match installation.change_sites(|sites| change(sites, command)) {
            Ok(sites) => sites,
            Err(fault) => return failed(&fault),
        },
    };
    let text = if arguments.json { json_text(&SitesJson::from(&sites)) } else { in_words(&sites) };
    match answer(&text) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn change(sites: &mut Sites, command: Command) -> Result<(), SitesFault> {
    match command {
        Command::Assign { site, units } => sites.assign(site, units),
        Command::Use { site, units } => sites.set_in_use(&site, units),
        Command::Total { units: Total(units) } => sites.set_total(units),
        Command::Remove { site } => sites.remove(&site),
    }
}

fn in_words(sites: &Sites) -> String {
    let line = |in_use: Option<u32>, assigned: u32, name: &str| {
        let in_use = in_use.map_or("-".to_owned(), |units| units.to_string());
        format!("{assigned:>9} {in_use:>9}  {name}\n")
    };
    let each: String =
        sites.iter().map(|(site, units)| line(units.in_use, units.assigned.get(), site.as_str())).collect();
    format!(" assigned    in use\n{each}{}", line(sites.in_use(), sites.assigned(), "altogether"))
}
