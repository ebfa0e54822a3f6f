//! The operations that a clerk knows. Each is one transaction of the ledger; none
//! prints, reads the clock, parses arguments or knows SQL: a web desk will stand on
//! the same ones.

mod catalogue;
mod issue;

pub use catalogue::{
    add_customer, add_product, customers, find_customer, find_product, issuers, products, record_issuer, vendor,
};
pub use issue::{Codes, Issued, Order, codes_of, issue, issued_for, licenses, preview, reserve, sign};

use crate::ledger::{CustomerNumber, Entry, LedgerFault, Mnemonic, Name, OrderReference, ProductKind};
use crate::signer::SignerFault;
use activation_code::{IssuerNumber, Kind, LicenseNumber, PayloadFault, ProductId, TermsFault};

/// Why an operation was not done. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum DeskFault {
    /// A rule of the desk: understood, and the answer is no.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The ledger cannot be used.
    #[error("the ledger: {0}")]
    Ledger(#[from] LedgerFault),
    /// The key cannot be used.
    #[error(transparent)]
    Signer(#[from] SignerFault),
    /// The key is not the one that the ledger knows under this number.
    #[error("the signing key is not the key of issuer {number} in the ledger")]
    OtherKey {
        /// The issuer.
        number: IssuerNumber,
    },
    /// The ledger has no issuing key.
    #[error("the ledger has no issuing key")]
    NoIssuer,
    /// A code that the shipping verifier does not accept: it never leaves the desk.
    #[error("the code of license {license} does not verify, and is not given out: {refusal}")]
    DoesNotVerify {
        /// Which license.
        license: LicenseNumber,
        /// What the verifier says.
        refusal: activation_code::Refusal,
    },
    /// A payload that the reader refuses.
    #[error("the code of license {license} is not readable, and is not given out: {fault}")]
    NotReadable {
        /// Which license.
        license: LicenseNumber,
        /// What the reader says.
        fault: PayloadFault,
    },
}

/// A rule of the desk that says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No product of this id or mnemonic.
    #[error("there is no product {0:?}")]
    UnknownProduct(String),
    /// No customer of this number or name.
    #[error("there is no customer {0:?}")]
    UnknownCustomer(String),
    /// No license of this number.
    #[error("there is no license {0}")]
    UnknownLicense(LicenseNumber),
    /// A product has this id already.
    #[error("product {id} is there already: {name}")]
    ProductExists {
        /// The id.
        id: ProductId,
        /// The product that has it.
        name: Name,
    },
    /// A product has this mnemonic already.
    #[error("the mnemonic {mnemonic} belongs to product {id}")]
    MnemonicTaken {
        /// The mnemonic.
        mnemonic: Mnemonic,
        /// The product that has it.
        id: ProductId,
    },
    /// A name of digits only, which would be taken for a customer's number.
    #[error("a customer cannot be called {0:?}: digits always mean a customer's number")]
    NumberAsName(String),
    /// A customer has this name already.
    #[error("customer {number} is called {name:?} already", name = .name.as_str())]
    CustomerExists {
        /// The name.
        name: Name,
        /// The customer that has it.
        number: CustomerNumber,
    },
    /// A suite without members, with too many, one twice, or another suite among them; or members of no suite.
    #[error("a suite has 1 to 16 different members that are no suites, and nothing else has members")]
    Members,
    /// Products of kind service issue codes of kind service or evaluation; others full or evaluation (rule I3).
    #[error("product {id} is of kind {}, and issues no codes of kind {}", .product.name(), .wanted.name())]
    Kind {
        /// The product.
        id: ProductId,
        /// What it is.
        product: ProductKind,
        /// The kind that was asked for.
        wanted: Kind,
    },
    /// The days are outside what a code carries.
    #[error(transparent)]
    Terms(#[from] TermsFault),
    /// The order's reference made another code before (rule D1).
    #[error("order {reference} was for other terms", reference = .reference.as_str())]
    OtherTerms {
        /// The reference.
        reference: OrderReference,
        /// What the order made.
        recorded: Box<Entry>,
        /// What it asks for now.
        wanted: Box<Entry>,
    },
    /// All license numbers are used.
    #[error("all license numbers are used")]
    NoNumberLeft,
}
