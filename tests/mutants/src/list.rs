//! What cargo-mutants would change.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

#[derive(Debug)]
pub struct Mutant {
    /// From 1.
    pub number: usize,
    /// As cargo-mutants names it, with line and column.
    pub name: String,
    /// Without them, which change too easily: `FILE: WHAT`, or where there are several of these in a file
    /// `FILE: WHAT [K of N]`.
    pub lasting_name: String,
    /// From the project's root.
    pub file: String,
    pub genre: Genre,
    pub span: Span,
    pub replacement: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Genre {
    FnValue,
    BinaryOperator,
    UnaryOperator,
    MatchArm,
    MatchArmGuard,
    StructField,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Span {
    pub start: Place,
    pub end: Place,
}

/// Both from 1; columns are characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

impl Place {
    pub fn offset(self, text: &str) -> usize {
        let line: usize = text.split_inclusive('\n').take(self.line - 1).map(str::len).sum();
        line + text[line..].char_indices().nth(self.column - 1).map_or(text.len() - line, |(at, _)| at)
    }
}

/// Those of a package, in the order of cargo-mutants.
pub fn mutants(root: &Path, package: &str) -> Vec<Mutant> {
    #[derive(Deserialize)]
    struct Listed {
        name: String,
        file: String,
        genre: Genre,
        span: Span,
        replacement: String,
    }
    let listed = Command::new("cargo")
        .args(["mutants", "--list", "--json", "--package", package])
        .current_dir(root)
        .output()
        .expect("cargo runs");
    let errors = String::from_utf8_lossy(&listed.stderr);
    assert!(listed.status.success(), "cargo mutants (cargo install --locked cargo-mutants): {errors}");
    let listed: Vec<Listed> = serde_json::from_slice(&listed.stdout).expect("the list of cargo-mutants 27");
    let plain = |one: &Listed| format!("{}: {}", one.file, one.name.split_once(": ").unwrap_or_default().1);
    let mut same: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (one, number) in listed.iter().zip(1..) {
        same.entry(plain(one)).or_default().push(number);
    }
    let numbered = listed.into_iter().zip(1..).map(|(one, number)| {
        let plain = plain(&one);
        let lasting_name = match &same[&plain][..] {
            [_] => plain,
            all => {
                let place = all.iter().position(|other| *other == number).map_or(0, |at| at + 1);
                format!("{plain} [{place} of {}]", all.len())
            }
        };
        let Listed { name, file, genre, span, replacement } = one;
        Mutant { number, name, lasting_name, file, genre, span, replacement }
    });
    numbered.collect()
}

/// Mutants that do the same as what they replace, each with the reason: lines `LASTING NAME # REASON`.
pub fn equivalent<'a>(root: &Path, mutants: &'a [Mutant]) -> BTreeMap<&'a str, String> {
    let text = fs::read_to_string(root.join("tests/mutants/equivalent.txt")).unwrap_or_default();
    let reasons: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once(" # ")).collect();
    for name in reasons.keys() {
        let file = name.split(": ").next();
        if mutants.iter().any(|one| Some(one.file.as_str()) == file)
            && !mutants.iter().any(|one| one.lasting_name == *name)
        {
            eprintln!("tests/mutants/equivalent.txt: there is no such mutant any more: {name}");
        }
    }
    let known = mutants.iter().map(|mutant| mutant.lasting_name.as_str());
    known.filter_map(|name| Some((name, (*reasons.get(name)?).to_owned()))).collect()
}
