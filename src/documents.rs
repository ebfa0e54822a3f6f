//! What leaves the desk on paper, on a screen or as a file: texts and pictures from a
//! code and what belongs to it. Nothing here reads, writes or asks the time.

pub mod branding;
pub mod calendar_file;
pub mod certificate;
pub mod csv;
pub mod customers;
pub mod document;
mod fields;
mod file;
pub mod html;
pub mod language;
pub mod mail;
pub mod notice;
pub mod orders;
pub mod pdf;
mod plain;
mod qr;
mod results;
mod spelling;
pub mod statement;
pub mod template;

pub use fields::Party;
pub use file::file;
pub use plain::plain;
pub use qr::{QrSymbol, Surface};
pub use results::{ResultCode, ResultLine, ResultsFormat, ResultsWriter};
pub use spelling::spelling;

use crate::desk::Issued;
use crate::ledger::{Customer, Name, Product};
use activation_code::ActivationCode;

/// A code, and the names that its numbers stand for.
#[derive(Clone, Copy, Debug)]
pub struct Sale<'a> {
    /// Who sold it.
    pub vendor: &'a Name,
    /// To whom.
    pub customer: &'a Customer,
    /// What.
    pub product: &'a Product,
    /// The code, with its proof.
    pub issued: &'a Issued,
}

/// The rows in letters, each with its label: what most people type.
pub fn letters(code: &ActivationCode) -> String {
    labelled(&code.letters())
}

/// The rows in digits, each with its label: for keypads and the telephone.
pub fn digits(code: &ActivationCode) -> String {
    labelled(&code.digits())
}

fn labelled(rows: &[String]) -> String {
    rows.iter().zip(1..).map(|(row, number)| format!("Row {number}) {row}\n")).collect()
}
