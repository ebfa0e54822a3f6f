//! The license file: remarks for people, and the code that a host reads.

use super::{Sale, letters};

/// A license file (`.lic`): lines that begin with `#` say whose code it is, and no program believes
/// them; then come the rows.
///
/// Names are [`Name`](crate::ledger::Name)s, which have no line ends of any kind, so a remark stays one.
pub fn file(sale: &Sale<'_>) -> String {
    let Sale { vendor, customer, product, issued } = sale;
    let terms = issued.license.terms();
    let test = if terms.test { ", FOR TESTING ONLY" } else { "" };
    format!(
        "# Activation code\n\
         # These remarks are for people and are not trusted: only the rows below count.\n\
         #\n\
         # vendor       {vendor}\n\
         # product      {} ({}, {})\n\
         # license      {}, revision {}, {}{test}\n\
         # units        {} {}\n\
         # maintenance  {}, both days included\n\
         # customer     {}, {}\n\
         \n\
         {}",
        product.name,
        product.mnemonic,
        product.id,
        terms.license,
        terms.revision,
        terms.kind.name(),
        terms.units,
        product.unit.name(),
        terms.period,
        customer.number,
        customer.name,
        letters(issued.license.code()),
    )
}
