//! Man pages and completions of `activation`.

#[path = "../../../tests/common/manual.rs"]
mod manual;

#[test]
fn man_pages_and_completions_have_every_command_and_option_of_the_host() {
    assert!(manual::hold(env!("CARGO_BIN_EXE_activation").as_ref()) > 8);
}
