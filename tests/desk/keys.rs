//! The key file and the passphrase: what is refused, and how it is said.

use crate::common::*;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

fn mode(path: impl AsRef<std::path::Path>) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_key_file_that_is_not_one_is_refused_by_name() {
    type Harm = fn(&Desk);
    let cases: [(&str, Harm); 8] = [
        ("others than its owner may read or change it (mode 0644)", |desk| {
            fs::set_permissions(desk.key_path(), Permissions::from_mode(0o644)).unwrap();
        }),
        ("it is a symbolic link", |desk| {
            let elsewhere = desk.room().join("elsewhere");
            fs::rename(desk.key_path(), &elsewhere).unwrap();
            symlink(elsewhere, desk.key_path()).unwrap();
        }),
        ("it is no regular file", |desk| {
            fs::remove_file(desk.key_path()).unwrap();
            fs::create_dir(desk.key_path()).unwrap();
        }),
        ("No such file or directory", |desk| fs::remove_file(desk.key_path()).unwrap()),
        ("it is not an encrypted private key (PEM, PKCS#8)", |desk| fs::write(desk.key_path(), "").unwrap()),
        ("it is not an encrypted private key (PEM, PKCS#8)", |desk| {
            let text = fs::read(desk.key_path()).unwrap();
            fs::write(desk.key_path(), &text[..text.len() / 2]).unwrap();
        }),
        ("it is not an encrypted private key (PEM, PKCS#8)", |desk| fs::write(desk.key_path(), [0xFF; 300]).unwrap()),
        ("it has more than 16384 bytes", |desk| fs::write(desk.key_path(), vec![b'A'; 4 << 20]).unwrap()),
    ];
    for (sentence, harm) in cases {
        let desk = Desk::new();
        harm(&desk);
        let ran = desk.run(&desk.order("PO-1", &today()));
        ran.assert_could_not();
        let expected = format!("countersign: {}: {sentence}\n", desk.key_path().display());
        assert!(ran.err.starts_with(&expected), "{sentence}: {ran:?}");
        // The order was not begun, and what needs no key works.
        assert_eq!(desk.run(&["--json", "list"]).json(), serde_json::json!([]));
    }
}

#[test]
fn the_key_of_another_desk_is_refused() {
    let desk = Desk::new();
    let key = countersign::signer::SoftwareKey::from_seed(&[2; 32]).unwrap();
    let cost = countersign::signer::key_file::Cost::TEST;
    let sealed =
        countersign::signer::key_file::seal(&key, PASSPHRASE.as_bytes(), cost, &mut rand::rngs::SysRng).unwrap();
    fs::write(desk.key_path(), sealed.as_bytes()).unwrap();
    let ran = desk.run(&desk.order("PO-1", &today()));
    ran.assert_could_not();
    assert!(ran.err.contains("the signing key is not the key of issuer 1 in the ledger"), "{ran:?}");
    assert_eq!(desk.run(&["--json", "list"]).json(), serde_json::json!([]));
}

#[test]
fn a_new_desk_belongs_to_its_owner_alone() {
    let room = tempfile::tempdir().unwrap();
    let passphrase = room.path().join("passphrase");
    write_secret(&passphrase, PASSPHRASE);
    let desk = room.path().join("desk");
    // A generous umask changes nothing.
    let mut init = program("sh");
    init.arg("-c").arg("umask 0; exec \"$0\" \"$@\"").arg(env!("CARGO_BIN_EXE_countersign"));
    init.arg("--desk").arg(&desk).arg("--passphrase-file").arg(&passphrase);
    run(init.args(["init", "--vendor", "Example Security"])).assert_done();
    assert_eq!(mode(&desk), 0o700);
    let issue = |arguments: &[&str]| {
        let mut command = program(env!("CARGO_BIN_EXE_countersign"));
        run(command.arg("--desk").arg(&desk).arg("--passphrase-file").arg(&passphrase).args(arguments))
    };
    issue(&["customer", "add", "Example Hospital Trust"]).assert_done();
    issue(&["product", "add", "7", "ES", "Endpoint Security", "--unit", "endpoints"]).assert_done();
    for entry in fs::read_dir(&desk).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    // scrypt with N = 2^17: what a desk writes is what this release promises.
    let text = fs::read_to_string(desk.join("issuer-1.key")).unwrap();
    let (_, der) = pkcs8::SecretDocument::from_pem(&text).unwrap();
    let sealed: pkcs8::EncryptedPrivateKeyInfoRef<'_> = der.decode_msg().unwrap();
    let scrypt = sealed.encryption_algorithm.pbes2().unwrap().kdf.scrypt().unwrap();
    assert_eq!((scrypt.cost_parameter, scrypt.block_size, scrypt.parallelization), (1 << 17, 8, 1));
}

#[test]
fn init_touches_nothing_that_is_there() {
    let room = tempfile::tempdir().unwrap();
    let passphrase = room.path().join("passphrase");
    write_secret(&passphrase, PASSPHRASE);
    let place = |name: &str| room.path().join(name);
    fs::write(place("file"), "mine").unwrap();
    fs::create_dir_all(place("full/of")).unwrap();
    fs::create_dir(place("empty")).unwrap();
    symlink(place("empty"), place("link")).unwrap();
    symlink(place("nowhere"), place("dangling")).unwrap();
    furnish(&place("desk"));
    let key = fs::read(place("desk/issuer-1.key")).unwrap();
    let before = fs::read_dir(room.path()).unwrap().count();
    for name in ["file", "full", "link", "dangling", "desk"] {
        for command in [&["init", "--vendor", "Example Security"][..], &["quickstart"]] {
            let mut init = program(env!("CARGO_BIN_EXE_countersign"));
            init.arg("--desk").arg(place(name)).arg("--passphrase-file").arg(&passphrase).args(command);
            let ran = run(&mut init);
            ran.assert_complains(1);
            assert!(ran.err.contains("something is there already, and it is not touched"), "{ran:?}");
        }
    }
    assert_eq!(fs::read(place("file")).unwrap(), b"mine");
    assert_eq!(fs::read(place("desk/issuer-1.key")).unwrap(), key);
    assert_eq!(fs::read_dir(place("empty")).unwrap().count(), 0);
    assert_eq!(fs::read_dir(room.path()).unwrap().count(), before);
}

#[test]
fn a_passphrase_file_may_end_its_line_as_any_system_does() {
    let desk = Desk::new();
    for end in ["", "\n", "\r\n"] {
        write_secret(&desk.passphrase(), format!("{PASSPHRASE}{end}"));
        desk.run(&desk.order(&format!("PO-{}", end.len()), &today())).assert_done();
    }
    for wrong in ["\n\n", " ", "\r", "\n\r"] {
        write_secret(&desk.passphrase(), format!("{PASSPHRASE}{wrong}"));
        desk.run(&desk.order("PO-9", &today())).assert_could_not();
    }
}

#[test]
fn a_passphrase_that_cannot_be_the_one_is_refused() {
    let desk = Desk::new();
    let long = "x".repeat(1025);
    for (text, sentence) in [
        ("", "it is empty"),
        ("\n", "it is empty"),
        (long.as_str(), "it has more than 1024 bytes"),
        ("wrong", "the passphrase does not open it"),
        (&long[1..], "the passphrase does not open it"),
    ] {
        write_secret(&desk.passphrase(), text);
        let ran = desk.run(&desk.order("PO-1", &today()));
        ran.assert_could_not();
        assert!(ran.err.contains(sentence), "{sentence}: {ran:?}");
    }
    fs::remove_file(desk.passphrase()).unwrap();
    desk.run(&desk.order("PO-1", &today())).assert_could_not();
    fs::create_dir(desk.passphrase()).unwrap();
    desk.run(&desk.order("PO-1", &today())).assert_could_not();
}

#[test]
fn a_passphrase_file_that_others_read_is_warned_of_where_it_is_read() {
    let desk = Desk::new();
    fs::set_permissions(desk.passphrase(), Permissions::from_mode(0o644)).unwrap();
    for reads in [&["list"][..], &["customer", "add", "Somebody"]] {
        assert_eq!(desk.run(reads).assert_done().err, "", "{reads:?} opens no key");
    }
    let path = desk.passphrase();
    let ran = desk.run(&desk.order("PO-1", &today()));
    let warned = format!("warning: {0}: others than its owner may read it\nhint: chmod 600 {0}\n", path.display());
    assert_eq!(ran.assert_done().err, warned);
    assert_eq!(desk.run(&desk.order("PO-1", &today())).assert_done().err, "", "the same code again needs no key");
}

#[test]
fn a_passphrase_comes_through_a_descriptor() {
    let desk = Desk::new();
    let today = today();
    let shell = |script: &str| {
        let mut command = program("sh");
        command.args(["-c", script, env!("CARGO_BIN_EXE_countersign")]).arg(desk.folder()).arg(desk.passphrase());
        command.args(desk.order("PO-1", &today));
        command
    };
    let rest = "desk=$1 file=$2; shift 2; \"$0\" --desk \"$desk\"";
    run(&mut shell(&format!("{rest} --passphrase-fd 3 \"$@\" 3< \"$file\""))).assert_done();
    run(&mut shell(&format!("cat \"$2\" | (read -r line; {rest} --passphrase-fd 0 \"$@\" < \"$file\")"))).assert_done();
    fs::remove_dir_all(desk.folder()).unwrap();
    furnish(&desk.folder());
    run(&mut shell(&format!("{rest} --passphrase-fd 0 \"$@\" < \"$file\""))).assert_done();
    // From where the descriptor stands.
    let fresh = |script: String| {
        fs::remove_dir_all(desk.folder()).unwrap();
        furnish(&desk.folder());
        run(&mut shell(&script))
    };
    let second = "(echo other; cat \"$2\") > \"$2.two\"; exec 9< \"$2.two\"; read -r line <&9;";
    fresh(format!("{second} {rest} --passphrase-fd 9 \"$@\"")).assert_done();
    // The end of a pipe that is for writing would wait for itself.
    let writing = fresh(format!("({rest} --passphrase-fd 1 \"$@\"; echo \"ended $?\" >&2) | cat"));
    assert!(writing.err.contains("file descriptor 1: it is open for writing only"), "{writing:?}");
    assert!(writing.err.contains("ended 2"), "{writing:?}");
    let closed = run(&mut shell(&format!("{rest} --passphrase-fd 7 \"$@\" 7<&-")));
    closed.assert_could_not();
    assert!(closed.err.contains("file descriptor 7 is not open"), "{closed:?}");
}

#[test]
fn a_passphrase_is_never_an_argument() {
    let desk = Desk::new();
    for option in ["--passphrase", "--password", "-p"] {
        let ran = run(program(env!("CARGO_BIN_EXE_countersign")).args([option, PASSPHRASE, "list"]));
        assert_eq!(ran.code, Some(2), "{ran:?}");
    }
    // Without a terminal and without a file there is nobody to ask.
    let mut command = program("setsid");
    command.arg("--wait").arg(env!("CARGO_BIN_EXE_countersign")).arg("--desk").arg(desk.folder());
    let ran = run(command.args(desk.order("PO-1", &today())));
    ran.assert_could_not();
    assert!(ran.err.contains("--passphrase-file F or --passphrase-fd N"), "{ran:?}");
}

/// The program waits for its passphrase; meanwhile nobody looks into it.
#[test]
fn a_process_that_holds_a_key_leaves_no_core_and_lets_nobody_in() {
    let desk = Desk::new();
    let today = today();
    let mut command = Command::new("sh");
    command.args([
        "-c",
        "ulimit -c unlimited 2>/dev/null || ulimit -c \"$(ulimit -H -c)\"; cd \"$1\"; shift; exec \"$@\"",
        "sh",
    ]);
    command.arg(desk.room()).arg(env!("CARGO_BIN_EXE_countersign")).arg("--desk").arg(desk.folder());
    command.args(["--passphrase-fd", "0"]).args(desk.order("PO-1", &today));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let process = format!("/proc/{}", child.id());
    let core = || {
        let limits = fs::read_to_string(format!("{process}/limits")).unwrap();
        let line = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap().to_owned();
        line.split_whitespace().skip(4).take(2).map(str::to_owned).collect::<Vec<_>>()
    };
    let patience = std::time::Instant::now();
    while core() != ["0", "0"] && patience.elapsed().as_secs() < 10 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!(core(), ["0", "0"]);
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::QUIT).unwrap();
    let status = child.wait().unwrap();
    assert_eq!((status.signal(), status.core_dumped()), (Some(3), false));
    let cores = fs::read_dir(desk.room())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("core"));
    assert_eq!(cores.count(), 0);
}

/// What only the owner of a dumpable process may open belongs to root otherwise.
#[test]
fn a_process_that_holds_a_key_is_closed_to_its_own_user() {
    let stranger = Stranger::new();
    let desk = Desk::new();
    stranger.give(desk.room());
    let mut command = stranger.command(&["--passphrase-fd", "0", "--desk"]);
    command.arg(desk.folder()).args(desk.order("PO-1", &today()));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let memory = format!("/proc/{}/mem", child.id());
    let owner = || fs::metadata(&memory).unwrap().uid();
    let patience = std::time::Instant::now();
    while owner() != 0 && patience.elapsed().as_secs() < 10 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!(owner(), 0, "the process's memory belongs to root");
    // What belongs to a process that has ended belongs to root too.
    assert!(child.try_wait().unwrap().is_none(), "it waits for its passphrase");
    let mut control = stranger.run_as("sleep").arg("60").spawn().unwrap();
    let owner = fs::metadata(format!("/proc/{}/mem", control.id())).unwrap().uid();
    control.kill().unwrap();
    control.wait().unwrap();
    assert_ne!(owner, 0, "the memory of a process that holds no key belongs to its user");
    let mut spy = stranger.run_as("sh");
    let open = run(spy.args(["-c", &format!("exec 3< {memory}")]));
    assert_ne!(open.code, Some(0), "the same user opened the process's memory");
    child.kill().unwrap();
    child.wait().unwrap();
}
