//! `countersign renew`, `downsize`, `add-units`, `upgrade`, `convert`: what becomes of a license.

use super::Context;
use super::change::{self, ChangeOptions};
use super::customer::warn_of_missing;
use super::failure::Failure;
use activation_code::{Day, LicenseNumber, Units};
use countersign::calendar::Term;
use countersign::desk::{self, Asked, Change, Length, Reach};
use countersign::ledger::OrderReference;

/// What all of them take.
#[derive(clap::Args)]
struct Common {
    /// The license's number
    #[arg(value_name = "LICENSE")]
    license: LicenseNumber,
    /// The order's reference: the same again gives the same codes
    #[arg(long, value_name = "REF")]
    order: Option<OrderReference>,
    #[command(flatten)]
    options: ChangeOptions,
}

/// How far a renewal goes.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Until {
    /// How long the new period is: 1y, 18m or 90d
    #[arg(long, value_name = "TERM")]
    term: Option<Term>,
    /// The last day of the new period instead, YYYY-MM-DD
    #[arg(long, value_name = "D")]
    until: Option<Day>,
}

/// The same, where it need not be renewed.
#[derive(clap::Args)]
#[group(multiple = false)]
struct Renewed {
    /// Renew as well, for this long: 1y, 18m or 90d
    #[arg(long, value_name = "TERM")]
    renew: Option<Term>,
    /// Renew as well, to this day, YYYY-MM-DD
    #[arg(long, value_name = "D")]
    renew_until: Option<Day>,
}

fn length(term: Option<Term>, until: Option<Day>) -> Option<Length> {
    term.map(Length::Term).or(until.map(Length::Until))
}

/// Renew a license: the next period follows the last one, however late
#[derive(clap::Args)]
#[command(after_help = "\
Maintenance is continuous: lapsed days come on top of the term. Fewer units go with `downsize`.

Examples:
  countersign renew 1 --term 1y --preview
  countersign renew 1 --term 1y --order PO-78
  countersign renew 1 --until 2028-12-31 --units 300")]
pub struct Renew {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    length: Until,
    /// How many units from then on, if more than now
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    units: Option<Units>,
}

/// Renew a license with fewer units, as the customer asked in writing
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  countersign downsize 1 --units 200 --request 'letter of 2027-10-04' --term 1y")]
pub struct Downsize {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    length: Until,
    /// How many units from then on
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    units: Units,
    /// The reference of the customer's written request
    #[arg(long, value_name = "REF")]
    request: OrderReference,
}

/// Add units to a license: from today to the same last day
#[derive(clap::Args)]
#[command(after_help = "\
A renewal that was sold before gets the units too, and both codes are printed.

Examples:
  countersign add-units 1 --more 50 --order PO-79
  countersign add-units 1 --more 50 --this-period-only")]
pub struct AddUnits {
    #[command(flatten)]
    common: Common,
    /// How many more
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    more: Units,
    /// Leave a renewal that was sold before as it is
    #[arg(long)]
    this_period_only: bool,
}

/// Move a license to another product of its family
#[derive(clap::Args)]
#[command(after_help = "\
The last day stays as it is unless the license is renewed as well.

Examples:
  countersign upgrade 1 --to ES-PRO
  countersign upgrade 1 --to ES-PRO --renew 1y --order PO-80")]
pub struct Upgrade {
    #[command(flatten)]
    common: Common,
    /// The product, by id or mnemonic
    #[arg(long, value_name = "ID|MNEMONIC")]
    to: String,
    /// How many units from now on, if not as many as now
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    units: Option<Units>,
    #[command(flatten)]
    renewed: Renewed,
    /// Leave a renewal that was sold before as it is
    #[arg(long)]
    this_period_only: bool,
}

/// Convert an evaluation to what the product sells
#[derive(clap::Args)]
#[command(after_help = "\
The last day stays as it is unless the license is renewed as well.

Example:
  countersign convert 4 --renew 1y --order PO-81")]
pub struct Convert {
    #[command(flatten)]
    common: Common,
    /// How many units from now on, if more than now
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    units: Option<Units>,
    #[command(flatten)]
    renewed: Renewed,
}

/// Of a renewal: what it needs to know of the customer is looked for before (rule D8). It does not wait for that:
/// scripts renew that have never said it.
fn run_renewal(context: &Context, common: Common, change: Change) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    if let Ok(known) = desk::owner_of(&mut ledger, common.license) {
        warn_of_missing(&known);
    }
    change::run(context, &mut ledger, &Asked { change, reference: common.order }, &common.options)
}

fn run(context: &Context, common: Common, change: Change) -> Result<(), Failure> {
    let mut ledger = context.folder.ledger()?;
    change::run(context, &mut ledger, &Asked { change, reference: common.order }, &common.options)
}

fn wanted(until: &Until) -> Result<Length, Failure> {
    length(until.term, until.until).ok_or_else(|| Failure::could_not("wanted --term or --until"))
}

fn reach(this_period_only: bool) -> Reach {
    if this_period_only { Reach::RunningPeriod } else { Reach::License }
}

pub fn renew(context: &Context, arguments: Renew) -> Result<(), Failure> {
    let Renew { common, length, units } = arguments;
    let change = Change::Renew { license: common.license, length: wanted(&length)?, units };
    run_renewal(context, common, change)
}

pub fn downsize(context: &Context, arguments: Downsize) -> Result<(), Failure> {
    let Downsize { common, length, units, request } = arguments;
    let change = Change::Downsize { license: common.license, length: wanted(&length)?, units, request };
    run_renewal(context, common, change)
}

pub fn add_units(context: &Context, arguments: AddUnits) -> Result<(), Failure> {
    let AddUnits { common, more, this_period_only } = arguments;
    let change = Change::AddUnits { license: common.license, more, reach: reach(this_period_only) };
    run(context, common, change)
}

pub fn upgrade(context: &Context, arguments: Upgrade) -> Result<(), Failure> {
    let Upgrade { common, to, units, renewed, this_period_only } = arguments;
    let mut ledger = context.folder.ledger()?;
    let product = desk::find_product(&mut ledger, &to)?.id;
    let renew = length(renewed.renew, renewed.renew_until);
    let change = Change::Upgrade { license: common.license, product, units, renew, reach: reach(this_period_only) };
    change::run(context, &mut ledger, &Asked { change, reference: common.order }, &common.options)
}

pub fn convert(context: &Context, arguments: Convert) -> Result<(), Failure> {
    let Convert { common, units, renewed } = arguments;
    let renew = length(renewed.renew, renewed.renew_until);
    let change = Change::Convert { license: common.license, units, renew };
    run(context, common, change)
}
