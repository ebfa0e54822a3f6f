//! `countersign quickstart`: a desk, a sale, a code, and an installation that accepts it.

use super::failure::Failure;
use super::folder::NewDesk;
use super::{Context, PROGRAM, change, customer, print};
use activation_code::{Purpose, Target, Trust};
use activation_host::inspect::{Inspection, Outcome, Question};
use activation_host::program::clock;
use activation_host::sentences;
use countersign::calendar::Term;
use countersign::desk::{self, Change, Order};
use countersign::documents;
use countersign::ledger::{Name, Product, ProductKind, TrustSettings, UnitType};
use rand::TryRng;
use rand::rngs::SysRng;
use std::path::Path;
use zeroize::Zeroizing;

/// Make a working desk, issue a code, and check it as an air-gapped host would
#[derive(clap::Args)]
#[command(after_help = "\
Without a terminal the passphrase is made up and kept in the desk's folder.")]
pub struct Arguments {}

const UNITS: u32 = 250;
const PASSPHRASE_FILE: &str = "passphrase";

pub fn run(context: &Context) -> Result<(), Failure> {
    if context.json {
        return Err(Failure::could_not("--json does not go with quickstart, which is for people")
            .hint("`init`, `product add`, `customer add` and `issue` print JSON"));
    }
    context.folder.refuse_existing()?;
    let known = |text: &str| text.parse::<Name>().map_err(|fault| Failure::could_not(format!("{text}: {fault}")));
    let today = clock();
    let folder = pasteable(&context.folder.path().display().to_string());

    let generated = if context.passphrase.is_missing() { Some(made_up_passphrase()?) } else { None };
    let passphrase = match &generated {
        Some(passphrase) => passphrase.clone(),
        None => context.passphrase.new_one("the issuing key")?,
    };
    let kept: Vec<(&str, &[u8])> = generated.iter().map(|secret| (PASSPHRASE_FILE, secret.as_slice())).collect();
    let vendor = known("Example Security")?;
    let new = NewDesk {
        vendor: &vendor,
        operator: &context.first_operator(),
        today,
        trust: TrustSettings::default(),
        issuer: NewDesk::FIRST_ISSUER,
    };
    let issuer = context.folder.create(&new, &passphrase, &kept)?;

    let mut ledger = context.folder.ledger()?;
    let session = context.session(&mut ledger)?;
    let id = activation_code::ProductId::new(7).ok_or_else(|| Failure::could_not("no product 7"))?;
    let mnemonic = "ES".parse().map_err(|fault| Failure::could_not(format!("ES: {fault}")))?;
    let name = known("Example Endpoint Security")?;
    let product = Product::new(id, mnemonic, name, UnitType::Endpoints, ProductKind::Software);
    desk::add_product(&mut ledger, &session, &product)?;
    let name = known("Example Hospital Trust")?;
    let customer = desk::add_customer(&mut ledger, &session, &name, None, customer::salt()?)?;
    let term = Term::Months(12);
    let period = term.last_day(today).and_then(|last| activation_code::MaintenancePeriod::new(today, last));
    let order = Order {
        customer: customer.number,
        product: product.id,
        units: activation_code::Units::new(UNITS).ok_or_else(|| Failure::could_not("no units"))?,
        period: period.ok_or_else(|| Failure::could_not(format!("the clock shows {today}, too late for a year")))?,
        kind: None,
        test: false,
        grace: None,
        host: None,
        features: None,
        holder: None,
        registration_key: None,
    };
    let signer = context.folder.signer(&mut ledger, &passphrase)?;
    let issued = desk::perform(&mut ledger, &session, &signer, &Change::Issue(order).into())?;
    let issued = issued.first().ok_or_else(|| Failure::could_not("the order made no code"))?;

    // From here on as an installation: it has the issuer's public key and the text on paper.
    let typed = documents::letters(issued.license.code());
    let trust = Trust::pinned(Purpose::Production, [issuer]).map_err(|fault| Failure::could_not(fault.to_string()))?;
    let target = Target { products: vec![product.id], host: None };
    let question = Question { target, released: Some(today), ..Question::on(today) };
    let inspection = Inspection::of(&typed, &trust, &question);

    let secret = match generated {
        Some(_) => format!("Its passphrase was made up and is in {folder}/{PASSPHRASE_FILE}: keep it elsewhere.\n"),
        None => String::new(),
    };
    let option =
        if secret.is_empty() { String::new() } else { format!("--passphrase-file {folder}/{PASSPHRASE_FILE} ") };
    let license = issued.license.terms().license;
    let program = std::env::args().next().unwrap_or_else(|| PROGRAM.into());
    let host = pasteable(&Path::new(&program).with_file_name("activation").display().to_string());
    let program = pasteable(&program);
    print::result(&format!(
        "A license desk in {folder}\n{secret}\n\
         It sold {UNITS} endpoints, and issued this code:\n\n{}\n\
         An air-gapped host that knows only {issuer}\nreads it and says:\n\n{}\n\
         Next:\n\
         \x20 {program} --desk {folder} list\n\
         \x20 {program} --desk {folder} show {license}\n\
         \x20 {program} --desk {folder} {option}issue --customer 1 --product ES --units 10 --from {today} --term 90d\n\
         And as a host, after `cargo build --release --workspace`:\n\
         \x20 {program} --desk {folder} show {license} | {host} inspect --issuer {issuer}\n",
        change::summary(&mut ledger, issued)?,
        sentences::answer(&inspection),
    ))?;
    match inspection.outcome {
        Outcome::Accepted => Ok(()),
        Outcome::Repaired | Outcome::Refused => {
            Err(Failure::could_not("the installation did not accept the code of its own desk"))
        }
    }
}

/// A path as a shell reads it.
fn pasteable(path: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/._-+:@%".contains(&b);
    if path.bytes().all(plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

/// 128 random bits in letters that can be typed.
fn made_up_passphrase() -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut random = Zeroizing::new([0; 16]);
    SysRng.try_fill_bytes(&mut *random).map_err(|error| Failure::could_not(format!("no random numbers: {error}")))?;
    Ok(Zeroizing::new(base32::encode(base32::Alphabet::Crockford, &*random).into_bytes()))
}
