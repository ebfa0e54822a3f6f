//! Who may do what: every command as every role, through the program (domain rule D14).

use super::book::{lose_a_code, put_ledger_key};
use crate::common::*;
use activation_code::{
    ClockState, HostId, IssuerNumber, Kind, LicenseNumber, PinnedIssuer, ProductId, Receipt, RegistrationKey, Revision,
    Roots, Units,
};
use activation_host::program::clock;
use countersign::desk::{self, Asked, Change, KeyTerms, LimitEdit, Order, ProductEdit};
use countersign::ledger::{
    AccountKind, AccountNumber, By, DeskRole, Ledger, OperatorName, Privilege, Privileges, Product, ProductKind, Role,
    TrustSettings, UnitType,
};
use countersign::signer::{Signer as _, SoftwareKey, key_file};
use rand::rngs::SysRng;
use std::collections::BTreeSet;

/// Commands that change something. A command that is not here or in [`READING`] fails a test.
///
/// Administrator, license manager, account manager, support, auditor.
const CHANGING: &str = "
    a l - - - | product add 12 NEW New --unit seats
    a l - - - | product change ES --platform Linux
    a l m - - | customer add Somebody
    a l m - - | customer change 1 --email it@hospital.example
    a l m - - | customer import customers.csv
    a l - - - | customer change 1 --reseller 1
    a - - - - | customer purge 2 --reason test --yes
    a l - - - | account add East --kind msp
    a l - - - | account change 1 --deactivate
    a l - - - | registration-key generate --account 1 --product ES --units 1 --term 1y --count 2
    a l - - - | registration-key cancel 2
    a l m - - | registration-key redeem 240G2-08104-0G208-1040G-7YVEF --customer 1 --from 2030-01-01
    a l m - - | issue --customer 1 --product ES --units 1 --from 2030-01-01 --term 1y
    a l m - - | issue --request 32DBS-QQG00-00000-10000-H5F25
    a l m - - | clock-reset 32DBS-QQG01-R0000-03FAG-EFM25
    a l m - - | renew 1 --term 1y
    a l m - - | downsize 1 --units 9 --request letter --term 1y
    a l m - - | add-units 1 --more 1
    a l m - - | upgrade 1 --to ES-PRO
    a l m - - | convert 2
    a l m - - | batch orders.csv
    a l - - - | revoke 1
    a l - - - | transfer 1 --to 2
    a l m s - | reprint 1
    a l m s - | usage import --receipt ROWS
    a l m s - | notices write --into . --within 2y --threshold 366
    a l m s - | statement --customer 1 statement.pdf
    a l - - - | approve 1
    a l - - - | reject 1
    a - - - - | operator add berta --role support
    a - - - - | operator change somebody --role auditor
    a - - - - | operator change somebody --account 1
    a - - - - | operator change somebody --deactivate
    a - - - - | operator passphrase somebody --new-passphrase-file new
    a l m s r | operator passphrase --new-passphrase-file new
    a - - - - | limits set --most-units 1000
    a l - - - | audit checkpoint
    a l - - - | backup copy.ledger
    a - - - - | restore backup.ledger
    a - - - - | import printed.txt --customer 1
    a - - - - | bundle contact somebody
    a - - - - | bundle publish signed.txt
    a - - - - | key new --spare
    a - - - - | key rotate
    a - - - - | key lost 1 --reissue
    a - - - - | issuer limit 1 --units 1000
    a - - - - | partner add request.txt --name South
    a - - - - | partner limit 17 --units 50
    a - - - - | partner end 17
    a - - - - | partner import export.txt
";

/// The same for commands of a partner's desk.
const AT_A_PARTNERS: &str = "
    a - - - - | partner request request.txt
    a - - - - | partner load signed.txt --root ROOT
    a l - - - | partner export export.txt
";

/// Commands that everybody may run, without saying who they are. `NEW`: a file that is not there yet.
const READING: &str = "
    product list
    product show ES
    customer list
    customer show 1
    customer check
    notices list
    account list
    account show 1
    registration-key list
    registration-key show 1
    show 1
    list
    search hospital
    due
    history 1
    history --customer 1
    report --by product
    report --by customer
    report --by partner
    requests --all
    usage list
    operator list
    limits
    branding check
    branding sample sample.pdf
    branding export NEW
    issuer
    audit verify --signatures
    bundle contact
    bundle draft NEW
    bundle list
    bundle show
    bundle verify signed.txt
    bundle write NEW
    partner list
    partner show 17
";

/// Commands that make a desk.
const FOUNDING: [&str; 2] = ["init", "quickstart"];

/// Commands of the computers in the safe, which have no desk.
const WITHOUT_DESK: [&str; 8] = [
    "root checklist",
    "root create",
    "root fingerprint",
    "root sign",
    "key recover",
    "key shares",
    "completions",
    "man",
];

/// An operator of each role, called as the role is, and somebody who has asked for more than one may issue.
fn staffed() -> Desk {
    let desk = Desk::new();
    let mut ledger = desk.ledger();
    let today = clock();
    let id = |number| ProductId::new(number).unwrap();
    let family = Some("Endpoint".parse().unwrap());
    desk::change_product(&mut ledger, &session(today), id(7), &[ProductEdit::Family(family.clone())]).unwrap();
    let name = "Example Endpoint Security Pro".parse().unwrap();
    let pro = Product::new(id(11), "ES-PRO".parse().unwrap(), name, UnitType::Endpoints, ProductKind::Software);
    desk::add_product(&mut ledger, &session(today), &Product { family, ..pro }).unwrap();
    for kind in [None, Some(Kind::Evaluation)] {
        let Change::Issue(order) = order(today, None).change else { unreachable!() };
        issue(&mut ledger, &test_key(), &Change::Issue(Order { kind, ..order }).into(), today).unwrap();
    }
    let name = "Example City Council".parse().unwrap();
    desk::add_customer(&mut ledger, &session(today), &name, None, [2; 16]).unwrap();
    let north = (AccountKind::Reseller, &"North".parse().unwrap());
    desk::add_account(&mut ledger, &session(today), north, &[], Privileges::of([Privilege::Keys]), [3; 16]).unwrap();
    let worth = KeyTerms {
        account: AccountNumber::new(1).unwrap(),
        product: id(7),
        units: Units::new(1).unwrap(),
        kind: None,
        term: "1y".parse().unwrap(),
    };
    let keys = [1, 2].map(|seed| RegistrationKey::from_random([seed; 12]));
    desk::generate_keys(&mut ledger, &session(today), &worth, &keys).unwrap();
    for role in &Role::ALL[1..] {
        add_operator(&mut ledger, role.name(), *role, Some(PASSPHRASE));
    }
    let operator = add_operator(&mut ledger, "somebody", Role::LicenseManager, Some(PASSPHRASE));
    desk::set_limits(&mut ledger, &session(today), &[LimitEdit::ApprovalAbove(Some(50))]).unwrap();
    let Change::Issue(order) = order(today, None).change else { unreachable!() };
    let large = Asked::from(Change::Issue(Order { units: Units::new(51).unwrap(), ..order }));
    desk::request(&mut ledger, &desk::Session { operator, ..session(today) }, &large).unwrap();
    let own = desk::OperatorEdit::Passphrase(cheap_hash(PASSPHRASE));
    let name = "administrator".parse().unwrap();
    let administrator = desk::change_operator(&mut ledger, &session(today), &name, &own).unwrap();
    write_secret(&desk.room().join("new"), "another passphrase");
    put_ledger_key(&desk);
    lose_a_code(&desk, "printed.txt");
    let orders = "order,customer,product,units,from,term\nPO-9,1,ES,5,2030-01-01,1y\n";
    std::fs::write(desk.room().join("orders.csv"), orders).unwrap();
    std::fs::write(desk.room().join("customers.csv"), "name,email\nExample Clinic,it@clinic.example\n").unwrap();
    let spare = SoftwareKey::from_seed(&[22; 32]).unwrap();
    let sealed = key_file::seal(&spare, PASSPHRASE.as_bytes(), key_file::Cost::TEST, &mut SysRng).unwrap();
    write_secret(&desk.folder().join("issuer-2.key"), sealed.as_bytes());
    let prepared = PinnedIssuer { number: IssuerNumber::new(2).unwrap(), key: spare.public_key() };
    let trusted = desk::Session { operator: administrator.clone(), ..session(today) };
    desk::prepare_issuer(&mut ledger, &trusted, prepared).unwrap();
    let vendor = desk::vendor(&mut ledger).unwrap();
    let request = |issuer, seeds| work::partner_request(vendor.clone(), issuer, seeds, today);
    desk::add_partner(&mut ledger, &trusted, &request(17, [3, 4]), &"North".parse().unwrap(), &[], None).unwrap();
    let codes = vec![work::partner_code(17, 3, 1_000_000, today)];
    let export = work::partner_export(&request(17, [3, 4]), [3, 4], 5, codes);
    std::fs::write(desk.room().join("request.txt"), request(18, [5, 6]).to_string()).unwrap();
    std::fs::write(desk.room().join("export.txt"), export.to_string()).unwrap();
    let root = test_root();
    let roots = Roots::new(1, [root.public_key()]).unwrap();
    let signed = |ledger: &mut Ledger| {
        let mut bundle = desk::draft_bundle(ledger, today, Some(&roots)).unwrap();
        bundle.sign(&root).unwrap();
        bundle
    };
    let published = signed(&mut ledger);
    desk::publish_bundle(&mut ledger, &trusted, &published).unwrap();
    std::fs::write(desk.room().join("signed.txt"), signed(&mut ledger).to_string()).unwrap();
    drop(ledger);
    run_as(&desk, Role::Administrator, "backup backup.ledger").assert_done();
    desk
}

/// A partner's desk with such operators, and a bundle that names it.
fn staffed_partners() -> Desk {
    let desk = Desk::new();
    put_ledger_key(&desk);
    let (mut ledger, today) = (desk.ledger(), clock());
    for role in &Role::ALL[1..] {
        add_operator(&mut ledger, role.name(), *role, Some(PASSPHRASE));
    }
    let root = test_root();
    let roots = Roots::new(1, [root.public_key()]).unwrap();
    let mut bundle = desk::draft_bundle(&mut ledger, today, Some(&roots)).unwrap();
    bundle.sign(&root).unwrap();
    std::fs::write(desk.room().join("signed.txt"), bundle.to_string()).unwrap();
    let by = By { operator: OperatorName::first(), day: today };
    let settings = TrustSettings { role: DeskRole::Partner, ..TrustSettings::default() };
    desk::record_trust_settings(&mut ledger, &by, &settings).unwrap();
    let own = desk::OperatorEdit::Passphrase(cheap_hash(PASSPHRASE));
    desk::change_operator(&mut ledger, &session(today), &OperatorName::first(), &own).unwrap();
    desk
}

fn run_as(desk: &Desk, role: Role, command: &str) -> Ran {
    let mut program = desk.command(&["--operator", role.name(), "--operator-file"]);
    run(program.arg(desk.passphrase()).args(command.split_whitespace()).current_dir(desk.room()))
}

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

#[test]
fn each_role_may_change_what_the_table_says_and_nothing_else() {
    hold_to(&staffed(), CHANGING);
}

#[test]
fn each_role_may_change_at_a_partners_desk_what_the_table_says() {
    hold_to(&staffed_partners(), AT_A_PARTNERS);
}

fn hold_to(staffed: &Desk, table: &'static str) {
    let root = test_root().public_key().to_string();
    let receipt = Receipt {
        license: LicenseNumber::new(1).unwrap(),
        revision: Revision::FIRST,
        in_use: 5,
        day: clock(),
        host: HostId(1),
        product: ProductId::new(7).unwrap(),
        clock: ClockState::Right,
        bundle: None,
    };
    let receipt = receipt.rows().join("-");
    for line in lines(table) {
        let (who, command) = line.split_once(" | ").unwrap();
        let command = &command.replace("ROOT", &root).replace("ROWS", &receipt);
        let who: Vec<_> = who.split(' ').collect();
        assert_eq!(who.len(), Role::ALL.len(), "{line}");
        for (role, letter) in Role::ALL.into_iter().zip(who) {
            let desk = staffed.copy();
            let before = head(&mut desk.ledger());
            let ran = run_as(&desk, role, command);
            let events = events_after(&mut desk.ledger(), before);
            if letter == "-" {
                ran.assert_complains(1);
                let refused = format!("operator {0} is {0}, and may not ", role.name());
                assert!(ran.err.contains(&refused), "{role:?}, {command}: {ran:?}");
                assert_eq!(events, [], "{role:?}, {command}");
            } else {
                assert_eq!(ran.code, Some(0), "{role:?}, {command}: {ran:?}");
                assert!(!events.is_empty(), "{role:?}, {command}: {ran:?}");
                assert!(events.iter().all(|event| event.operator.as_str() == role.name()), "{command}: {events:?}");
            }
        }
    }
}

#[test]
fn what_is_only_read_changes_nothing_and_asks_nobody() {
    let desk = staffed();
    let before = head(&mut desk.ledger());
    let new = |name: &str| desk.room().join(name).to_str().unwrap().to_owned();
    let words = |command: &'static str, name: &str| -> Vec<String> {
        let path = |word: &str| if word == "NEW" { new(name) } else { word.to_owned() };
        command.split_whitespace().map(path).collect()
    };
    for (command, number) in lines(READING).zip(0..) {
        let plain = run(desk.command(&[]).args(words(command, &format!("new-{number}"))).current_dir(desk.room()));
        plain.assert_done();
        for role in Role::ALL {
            let name = format!("new-{number}-{}", role.name());
            let mut named = desk.command(&["--operator", role.name()]);
            let named = run(named.args(words(command, &name)).current_dir(desk.room()));
            let out = named.assert_done().out.replace(&new(&name), &new(&format!("new-{number}")));
            assert_eq!(out, plain.out, "{role:?}, {command}");
        }
    }
    assert_eq!(head(&mut desk.ledger()), before);
}

/// The commands below one, as its help names them; itself if it has none or needs none.
fn commands(desk: &Desk, path: &str) -> Vec<String> {
    let mut words: Vec<_> = path.split_whitespace().collect();
    words.push("--help");
    let help = desk.run(&words).out;
    let below = help.split_once("\nCommands:\n").map_or("", |(_, rest)| rest.split("\n\n").next().unwrap());
    let names = below.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let mut found: Vec<_> = names
        .filter(|name| !name.is_empty())
        .flat_map(|name| commands(desk, format!("{path} {name}").trim_start()))
        .collect();
    if found.is_empty() || help.contains(" [COMMAND]\n") {
        found.push(path.to_owned());
    }
    found
}

#[test]
fn every_command_is_in_a_table() {
    let desk = Desk::new();
    let all: BTreeSet<_> = commands(&desk, "").into_iter().collect();
    assert!(all.contains("operator add") && all.contains("limits") && all.contains("limits set"), "{all:?}");
    let listed = lines(CHANGING)
        .chain(lines(AT_A_PARTNERS))
        .map(|line| line.split_once(" | ").unwrap().1)
        .chain(lines(READING))
        .chain(FOUNDING)
        .chain(WITHOUT_DESK);
    // The longest name that it begins with: `limits set` is not `limits`.
    let name = |line: &str| {
        let begins = |command: &&String| line == command.as_str() || line.starts_with(&format!("{command} "));
        all.iter().filter(begins).max_by_key(|command| command.len()).unwrap_or_else(|| panic!("{line}")).clone()
    };
    let in_tables: BTreeSet<_> = listed.map(name).collect();
    let missing: Vec<_> = all.difference(&in_tables).collect();
    assert!(missing.is_empty(), "in neither CHANGING nor READING: {missing:?}");
}

/// What the table says of a role, it says of everybody who has it, and of nobody who had it.
#[test]
fn a_role_ends_with_its_change() {
    let desk = staffed();
    let change = "operator change account-manager --role support";
    run_as(&desk, Role::Administrator, change).assert_done();
    let mut ledger: Ledger = desk.ledger();
    let before = head(&mut ledger);
    run_as(&desk, Role::AccountManager, "customer add Somebody").assert_complains(1);
    run_as(&desk, Role::Administrator, "operator change account-manager --role license-manager").assert_done();
    run_as(&desk, Role::AccountManager, "product change ES --rank 2").assert_done();
    run_as(&desk, Role::Administrator, "operator change account-manager --deactivate").assert_done();
    let left = run_as(&desk, Role::AccountManager, "customer add Somebody");
    left.assert_complains(1);
    assert!(left.err.contains("there is no operator"), "{left:?}");
    assert_eq!(events_after(&mut ledger, before).len(), 3);
}
