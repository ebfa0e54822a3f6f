//! Every error that can be said is produced by a test that has a name.
//!
//! Read from the sources of all three packages: the enums that are errors, or part of one, and the tests that name
//! their variants as `Enum::Variant`. Which test names which is printed with `--nocapture`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;

const ROOM: &str = env!("CARGO_MANIFEST_DIR");

/// Ends of the names of enums whose values say what is wrong, alone or within another error.
const ENDS: [&str; 6] = ["Fault", "Faults", "Refused", "Refusal", "Rejected", "Failure"];

type Variant = (String, String);

fn sources(folders: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting: Vec<PathBuf> = folders.iter().map(|folder| Path::new(ROOM).join(folder)).collect();
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn tokens(path: &Path) -> TokenStream {
    let text = fs::read_to_string(path).unwrap();
    text.parse().unwrap_or_else(|fault| panic!("{}: {fault}", path.display()))
}

fn variants(item: &syn::Item, found: &mut BTreeSet<Variant>) {
    match item {
        syn::Item::Enum(one) => {
            let name = one.ident.to_string();
            let derives = one.attrs.iter().filter(|attribute| attribute.path().is_ident("derive"));
            let derived = derives.flat_map(|attribute| attribute.to_token_stream().into_iter().map(words)).flatten();
            if ENDS.iter().any(|end| name.ends_with(end)) || derived.into_iter().any(|word| word == "Error") {
                found.extend(one.variants.iter().map(|variant| (name.clone(), variant.ident.to_string())));
            }
        }
        syn::Item::Mod(module) => {
            for item in module.content.iter().flat_map(|(_, items)| items) {
                variants(item, found);
            }
        }
        _ => {}
    }
}

fn words(tree: TokenTree) -> Vec<String> {
    match tree {
        TokenTree::Group(group) => group.stream().into_iter().flat_map(words).collect(),
        TokenTree::Ident(word) => vec![word.to_string()],
        _ => Vec::new(),
    }
}

/// The pairs `A::B` in each function that is a `#[test]`, also where a macro makes it one.
fn named(stream: TokenStream, test: Option<&str>, found: &mut BTreeMap<Variant, BTreeSet<String>>) {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    let (mut marked, mut within) = (false, test.map(str::to_owned));
    for (at, tree) in trees.iter().enumerate() {
        match tree {
            TokenTree::Group(group) => {
                if group.delimiter() == Delimiter::Bracket && group.stream().to_string() == "test" {
                    marked = true;
                }
                named(group.stream(), within.as_deref(), found);
                if group.delimiter() == Delimiter::Brace {
                    (marked, within) = (false, test.map(str::to_owned));
                }
            }
            TokenTree::Ident(word) if word == "fn" && marked => {
                if let Some(TokenTree::Ident(name)) = trees.get(at + 1) {
                    within = Some(name.to_string());
                }
            }
            TokenTree::Ident(word) => {
                if let (Some(test), [TokenTree::Punct(one), TokenTree::Punct(other), TokenTree::Ident(variant)]) =
                    (&within, &trees[at + 1..trees.len().min(at + 4)])
                    && one.as_char() == ':'
                    && other.as_char() == ':'
                {
                    found.entry((word.to_string(), variant.to_string())).or_default().insert(test.clone());
                }
            }
            _ => {}
        }
    }
}

#[test]
fn every_variant_of_an_error_is_named_by_a_test() {
    let (mut errors, mut tests) = (BTreeSet::new(), BTreeMap::new());
    let code = ["src", "crates/activation-code/src", "crates/activation-host/src"];
    for path in sources(&code) {
        for item in syn::parse2::<syn::File>(tokens(&path)).unwrap().items {
            variants(&item, &mut errors);
        }
    }
    for path in
        sources(&[&code[..], &["tests", "crates/activation-code/tests", "crates/activation-host/tests"]].concat())
    {
        named(tokens(&path), None, &mut tests);
    }
    assert!(errors.len() > 400, "only {} variants were found", errors.len());
    let mut missing = BTreeSet::new();
    for (name, variant) in &errors {
        match tests.get(&(name.clone(), variant.clone())) {
            Some(by) => println!("{name}::{variant}: {}", by.iter().next().unwrap()),
            None => drop(missing.insert(format!("{name}::{variant}"))),
        }
    }
    assert!(missing.is_empty(), "no test names {missing:#?}");
}
