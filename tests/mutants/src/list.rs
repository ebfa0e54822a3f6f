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
    /// As cargo-mutants names it.
    pub name: String,
    /// From the project's root.
    pub file: String,
    pub genre: Genre,
    pub span: Span,
    pub replacement: String,
}

impl Mutant {
    /// Without line and column.
    pub fn plain_name(&self) -> String {
        let (_, what) = self.name.split_once(": ").unwrap_or_default();
        format!("{}: {what}", self.file)
    }
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
    let numbered = listed.into_iter().zip(1..).map(|(one, number)| {
        let Listed { name, file, genre, span, replacement } = one;
        Mutant { number, name, file, genre, span, replacement }
    });
    numbered.collect()
}

/// Mutants that do the same as what they replace, each with the reason. A line is `FILE: WHAT # REASON`, or where there
/// are several of these in a file `FILE: WHAT [K of N] # REASON`: no line number, which changes too easily.
pub fn equivalent<'a>(root: &Path, mutants: &'a [Mutant]) -> BTreeMap<&'a str, String> {
    let text = fs::read_to_string(root.join("tests/mutants/equivalent.txt")).unwrap_or_default();
    let mut reasons: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once(" # ")).collect();
    let mut same: BTreeMap<String, Vec<&Mutant>> = BTreeMap::new();
    for mutant in mutants {
        same.entry(mutant.plain_name()).or_default().push(mutant);
    }
    let mut found = BTreeMap::new();
    for (plain, mutants) in &same {
        for (mutant, number) in mutants.iter().zip(1..) {
            let count = mutants.len();
            let name = if count == 1 { plain.clone() } else { format!("{plain} [{number} of {count}]") };
            if let Some(reason) = reasons.remove(name.as_str()) {
                found.insert(mutant.name.as_str(), reason.to_owned());
            }
        }
    }
    found
}
