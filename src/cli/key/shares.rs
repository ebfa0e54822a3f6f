//! `countersign key shares`: a key on paper, in parts.

use crate::cli::failure::Failure;
use crate::cli::folder::open_key;
use crate::cli::print::complain;
use crate::cli::{Context, print};
use countersign::signer::Signer as _;
use countersign::signer::shares::{GenerateOrShareFault, KeyShare, split};
use rand::rngs::SysRng;
use serde::Serialize;
use std::fmt::Write as _;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Print a key as shares on paper: any two of three restore it
#[derive(clap::Args)]
#[command(after_help = "\
Each share goes to another place; one alone says nothing of the key. They are typed again as a code is,
with the same help. Each run makes a new set, and shares of two sets do not go together; old ones
still restore the key. Needs no desk: root keys too.

Examples:
  countersign key shares license-desk/issuer-1.key | lpr
  countersign key shares /media/root-1/root.key --needed 3 --shares 5")]
pub struct Arguments {
    /// The key file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How many shares restore the key, 2 to 15
    #[arg(long, value_name = "M", default_value_t = 2)]
    needed: u8,
    /// How many shares are made
    #[arg(long, value_name = "N", default_value_t = 3)]
    shares: u8,
}

#[derive(Serialize)]
struct ShareJson<'s> {
    share: u8,
    needed: u8,
    set: String,
    rows: &'s [String],
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<(), Failure> {
    let passphrase = context.passphrase.existing(&arguments.file.display().to_string())?;
    let key = open_key(&arguments.file, &passphrase)?;
    let shares = split(&key, arguments.needed, arguments.shares, &mut SysRng).map_err(|fault| match fault {
        GenerateOrShareFault::Share(_) => {
            Failure::could_not(fault.to_string()).hint("--needed 2 --shares 3 is usual; give other numbers")
        }
        GenerateOrShareFault::Generate(_) => Failure::could_not(fault.to_string()),
    })?;
    if context.json {
        let rows: Vec<_> = shares.iter().map(KeyShare::rows).collect();
        let lines: Vec<_> = shares
            .iter()
            .zip(&rows)
            .map(|(share, rows)| ShareJson {
                share: share.index(),
                needed: share.needed(),
                set: format!("{:04x}", share.set()),
                rows,
            })
            .collect();
        return print::json(&lines);
    }
    let public = key.public_key();
    let mut text = Zeroizing::new(String::with_capacity(shares.len() * 512));
    for share in &shares {
        let (index, needed, set) = (share.index(), share.needed(), share.set());
        // Writing to a String does not fail. A form feed begins a new sheet.
        let page = if index > 1 { "\x0C" } else { "" };
        let _ = writeln!(text, "{page}SECRET: share {index} of {}, set {set:04x}", shares.len());
        let _ = writeln!(text, "Any {needed} of them restore the key whose public half is");
        let _ = writeln!(text, "{public}\n");
        share.rows().iter().zip(1..).for_each(|(row, number)| _ = writeln!(text, "Row {number}) {row}"));
        text.push_str("\nTyped again with `countersign key recover --from-shares`.\n");
    }
    print::plain(&text)?;
    complain("note", &"give each share to another person or place, and keep no copy of this output", None);
    Ok(())
}
