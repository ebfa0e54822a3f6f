//! Man pages and completions of `countersign`.

#[path = "common/manual.rs"]
mod manual;

#[test]
fn man_pages_and_completions_have_every_command_and_option_of_the_desk() {
    assert!(manual::hold(env!("CARGO_BIN_EXE_countersign").as_ref()) > 50);
}
