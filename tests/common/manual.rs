//! What both programs say of themselves: man pages and completions have every command and every option.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Holds the pages and the completions of a program to its help texts. Gives how many commands it has.
pub fn hold(program: &Path) -> usize {
    let name = program.file_stem().unwrap().to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let listed = output(program, &["man", folder.path().to_str().unwrap()]);
    let mut commands = BTreeSet::new();
    walk(program, &mut Vec::new(), &mut commands);
    assert_eq!(listed.lines().count(), commands.len(), "{listed}");
    let completions = output(program, &["completions", "bash"]);
    for command in &commands {
        let page = std::iter::once(name).chain(command.split(' ').filter(|word| !word.is_empty()));
        let page = format!("{}.1", page.collect::<Vec<_>>().join("-"));
        let text = fs::read_to_string(folder.path().join(&page)).unwrap_or_else(|error| panic!("{page}: {error}"));
        let text = text.replace("\\-", "-");
        let words: Vec<_> = command.split(' ').filter(|word| !word.is_empty()).chain(["--help"]).collect();
        for option in options(&output(program, &words)) {
            assert!(text.contains(&option), "{page} has no {option}");
            assert!(completions.contains(&option), "no completion of {option}");
        }
        let lint = Command::new("groff").args(["-man", "-Tutf8", "-ww", "-z"]).arg(folder.path().join(&page)).output();
        match lint {
            Ok(lint) => assert_eq!(String::from_utf8_lossy(&lint.stderr), "", "{page}"),
            Err(_) if std::env::var_os("COUNTERSIGN_REQUIRE_TOOLS").is_some() => panic!("groff is wanted"),
            Err(_) => eprintln!("SKIPPED: no groff to read {page}"),
        }
    }
    let script = folder.path().join("completions");
    fs::write(&script, &completions).unwrap();
    assert!(Command::new("bash").arg("-n").arg(&script).status().unwrap().success());
    commands.len()
}

fn walk(program: &Path, words: &mut Vec<String>, commands: &mut BTreeSet<String>) {
    commands.insert(words.join(" "));
    let mut asked: Vec<_> = words.iter().map(String::as_str).collect();
    asked.push("--help");
    let help = output(program, &asked);
    let below = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names: Vec<_> = below
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect();
    for name in names {
        words.push(name);
        walk(program, words, commands);
        words.pop();
    }
}

fn options(help: &str) -> BTreeSet<String> {
    // Options are indented; a sentence may be wrapped before the name of an option.
    let declared = help.lines().filter(|line| line.starts_with(' ') && line.trim_start().starts_with('-'));
    let words = declared.filter_map(|line| line.split_whitespace().find(|word| word.starts_with("--")));
    words.map(|word| word.trim_end_matches([',', ':']).to_owned()).collect()
}

fn output(program: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
