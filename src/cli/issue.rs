//! `countersign issue`: a new license and its first code.

use super::Context;
use super::change::{self, PreviewOption};
use super::failure::Failure;
use activation_code::{Day, Features, Holder, Kind, MaintenancePeriod, Units};
use clap::builder::PossibleValuesParser;
use countersign::calendar::Term;
use countersign::desk::{self, Asked, Change, Order};
use countersign::ledger::OrderReference;

/// Issue a code: a new license for a customer
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("end").required(true))]
#[command(after_help = "\
Both ends of a period are inside it. The same --order again prints the same code.

Examples:
  countersign issue --customer 1 --product ES --units 250 --from 2026-12-01 --term 1y --order PO-77
  countersign issue --customer 'Example Hospital Trust' --product 7 --units 5 \\
      --from 2026-12-01 --until 2026-12-31 --kind evaluation")]
pub struct Arguments {
    /// The customer, by number or name
    #[arg(long, value_name = "NUMBER|NAME")]
    customer: String,
    /// The product, by id or mnemonic
    #[arg(long, value_name = "ID|MNEMONIC")]
    product: String,
    /// How many, of the product's unit type
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    units: Units,
    /// The first day of maintenance, YYYY-MM-DD
    #[arg(long, value_name = "D")]
    from: Day,
    /// The last day of maintenance, YYYY-MM-DD
    #[arg(long, value_name = "D", group = "end")]
    until: Option<Day>,
    /// How long instead: 1y, 18m or 90d
    #[arg(long, value_name = "TERM", group = "end")]
    term: Option<Term>,
    /// What the code is for; without it, what the product sells
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(Kind::ALL.map(Kind::name)))]
    kind: Option<String>,
    /// The order's reference: the same again gives the same code
    #[arg(long, value_name = "REF")]
    order: Option<OrderReference>,
    /// Days of grace, instead of 30 (none for evaluations)
    #[arg(long, value_name = "DAYS", allow_negative_numbers = true, value_parser = grace)]
    grace: Option<u8>,
    /// A code for testing: installations refuse it
    #[arg(long)]
    test: bool,
    /// The name that the code carries; makes it longer
    #[arg(long, value_name = "NAME", value_parser = Holder::new)]
    holder: Option<Holder>,
    /// Sixteen switches of the product, as four hex digits
    #[arg(long, value_name = "HEX4", value_parser = features)]
    features: Option<Features>,
    #[command(flatten)]
    preview: PreviewOption,
}

fn grace(text: &str) -> Result<u8, &'static str> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or("wanted a whole number of days from 0 to 255")
}

fn features(text: &str) -> Result<Features, &'static str> {
    let digits = text.len() == 4 && text.bytes().all(|b| b.is_ascii_hexdigit());
    u16::from_str_radix(text, 16).ok().filter(|_| digits).map(Features).ok_or("features are written as four hex digits")
}

pub fn run(context: &Context, arguments: Arguments) -> Result<(), Failure> {
    let period = period(&arguments)?;
    let mut ledger = context.folder.ledger()?;
    let order = Order {
        customer: desk::find_customer(&mut ledger, &arguments.customer)?.number,
        product: desk::find_product(&mut ledger, &arguments.product)?.id,
        units: arguments.units,
        period,
        kind: arguments.kind.and_then(|name| Kind::ALL.into_iter().find(|kind| kind.name() == name)),
        test: arguments.test,
        grace: arguments.grace,
        host: None,
        features: arguments.features,
        holder: arguments.holder,
    };
    let asked = Asked { change: Change::Issue(order), reference: arguments.order };
    change::run(context, &mut ledger, &asked, arguments.preview.mode())
}

fn period(arguments: &Arguments) -> Result<MaintenancePeriod, Failure> {
    let first = arguments.from;
    let last = match (arguments.until, arguments.term) {
        (Some(last), _) => last,
        (None, Some(term)) => term
            .last_day(first)
            .ok_or_else(|| Failure::could_not("--term: the period would end after the year 9999"))?,
        (None, None) => first,
    };
    MaintenancePeriod::new(first, last).ok_or_else(|| {
        Failure::could_not(format!("--until {last} is before --from {first}"))
            .hint("both days are inside the period; the last one comes second")
    })
}
