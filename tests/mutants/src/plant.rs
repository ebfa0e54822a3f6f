//! Every mutant beside what it replaces, behind the question whether it is the one that counts.

use crate::list::{Genre, Mutant};
use crate::project::Project;
use serde::Deserialize;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// The question, in every crate that has mutants. Asked for the first time it looks who counts; where it is to be
/// written down who is reached, each is once.
const QUESTION: &str = r#"
#[doc(hidden)]
#[allow(warnings, clippy::all)]
pub mod __mutants {
    extern crate std;
    use std::io::Write as _;
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

    const UNASKED: u32 = u32::MAX;
    const WRITES: u32 = u32::MAX - 1;
    static COUNTS: AtomicU32 = AtomicU32::new(UNASKED);
    static REACHED: [AtomicBool; MOST] = [const { AtomicBool::new(false) }; MOST];

    #[inline]
    pub fn on(mutant: u32) -> bool {
        match COUNTS.load(Relaxed) {
            UNASKED => slowly(mutant),
            WRITES => !REACHED[mutant as usize].load(Relaxed) && slowly(mutant),
            counts => counts == mutant,
        }
    }

    #[cold]
    fn slowly(mutant: u32) -> bool {
        let file = std::env::var_os("MUTANTS_REACHED");
        if COUNTS.load(Relaxed) == UNASKED {
            let counts = std::env::var("MUTANT").ok().and_then(|number| number.parse().ok()).unwrap_or(0);
            COUNTS.store(if file.is_some() { WRITES } else { counts }, Relaxed);
        }
        if let Some(file) = file {
            if !REACHED[mutant as usize].swap(true, Relaxed) {
                let file = std::fs::OpenOptions::new().create(true).append(true).open(file);
                let _ = file.and_then(|mut file| file.write_all(std::format!("{mutant}\n").as_bytes()));
            }
            return false;
        }
        COUNTS.load(Relaxed) == mutant
    }
}
"#;

/// How a condition begins that stands behind a pattern that has none.
const NEW_GUARD: &str = " if !crate::__mutants::on(";

/// A piece of source that is written in another way.
#[derive(Debug)]
struct Site {
    range: Range<usize>,
    way: Way,
}

/// Each with the numbers of its mutants.
#[derive(Debug)]
enum Way {
    /// Something else stands before it: the whole is not written twice.
    Before(Vec<(usize, String)>),
    /// It is one of several texts.
    Instead(Vec<(usize, String)>),
    /// A condition that is always or never true.
    Guard { always: Vec<usize>, never: Vec<usize> },
    /// A condition behind a pattern that has none.
    NewGuard(usize),
}

/// Plants what can be planted and compiles; what cannot is the second list.
pub fn all<'a>(project: &Project, package: &str, mutants: &'a [Mutant]) -> (Vec<&'a Mutant>, Vec<&'a Mutant>) {
    let mut files: BTreeMap<&str, Vec<&Mutant>> = BTreeMap::new();
    for mutant in mutants {
        files.entry(mutant.file.as_str()).or_default().push(mutant);
    }
    let sources: BTreeMap<&str, String> = files
        .keys()
        .map(|&file| (file, fs::read_to_string(project.folder.join(file)).expect("what is listed is there")))
        .collect();
    let mut sites: BTreeMap<&str, Vec<Site>> = BTreeMap::new();
    for (&file, listed) in &files {
        sites.insert(file, sites_of(&sources[file], listed));
    }
    let question = QUESTION.replace("MOST", &(mutants.len() + 1).to_string());
    let roots = roots(project, package);
    let mut out: BTreeSet<usize> = BTreeSet::new();
    loop {
        let mut written = BTreeMap::new();
        for (&file, sites) in &sites {
            let source = &sources[file];
            let mut places = Vec::new();
            let mut text = String::new();
            render(source, sites, 0..source.len(), &out, &mut text, &mut places);
            written.insert(file, (text, places));
        }
        for (root, source) in &roots {
            let (text, _) = written.entry(root.as_str()).or_insert_with(|| (source.clone(), Vec::new()));
            *text += &question;
        }
        for (file, (text, _)) in &written {
            project.write(file, text);
        }
        let faults = compile(project, package);
        if faults.is_empty() {
            let planted: BTreeSet<usize> =
                written.values().flat_map(|(_, places)| places).map(|place| place.1).collect();
            return mutants.iter().partition(|mutant| planted.contains(&mutant.number));
        }
        let before = out.len();
        for (file, bytes) in &faults {
            let Some((text, places)) = written.get(file.as_str()) else { continue };
            // The smallest that has the fault.
            let around = places.iter().filter(|(place, _)| place.start <= bytes.start && bytes.end <= place.end);
            let length = around.clone().map(|(place, _)| place.len()).min();
            let smallest = around.filter(|(place, _)| Some(place.len()) == length);
            // Of a match that does not cover all, an arm is to blame that may be left out.
            let is_arm =
                |place: &Range<usize>| bytes.contains(&place.start) && text[place.clone()].starts_with(NEW_GUARD);
            let arms = places.iter().filter(|(place, _)| is_arm(place));
            let arms: Vec<_> = arms.map(|(_, number)| number).collect();
            if arms.is_empty() { out.extend(smallest.map(|(_, number)| number)) } else { out.extend(arms) }
        }
        assert!(out.len() > before, "what is planted does not compile, and no mutant is to blame: {faults:?}");
        eprintln!("{} do not fit", out.len());
    }
}

/// The roots of the package's library and program, and what they are without mutants.
fn roots(project: &Project, package: &str) -> Vec<(String, String)> {
    let folder = if package == "countersign" { String::new() } else { format!("crates/{package}/") };
    let roots = ["src/lib.rs", "src/main.rs"].map(|root| format!("{folder}{root}"));
    let read = |root: String| Some((fs::read_to_string(project.folder.join(&root)).ok()?, root));
    roots.into_iter().filter_map(read).map(|(text, root)| (root, text)).collect()
}

/// Where the compiler sees faults: file, and bytes in it.
fn compile(project: &Project, package: &str) -> Vec<(String, Range<usize>)> {
    #[derive(Deserialize)]
    struct Line {
        message: Option<Message>,
    }
    #[derive(Deserialize)]
    struct Message {
        level: String,
        #[serde(default)]
        spans: Vec<At>,
        #[serde(default)]
        children: Vec<Message>,
        code: Option<Code>,
        message: String,
    }
    #[derive(Deserialize)]
    struct Code {
        code: String,
    }
    #[derive(Deserialize)]
    struct At {
        file_name: String,
        byte_start: usize,
        byte_end: usize,
        is_primary: bool,
    }
    let built = project
        .cargo(&["check", "--offline", "--message-format=json", "--package", package, "--lib", "--bins"])
        .output()
        .expect("cargo runs");
    if built.status.success() {
        return Vec::new();
    }
    let mut faults = Vec::new();
    for line in String::from_utf8_lossy(&built.stdout).lines() {
        let Ok(Line { message: Some(message) }) = serde_json::from_str::<Line>(line) else { continue };
        if message.level.starts_with("error") && message.spans.is_empty() {
            eprintln!("{}", message.message);
        }
        let primary = message.spans.iter().filter(|at| at.is_primary && message.level.starts_with("error"));
        // Of a match that does not cover all, up to where another arm is proposed.
        let last = message.children.iter().flat_map(|child| &child.spans).map(|at| at.byte_end).max();
        let last = last.filter(|_| message.code.as_ref().is_some_and(|code| code.code == "E0004")).unwrap_or(0);
        faults.extend(primary.map(|at| (at.file_name.clone(), at.byte_start..at.byte_end.max(last))));
    }
    if faults.is_empty() {
        eprintln!("{}", String::from_utf8_lossy(&built.stderr));
    }
    faults
}

/// Writes a range of a source with its sites, and notes where each mutant has come to stand.
fn render(
    source: &str,
    sites: &[Site],
    range: Range<usize>,
    out: &BTreeSet<usize>,
    text: &mut String,
    places: &mut Vec<(Range<usize>, usize)>,
) {
    let mut at = range.start;
    let mut next = 0;
    // Outer sites stand before the inner ones, which their own rendering writes.
    while let Some(site) = sites.get(next) {
        next += 1;
        if site.range.start < at || site.range.end > range.end {
            continue;
        }
        let inner = &sites[next..];
        text.push_str(&source[at..site.range.start]);
        at = site.range.end;
        let begin = text.len();
        match &site.way {
            Way::Before(others) => {
                for (number, other) in others.iter().filter(|(number, _)| !out.contains(number)) {
                    let begin = text.len();
                    *text += &format!("if crate::__mutants::on({number}) {{ return {other}; }}\n");
                    places.push((begin..text.len(), *number));
                }
            }
            Way::Instead(others) => {
                let others: Vec<_> = others.iter().filter(|(number, _)| !out.contains(number)).collect();
                if !others.is_empty() {
                    text.push('(');
                }
                let mut whole = Vec::new();
                for (number, other) in &others {
                    let begin = text.len();
                    *text += &format!("if crate::__mutants::on({number}) {{ {other} }} else ");
                    places.push((begin..text.len(), *number));
                    whole.push(*number);
                }
                if others.is_empty() {
                    render(source, inner, site.range.clone(), out, text, places);
                } else {
                    *text += "{ ";
                    render(source, inner, site.range.clone(), out, text, places);
                    *text += " })";
                    let all = begin..text.len();
                    places.extend(whole.into_iter().map(|number| (all.clone(), number)));
                }
            }
            Way::Guard { always, never } => {
                let mut opened = 0;
                for (numbers, not, joined) in [(always, "", "||"), (never, "!", "&&")] {
                    for number in numbers.iter().filter(|number| !out.contains(number)) {
                        *text += &format!("{not}crate::__mutants::on({number}) {joined} (");
                        opened += 1;
                    }
                }
                render(source, inner, site.range.clone(), out, text, places);
                *text += &")".repeat(opened);
                let all = begin..text.len();
                let numbers = always.iter().chain(never).filter(|number| !out.contains(number));
                places.extend(numbers.map(|number| (all.clone(), *number)));
            }
            Way::NewGuard(number) => {
                if !out.contains(number) {
                    *text += &format!("{NEW_GUARD}{number})");
                    places.push((begin..text.len(), *number));
                }
            }
        }
    }
    text.push_str(&source[at..range.end]);
}

/// Outer sites before inner ones, from the front to the back.
fn sites_of(source: &str, mutants: &[&Mutant]) -> Vec<Site> {
    let parsed = syn::parse_file(source).expect("what cargo-mutants has read is Rust");
    let by_place = |wanted: &[Genre]| {
        let mut found: BTreeMap<(usize, usize), Vec<&Mutant>> = BTreeMap::new();
        for mutant in mutants.iter().filter(|mutant| wanted.contains(&mutant.genre)) {
            let range = mutant.span.start.offset(source)..mutant.span.end.offset(source);
            found.entry((range.start, range.end)).or_default().push(mutant);
        }
        found
    };
    let mut finder = Finder {
        source,
        operators: by_place(&[Genre::BinaryOperator, Genre::UnaryOperator]),
        bodies: by_place(&[Genre::FnValue]),
        guards: by_place(&[Genre::MatchArmGuard]),
        arms: by_place(&[Genre::MatchArm]),
        fields: by_place(&[Genre::StructField]),
        sites: Vec::new(),
    };
    finder.visit_file(&parsed);
    let mut sites = finder.sites;
    // What stands before something is written before what begins there.
    sites.sort_by_key(|site| (site.range.start, !site.range.is_empty(), Reverse(site.range.end)));
    sites
}

struct Finder<'a> {
    source: &'a str,
    operators: BTreeMap<(usize, usize), Vec<&'a Mutant>>,
    bodies: BTreeMap<(usize, usize), Vec<&'a Mutant>>,
    guards: BTreeMap<(usize, usize), Vec<&'a Mutant>>,
    arms: BTreeMap<(usize, usize), Vec<&'a Mutant>>,
    fields: BTreeMap<(usize, usize), Vec<&'a Mutant>>,
    sites: Vec<Site>,
}

impl Finder<'_> {
    /// The whole with other texts in the place of an operator.
    fn operator(&mut self, whole: Range<usize>, operator: Range<usize>) {
        let Some(mutants) = self.operators.remove(&(operator.start, operator.end)) else { return };
        let other = |mutant: &Mutant| {
            let (before, behind) = (&self.source[whole.start..operator.start], &self.source[operator.end..whole.end]);
            (mutant.number, format!("{before}{}{behind}", mutant.replacement))
        };
        let others = mutants.into_iter().map(other).collect();
        self.sites.push(Site { range: whole, way: Way::Instead(others) });
    }

    fn body(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let (Some(first), Some(last)) = (block.stmts.first(), block.stmts.last()) else { return };
        let range = first.span().byte_range().start..last.span().byte_range().end;
        // A constant function asks nothing, and two types that are not named are not one.
        let hidden = &self.source[signature.output.span().byte_range()];
        let Some(mutants) = self.bodies.remove(&(range.start, range.end)) else { return };
        if signature.constness.is_some() || hidden.contains("impl ") {
            return;
        }
        let others = mutants.into_iter().map(|mutant| (mutant.number, mutant.replacement.clone())).collect();
        self.sites.push(Site { range: range.start..range.start, way: Way::Before(others) });
    }
}

fn has_let(expression: &syn::Expr) -> bool {
    match expression {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(both) => has_let(&both.left) || has_let(&both.right),
        _ => false,
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.body(&function.sig, &function.block);
        if function.sig.constness.is_none() {
            visit::visit_item_fn(self, function);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.body(&function.sig, &function.block);
        if function.sig.constness.is_none() {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.body(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }

    // What the compiler computes cannot ask.
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_trait_item_const(&mut self, _: &'ast syn::TraitItemConst) {}
    fn visit_item_enum(&mut self, _: &'ast syn::ItemEnum) {}
    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
    fn visit_type(&mut self, _: &'ast syn::Type) {}
    fn visit_pat(&mut self, _: &'ast syn::Pat) {}
    fn visit_generic_argument(&mut self, _: &'ast syn::GenericArgument) {}

    fn visit_expr_repeat(&mut self, repeat: &'ast syn::ExprRepeat) {
        self.visit_expr(&repeat.expr);
    }

    fn visit_expr_binary(&mut self, both: &'ast syn::ExprBinary) {
        if !has_let(&both.left) && !has_let(&both.right) {
            self.operator(both.span().byte_range(), both.op.span().byte_range());
        }
        visit::visit_expr_binary(self, both);
    }

    fn visit_expr_unary(&mut self, one: &'ast syn::ExprUnary) {
        self.operator(one.span().byte_range(), one.op.span().byte_range());
        visit::visit_expr_unary(self, one);
    }

    fn visit_expr_struct(&mut self, one: &'ast syn::ExprStruct) {
        let whole = one.span().byte_range();
        let mut others = Vec::new();
        for field in &one.fields {
            let range = field.span().byte_range();
            for mutant in self.fields.remove(&(range.start, range.end)).into_iter().flatten() {
                let (before, behind) = (&self.source[whole.start..range.start], &self.source[range.end..whole.end]);
                let behind = behind.trim_start().strip_prefix(',').unwrap_or(behind);
                others.push((mutant.number, format!("{before}{behind}")));
            }
        }
        if !others.is_empty() {
            self.sites.push(Site { range: whole, way: Way::Instead(others) });
        }
        visit::visit_expr_struct(self, one);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        let whole = arm.span().byte_range();
        // Of an arm cargo-mutants names all, with its comma or without.
        let listed = self.arms.range((whole.start, 0)..(whole.start + 1, 0)).next().map(|(place, _)| *place);
        let deleted =
            listed.and_then(|place| self.arms.remove(&place)).into_iter().flatten().map(|it| it.number).next();
        match &arm.pat {
            syn::Pat::Guard(syn::PatGuard { guard, .. }) => {
                let range = guard.span().byte_range();
                let mutants = self.guards.remove(&(range.start, range.end)).unwrap_or_default();
                let those = |text: &str| {
                    mutants.iter().filter(|mutant| mutant.replacement == text).map(|mutant| mutant.number).collect()
                };
                let (always, mut never): (Vec<usize>, Vec<usize>) = (those("true"), those("false"));
                never.extend(deleted);
                if !(has_let(guard) || always.is_empty() && never.is_empty()) {
                    self.sites.push(Site { range, way: Way::Guard { always, never } });
                }
                self.visit_expr(guard);
            }
            _ => {
                let end = arm.pat.span().byte_range().end;
                self.sites.extend(deleted.map(|number| Site { range: end..end, way: Way::NewGuard(number) }));
            }
        }
        visit::visit_arm(self, arm);
    }
}
