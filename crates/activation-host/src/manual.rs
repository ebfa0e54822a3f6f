//! Man pages and shell completions, made of the arguments that a program declares, so that they say what it does.

use crate::files::write_whole;
use crate::program::{Exit, complain, print, system};
use clap::{Command, CommandFactory};
use clap_complete::Shell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Prints what a shell needs to complete commands and options
#[derive(clap::Args)]
pub struct Completions {
    /// Which shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

/// Writes man pages, one for each command
#[derive(clap::Args)]
pub struct ManPages {
    /// The folder to write into; it is made if it is missing
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Prints completions to standard output.
pub fn completions<P: CommandFactory>(program: &str, Completions { shell }: &Completions) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(*shell, &mut P::command(), program, &mut script);
    match print(&String::from_utf8_lossy(&script)) {
        Ok(()) => Exit::Done,
        Err(error) => {
            complain(program, &format!("cannot write the answer: {}", system(&error)), None);
            Exit::CouldNot
        }
    }
}

/// Writes man pages, and prints their names.
pub fn man_pages<P: CommandFactory>(program: &str, ManPages { folder }: &ManPages) -> Exit {
    match write_pages(P::command(), folder) {
        Ok(()) => Exit::Done,
        Err(error) => {
            let hint = "give a folder where this user may write";
            complain(program, &format!("{}: {}", folder.display(), system(&error)), Some(hint));
            Exit::CouldNot
        }
    }
}

fn write_pages(command: Command, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let mut written = String::new();
    write_page(&command, folder, &mut written)?;
    print(&written)
}

/// The page of a command and of all its commands; hidden ones are nobody's business.
fn write_page(command: &Command, folder: &Path, written: &mut String) -> io::Result<()> {
    let page = clap_mangen::Man::new(command.clone()).source(concat!("Countersign ", env!("CARGO_PKG_VERSION")));
    let mut text = Vec::new();
    page.render(&mut text)?;
    let path = folder.join(page.get_filename());
    write_whole(&path, &text)?;
    written.push_str(&format!("{}\n", path.display()));
    let visible = command.get_subcommands().filter(|command| !command.is_hide_set());
    visible.into_iter().try_for_each(|command| write_page(command, folder, written))
}
