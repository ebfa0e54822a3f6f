//! `countersign issue`: a new license and its first code, or a code of a license for one host.

use super::Context;
use super::change::{self, ChangeOptions};
use super::failure::Failure;
use super::host_request;
use activation_code::{Day, Features, Holder, HostId, Kind, LicenseNumber, MaintenancePeriod, ProductId, Units};
use clap::builder::PossibleValuesParser;
use countersign::calendar::Term;
use countersign::desk::{self, Asked, Asking, Change, Order, Refused};
use countersign::ledger::{Ledger, OrderReference};

/// Issue a code: a new license for a customer, or a code for one host
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("end").required(true).multiple(true))]
#[command(override_usage = "\
countersign issue [OPTIONS] --customer <NUMBER|NAME> --product <ID|MNEMONIC> --units <N> --from <D> \
<--until <D>|--term <TERM>>
       countersign issue [OPTIONS] --request <ROW>")]
#[command(after_help = "\
Both ends of a period are inside it. The same --order again prints the same code.
--request takes the row that `activation request` prints on a host (- reads it from standard
input), and the code is for that host alone. Where it names a license, that one is bound to the
host: the same terms, and nothing else is said; the same row again prints the same codes.

Examples:
  countersign issue --customer 1 --product ES --units 250 --from 2026-12-01 --term 1y --order PO-77
  countersign issue --customer 'Example Hospital Trust' --product 7 --units 5 \\
      --from 2026-12-01 --until 2026-12-31 --kind evaluation
  countersign issue --request 32DBS-QQG00-00000-10000-H5F25")]
pub struct Arguments {
    /// The customer, by number or name
    #[arg(long, value_name = "NUMBER|NAME", required_unless_present = "request")]
    customer: Option<String>,
    /// The product, by id or mnemonic
    #[arg(long, value_name = "ID|MNEMONIC", required_unless_present = "request")]
    product: Option<String>,
    /// How many, of the product's unit type
    #[arg(long, value_name = "N", allow_negative_numbers = true, required_unless_present = "request")]
    units: Option<Units>,
    /// The first day of maintenance, YYYY-MM-DD
    #[arg(long, value_name = "D", required_unless_present = "request")]
    from: Option<Day>,
    /// The last day of maintenance, YYYY-MM-DD
    #[arg(long, value_name = "D", group = "end", conflicts_with = "term")]
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
    /// The row of a host: the code is for it alone; what its license or product is may be left out
    #[arg(long, value_name = "ROW", allow_hyphen_values = true, group = "end")]
    request: Option<String>,
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
    change: ChangeOptions,
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
    let request = arguments.request.as_deref().map(|text| host_request::read(context, text)).transpose()?;
    let (host, product) = match request {
        None => (None, None),
        Some(Asking::ClockReset { .. }) => return Err(Refused::AsksForClockReset.into()),
        Some(Asking::Code { host, product, license: Some(license) }) => {
            return bind(context, &arguments, license, host, product);
        }
        Some(Asking::Code { host, product, license: None }) => (Some(host), product),
    };
    let missing = |what: &str| {
        Failure::could_not(format!("the host asks for a new license, and {what} is missing"))
            .hint("say what is sold to whom: --customer, --product, --units, --from, and --term or --until")
    };
    let customer = arguments.customer.as_deref().ok_or_else(|| missing("--customer"))?;
    let units = arguments.units.ok_or_else(|| missing("--units"))?;
    let first = arguments.from.ok_or_else(|| missing("--from"))?;
    if arguments.until.is_none() && arguments.term.is_none() {
        return Err(missing("--term or --until"));
    }
    let period = period(&arguments, first)?;
    let mut ledger = context.folder.ledger()?;
    let product = sold(&mut ledger, &arguments, product)?.ok_or_else(|| missing("--product"))?;
    let order = Order {
        customer: desk::find_customer(&mut ledger, customer)?.number,
        product,
        units,
        period,
        kind: arguments.kind.and_then(|name| Kind::ALL.into_iter().find(|kind| kind.name() == name)),
        test: arguments.test,
        grace: arguments.grace,
        host,
        features: arguments.features,
        holder: arguments.holder,
        registration_key: None,
    };
    let asked = Asked { change: Change::Issue(order), reference: arguments.order };
    change::run(context, &mut ledger, &asked, &arguments.change)
}

/// What is sold, which has to be something that the host can use.
fn sold(ledger: &mut Ledger, arguments: &Arguments, wanted: Option<ProductId>) -> Result<Option<ProductId>, Failure> {
    let Some(text) = &arguments.product else { return Ok(wanted) };
    let sold = desk::find_product(ledger, text)?.id;
    if let Some(wanted) = wanted {
        desk::check_product(ledger, wanted, sold)?;
    }
    Ok(Some(sold))
}

/// The license that the host names, bound to it.
fn bind(
    context: &Context,
    arguments: &Arguments,
    license: LicenseNumber,
    host: HostId,
    product: Option<ProductId>,
) -> Result<(), Failure> {
    let said = [
        ("--customer", arguments.customer.is_some()),
        ("--units", arguments.units.is_some()),
        ("--from", arguments.from.is_some()),
        ("--until", arguments.until.is_some()),
        ("--term", arguments.term.is_some()),
        ("--kind", arguments.kind.is_some()),
        ("--order", arguments.order.is_some()),
        ("--grace", arguments.grace.is_some()),
        ("--test", arguments.test),
        ("--holder", arguments.holder.is_some()),
        ("--features", arguments.features.is_some()),
    ];
    if let Some((option, _)) = said.into_iter().find(|(_, said)| *said) {
        let what = format!("the host asks for license {license} as it was sold, and {option} would change it");
        return Err(Failure::could_not(what)
            .hint("leave it out; or make a row without --license on the host, for a license of its own"));
    }
    let mut ledger = context.folder.ledger()?;
    let product = sold(&mut ledger, arguments, product)?;
    change::run(context, &mut ledger, &Change::Bind { license, host, product }.into(), &arguments.change)
}

fn period(arguments: &Arguments, first: Day) -> Result<MaintenancePeriod, Failure> {
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
