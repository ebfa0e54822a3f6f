//! The operations that a clerk knows. Each is one transaction of the ledger; none
//! prints, reads the clock, parses arguments or knows SQL: a web desk will stand on
//! the same ones.

mod accounts;
mod approval;
mod audit;
mod backup;
mod batch;
mod catalogue;
mod change;
mod checkpoint;
mod customers;
#[cfg(test)]
mod example;
mod history;
mod host_requests;
mod import;
mod issuing;
mod keys;
mod licenses;
mod lookup;
mod notices;
mod operators;
mod paperwork;
mod partner_desk;
mod partners;
mod plan;
mod purge;
mod questions;
mod registration;
mod schedule;
mod statement;
mod trust;
mod usage;

pub use accounts::{
    AccountEdit, ContactEdit, account_of_operator, accounts, add_account, change_account, count_customers_of,
    find_account,
};
pub use approval::{Answered, Pending, can_approve, preview_request, reject, request, requests};
pub use audit::{Contradiction, PutBack, Signatures, Verdict, Witnesses, audit, sign_checkpoint};
pub use backup::{Copied, Present, PresentLedger, Restored, Restoring, back_up, refuse_other_desk, restore};
pub use batch::{
    CHUNK, Cells, Checked, Column, Deed, Done, Draft, Problem, carry_out_orders, check_orders, codes_for_order,
};
pub use catalogue::{
    LimitEdit, ProductEdit, add_product, change_product, find_product, issuers, ledger_keys, limits, products,
    record_issuer, record_ledger_key, set_limits, vendor,
};
pub use change::{Asked, Change, Length, Order, Reach};
pub use checkpoint::{Checkpoint, CheckpointFault, LONGEST as LONGEST_CHECKPOINT, NotedHead, NotedHeadFault};
pub use customers::{
    CustomerEdit, CustomerRow, Known, RowFate, RowProblem, add_customer, change_customer, customers, find_customer,
    find_customers, import_customers, known_customers, known_of, owner_of, preview_customers, register_customer,
};
pub use history::{CodeFacts, HistoryEntry, Sold, history, history_of_customer};
pub use host_requests::{Asking, SignedClockReset, check_product, preview_clock_reset, reset_clock};
pub use import::{ImportFault, ImportProblem, Imported, PrintedText, import};
pub use issuing::{Issued, bound_codes_of, carry_out, codes_of, perform};
pub use keys::{
    Fate, Learning, Loss, Rotation, StolenCode, Watch, each_reissued, free_issuers, lose_issuer, lost_issuer,
    prepare_issuer, prepared_issuers, preview_loss, preview_rotation, reissues, rotate, signed_by, stolen_codes,
    stolen_issuers,
};
pub use licenses::{
    Revocation, Transfer, find_license, preview_reprint, preview_reprint_for, preview_revocation, preview_transfer,
    reprint, reprint_for, revoke, transfer,
};
pub use lookup::{Clue, Findings, Found, FoundBy, MOST_FOUND, find, search};
pub use notices::{
    EARLIEST_THRESHOLD, LATEST_THRESHOLD, NOTICE_THRESHOLDS, NoticeDue, Noticed, NoticesPage, NoticesWanted,
    notices_due, notices_written, record_notice,
};
pub use operators::{
    Clock, MOST_DAYS_IDLE, OperatorEdit, Permission, Session, add_operator, add_operator_of, change_operator,
    check_day, check_may, check_passphrase, find_operator, hash_passphrase, may, operators,
};
pub use paperwork::{Paperwork, paperwork};
pub use partner_desk::{Loaded, export_book, load_bundle, request_partnership};
pub use partners::{
    AnotherBook, IssuerLimitEdit, MOST_LISTED, OtherBook, PartnerEnd, PartnerFinding, PartnerRevocation,
    Reconciliation, add_partner, change_limits, change_partner, end_partner, find_partner, import_export, partners,
    preview_export, preview_partner_revocation, reconcile, revoke_of_partner,
};
pub use plan::{Approval, Note, Plan, Preview, preview};
pub use purge::{NamedCode, Purge, PurgeDone, preview_purge, purge};
pub use questions::{
    LicenseState, Sum, UnitsOfCustomer, UnitsOfPartner, UnitsOfProduct, due, licenses, units_by_customer,
    units_by_partner, units_by_product,
};
pub use registration::{
    KeyTerms, MOST_KEYS, cancel_keys, check_redeemable, find_key, generate_keys, redemption, registration_keys,
};
pub use schedule::Schedule;
pub use statement::{Holding, Statement, Whose, statement};
pub use trust::{
    bundle, bundles, draft_bundle, issuer_rules, issuer_to_sign_with, last_bundle, limit_issuer, publish_bundle,
    record_trust_settings, set_contact, takes_nothing_back, trust_settings,
};
pub use usage::{Adherence, ImportedClaim, Taken, adherence, claim_of_receipt, claims_of_report, import_usage};

use crate::ledger::{
    AccountNumber, CustomerNumber, Email, LedgerFault, Mnemonic, Name, OperatorName, OrderReference, Privilege,
    ProductKind, RequestState, Role, UnitType,
};
use crate::signer::SignerFault;
use activation_code::{
    Day, HostId, IssuerNumber, Kind, LicenseNumber, Limit, PayloadFault, ProductId, PublicKey, Revision, TermsFault,
    TypingFaults, Units,
};

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
    /// A passphrase cannot be hashed.
    #[error("the passphrase cannot be hashed")]
    Passphrase,
    /// The ledger has no issuing key in use.
    #[error("the ledger has no issuing key that is in use")]
    NoIssuer,
    /// A copy of the ledger cannot be written, or not read again.
    #[error("{0}")]
    Copy(#[source] LedgerFault),
    /// A copy of the ledger that is another one.
    #[error("the copy does not end as the ledger did")]
    CopyDiffers,
    /// A checkpoint whose signature does not hold: it never leaves the desk.
    #[error("the checkpoint does not verify, and is not given out")]
    CheckpointDoesNotVerify,
    /// A code that the shipping verifier does not accept: it never leaves the desk.
    #[error("the code of license {license} does not verify, and is not given out: {refusal}")]
    DoesNotVerify {
        /// Which license.
        license: LicenseNumber,
        /// What the verifier says.
        refusal: activation_code::Refusal,
    },
    /// A clock reset that the shipping verifier does not accept: it never leaves the desk.
    #[error("the clock reset does not verify, and is not given out")]
    ClockResetDoesNotVerify,
    /// A payload that the reader refuses.
    #[error("the code of license {license} is not readable, and is not given out: {fault}")]
    NotReadable {
        /// Which license.
        license: LicenseNumber,
        /// What the reader says.
        fault: PayloadFault,
    },
}

impl From<crate::ledger::CopyFault> for DeskFault {
    fn from(fault: crate::ledger::CopyFault) -> Self {
        match fault {
            crate::ledger::CopyFault::From(fault) => Self::Ledger(fault),
            crate::ledger::CopyFault::To(fault) => Self::Copy(fault),
        }
    }
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
    /// No customer with this address.
    #[error("no customer has the address {0}")]
    UnknownEmail(Email),
    /// A report without a figure to compare.
    #[error("the report has no license that counts, or nobody counted the units in use")]
    NothingCounted,
    /// A report of a code that this desk never made.
    #[error("license {license} has no revision {revision}")]
    UsageOfNoRevision {
        /// The license.
        license: LicenseNumber,
        /// What the report says.
        revision: Revision,
    },
    /// A report of another product than was sold.
    #[error("the report says that license {license} is for product {claimed}, and it is for product {sold}")]
    UsageOfOtherProduct {
        /// The license.
        license: LicenseNumber,
        /// What was sold.
        sold: ProductId,
        /// What the report says.
        claimed: ProductId,
    },
    /// A report of a day on which the code was not there.
    #[error("the report is of {day}, and the code of license {license} was issued on {issued}")]
    UsageBeforeIssue {
        /// The license.
        license: LicenseNumber,
        /// The report's day.
        day: Day,
        /// When the code was issued.
        issued: Day,
    },
    /// A report of a day that has not come here.
    #[error("the report is of {day}, and today is {today}")]
    UsageInTheFuture {
        /// The report's day.
        day: Day,
        /// Here.
        today: Day,
    },
    /// No order of this reference.
    #[error("no code was made for order {0}")]
    UnknownOrder(OrderReference),
    /// The customer has no license.
    #[error("customer {0} has no license")]
    OwnsNothing(CustomerNumber),
    /// What was typed cannot be a row of a code.
    #[error("this is no row of a code: {0}")]
    NoRow(TypingFaults),
    /// No code of the ledger has such a row.
    #[error("no code of this desk has this row{}", .wrong.as_ref().map(like).unwrap_or_default())]
    NobodysRow {
        /// What is wrong with it as it stands; `None`: it is a right row.
        wrong: Option<TypingFaults>,
    },
    /// A code that the desk's key has signed, and that is not in the ledger.
    #[error(
        "this desk has signed this code, revision {revision} of license {license}, and its ledger does not have it"
    )]
    NotInLedger {
        /// Which license.
        license: LicenseNumber,
        /// Which revision.
        revision: Revision,
    },
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
    #[error("order {reference} was for something else, and made license {license}, revision {revision}")]
    OtherTerms {
        /// The reference.
        reference: OrderReference,
        /// The license that it made or changed.
        license: LicenseNumber,
        /// The code that it made.
        revision: Revision,
        /// What it asked for then.
        recorded: Box<Asked>,
        /// What it asks for now.
        wanted: Box<Asked>,
    },
    /// A request for the same order, with other terms, waits for a second operator.
    #[error("order {reference} waits as request {request} for something else")]
    WaitsOtherwise {
        /// The reference.
        reference: OrderReference,
        /// The request.
        request: u32,
        /// What it asks for.
        recorded: Box<Asked>,
        /// What is asked for now.
        wanted: Box<Asked>,
    },
    /// The desk has no issuing key of this number.
    #[error("this desk has no issuing key {0}")]
    UnknownIssuer(IssuerNumber),
    /// A host's request for a clock reset where one for a code is wanted.
    #[error("the host asks for a clock reset, not for a code")]
    AsksForClockReset,
    /// A host's request for a code where one for a clock reset is wanted.
    #[error("the host asks for a code, not for a clock reset")]
    AsksForCode,
    /// A host asks for another product than is sold.
    #[error("the host asks for product {wanted}, and this is product {sold}")]
    HostsOtherProduct {
        /// What it asks for.
        wanted: ProductId,
        /// What is sold.
        sold: ProductId,
    },
    /// The host has all the codes of the license that it can have.
    #[error("license {license} is bound to host {host} already")]
    BoundAlready {
        /// Which license.
        license: LicenseNumber,
        /// Which host.
        host: HostId,
    },
    /// A license that is not bound to a host.
    #[error("no code of license {license} that counts is bound to host {host}")]
    NotBound {
        /// Which license.
        license: LicenseNumber,
        /// Which host.
        host: HostId,
    },
    /// A partner's export has one code for each license and revision.
    #[error("license {0} cannot be bound to one more host here: a partner's desk has one code for each revision")]
    PartnerBinds(LicenseNumber),
    /// A clock is not reset to a day that has not come, or that no code can say.
    #[error("a clock is reset to a day from 2020-01-01 to {today}, and not to {day}")]
    NoResetDay {
        /// Which was asked for.
        day: Day,
        /// Today.
        today: Day,
    },
    /// What the issuing key may not issue.
    #[error("issuer {issuer} may not issue {limit}")]
    IssuerLimit {
        /// The key.
        issuer: IssuerNumber,
        /// What is beyond its limits.
        limit: Limit,
    },
    /// No bundle of this number was published.
    #[error("no bundle {0} was published")]
    UnknownBundle(u32),
    /// The first bundle names the roots.
    #[error("no bundle was published yet, and no roots are named")]
    NoRoots,
    /// What a vendor's desk does.
    #[error("this is a partner's desk: the vendor's desk makes trust bundles and partners")]
    PartnersDesk,
    /// What a partner's desk does.
    #[error("this is the vendor's desk: partners' desks load bundles and send what they issued")]
    VendorsDesk,
    /// A partner's desk that does not know yet what it may issue.
    #[error("this partner's desk has loaded no trust bundle yet, and may issue nothing")]
    NoBundleLoaded,
    /// The vendor has ended the partner.
    #[error("the vendor has ended issuer {issuer}: {}", match .last {
        Some(day) => format!("its last day of issue was {day}"),
        None => "no new code of it would be accepted".to_owned(),
    })]
    EndedByVendor {
        /// The desk's key.
        issuer: IssuerNumber,
        /// Its last day of issue; `None`: what it signs is void.
        last: Option<Day>,
    },
    /// The bundle does not name the desk's key.
    #[error("the bundle does not name issuer {0} with the key of this desk")]
    NotNamed(IssuerNumber),
    /// Test and production.
    #[error("one is for testing only, and the other one is not")]
    OtherPurpose,
    /// Two bundles of one number.
    #[error("another bundle {0} was loaded before: one of them is not the vendor's word")]
    BundleFork(u32),
    /// A product that is another one at this desk.
    #[error("product {0} of the bundle is of another kind, or counts something else, than at this desk")]
    OtherProduct(ProductId),
    /// The book has no such event.
    #[error("the book has events 1 to {last}, and none of number {wanted}")]
    NoSuchEvent {
        /// Which was asked for.
        wanted: u64,
        /// The last one.
        last: u64,
    },
    /// No partner with this number.
    #[error("there is no partner {0}")]
    UnknownPartner(IssuerNumber),
    /// The number of an issuing key that there is, or was.
    #[error("issuer number {0} is in use")]
    IssuerTaken(IssuerNumber),
    /// A key that signs something else already.
    #[error("the key {0} is in use already")]
    KeyTaken(Box<PublicKey>),
    /// A key that everybody has.
    #[error("the private half of the key {0} is published, for testing")]
    PublishedKey(Box<PublicKey>),
    /// License numbers of two partners.
    #[error("licenses {}-{} are partner {issuer}'s", .range.0, .range.1)]
    RangeOfPartner {
        /// Whose.
        issuer: IssuerNumber,
        /// First and last.
        range: (LicenseNumber, LicenseNumber),
    },
    /// License numbers that this desk may have given away.
    #[error("license numbers below {next} are this desk's own")]
    RangeUsed {
        /// The first that is free.
        next: u32,
    },
    /// A partner without license numbers of its own.
    #[error("a partner needs license numbers of its own, and {wanted} in a row are not free")]
    NoRange {
        /// How many were looked for; 0: none was wanted.
        wanted: u32,
    },
    /// What was ended stays ended.
    #[error("partner {0} was ended")]
    PartnerEnded(IssuerNumber),
    /// An export that is not signed by the partner's desk.
    #[error("the file is not signed with the ledger key of partner {0}")]
    OtherLedgerKey(IssuerNumber),
    /// An export whose book does not continue what was imported.
    #[error("the book of partner {issuer} does not continue what was imported before: {why}")]
    OtherBook {
        /// Which partner.
        issuer: IssuerNumber,
        /// What is wrong with it.
        why: AnotherBook,
    },
    /// A file that is no bundle to give out.
    #[error("{0}")]
    Bundle(String),
    /// A bundle of another vendor.
    #[error("the bundle is of {found:?}, and this desk is of {:?}", .wanted.as_str())]
    OtherVendor {
        /// Whose it is.
        found: String,
        /// Whose desk it is.
        wanted: Name,
    },
    /// A bundle that does not follow the last one.
    #[error("the bundle has number {found}, and that of the next one is {wanted} or higher")]
    BundleNumber {
        /// What it has.
        found: u32,
        /// What it needs.
        wanted: u32,
    },
    /// A bundle that takes back what the one before it said for good.
    #[error("the bundle takes something back: {0}")]
    TakesBack(String),
    /// All license numbers are used.
    #[error("all license numbers are used")]
    NoNumberLeft,
    /// All revisions of the license are used.
    #[error("license {0} has had all its 1023 revisions")]
    NoRevisionLeft(LicenseNumber),
    /// The license has no such revision.
    #[error("license {license} has no revision {revision}")]
    UnknownRevision {
        /// Which license.
        license: LicenseNumber,
        /// Which revision.
        revision: Revision,
    },
    /// Two customers of an old ledger have names that differ by case only.
    #[error("customers {one} and {other} have this name")]
    TwoCustomers {
        /// One.
        one: CustomerNumber,
        /// The other.
        other: CustomerNumber,
    },
    /// End of Life before End of Sale.
    #[error("End of Life {life} is before End of Sale {sale}")]
    LifeEndsBeforeSale {
        /// End of Sale.
        sale: Day,
        /// End of Life.
        life: Day,
    },
    /// The product works without a code.
    #[error("product {0} is auto-enabled: it needs no code")]
    NeedsNoCode(ProductId),
    /// The product's End of Sale has come (rule D9).
    #[error("product {product} is not sold any more: its End of Sale was {day}")]
    EndOfSale {
        /// Which product.
        product: ProductId,
        /// Since when.
        day: Day,
    },
    /// The period would begin after the product's End of Life (rule D9).
    #[error("product {product} has its End of Life on {day}, and no period goes past it")]
    EndOfLife {
        /// Which product.
        product: ProductId,
        /// When.
        day: Day,
    },
    /// The period would end before it begins, or outside the calendar.
    #[error("a period after {after} would end before it begins, or after the year 9999")]
    NoSuchPeriod {
        /// What it follows.
        after: Day,
    },
    /// The license is revoked.
    #[error("license {0} is revoked")]
    Revoked(LicenseNumber),
    /// The revision is revoked.
    #[error("revision {revision} of license {license} is revoked")]
    RevokedRevision {
        /// Which license.
        license: LicenseNumber,
        /// Which revision.
        revision: Revision,
    },
    /// What shall be revoked is revoked already.
    #[error("nothing of license {license} would be revoked that is not revoked already")]
    RevokedBefore {
        /// Which license.
        license: LicenseNumber,
        /// The lowest revision that was good.
        good_from: Option<u16>,
    },
    /// The license is this customer's.
    #[error("license {license} is customer {customer}'s already")]
    OwnedAlready {
        /// Which license.
        license: LicenseNumber,
        /// Whose.
        customer: CustomerNumber,
    },
    /// A renewal with fewer units is a downsize (rule D4).
    #[error("license {license} has {had} units, and {wanted} are fewer")]
    FewerUnits {
        /// Which license.
        license: LicenseNumber,
        /// How many it has.
        had: Units,
        /// How many were asked for.
        wanted: Units,
    },
    /// A downsize with as many units or more.
    #[error("license {license} has {had} units, and {wanted} are not fewer")]
    NotFewer {
        /// Which license.
        license: LicenseNumber,
        /// How many it has.
        had: Units,
        /// How many were asked for.
        wanted: Units,
    },
    /// Maintenance has ended: there is no running period to change.
    #[error("maintenance of license {license} ended on {last}")]
    Ended {
        /// Which license.
        license: LicenseNumber,
        /// Its last day.
        last: Day,
    },
    /// A renewal waits already.
    #[error("license {0} has been renewed already")]
    RenewedAlready(LicenseNumber),
    /// An upgrade to the same product.
    #[error("license {license} is for product {product} already")]
    SameProduct {
        /// Which license.
        license: LicenseNumber,
        /// Which product.
        product: ProductId,
    },
    /// An upgrade to a product of another family (rule D17).
    #[error("products {from} and {to} are not of one family")]
    OtherFamily {
        /// From which product.
        from: ProductId,
        /// To which.
        to: ProductId,
    },
    /// An upgrade to a lower edition.
    #[error("product {to} is a lower edition than product {from}")]
    LowerEdition {
        /// From which product.
        from: ProductId,
        /// To which.
        to: ProductId,
    },
    /// An upgrade to a product that counts something else.
    #[error("the product counts {}, and the license {}", .to.name(), .from.name())]
    OtherUnit {
        /// What the license counts.
        from: UnitType,
        /// What the product counts.
        to: UnitType,
    },
    /// Only evaluations are converted (rule D11).
    #[error("license {license} is {}, and only evaluations are converted", .kind.name())]
    NotEvaluation {
        /// Which license.
        license: LicenseNumber,
        /// What it is.
        kind: Kind,
    },
    /// More units than the administrator allows.
    #[error("{units} units are more than the {most} that the administrator allows")]
    TooManyUnits {
        /// How many there would be.
        units: Units,
        /// How many there may be.
        most: u32,
    },
    /// More units than a code carries.
    #[error("license {license} has {had} units, and {more} more are above the {} that a code carries", Units::MAX)]
    TooManyUnitsForCode {
        /// Which license.
        license: LicenseNumber,
        /// How many it has.
        had: Units,
        /// How many more were asked for.
        more: Units,
    },
    /// A longer term than the administrator allows.
    #[error("{days} days at once are more than the {most} that the administrator allows")]
    TooLong {
        /// How many there would be.
        days: u32,
        /// How many there may be.
        most: u32,
    },
    /// An earlier first day than the administrator allows.
    #[error("a period from {first} on begins more than {days} days ago, which the administrator does not allow")]
    TooFarBack {
        /// The first day.
        first: Day,
        /// How many days back it may begin.
        days: u32,
    },
    /// More units than one operator may issue.
    #[error("more than {above} units need a second operator")]
    NeedsApproval {
        /// The most for one.
        above: u32,
    },
    /// One operator is enough.
    #[error("this needs no second operator")]
    NeedsNoApproval,
    /// No request of this number.
    #[error("there is no request {0}")]
    UnknownRequest(u32),
    /// The request is not waiting.
    #[error("request {number} is {} already", .state.name())]
    RequestDone {
        /// Which.
        number: u32,
        /// What became of it.
        state: RequestState,
    },
    /// Nobody approves what they asked for themselves.
    #[error("request {0} is this operator's own")]
    OwnRequest(u32),
    /// Anybody could be this operator.
    #[error("operator {0} has no passphrase, and can neither ask for approval nor give it")]
    WithoutPassphrase(OperatorName),
    /// Whoever asked could not do it themselves any more.
    #[error("operator {operator}, who made request {request}, does not issue codes here any more")]
    AskerGone {
        /// Which request.
        request: u32,
        /// Who asked.
        operator: OperatorName,
    },
    /// The order that a request is for was carried out otherwise.
    #[error("order {reference} made license {license} already")]
    MadeAlready {
        /// The reference.
        reference: OrderReference,
        /// The license that it made or changed.
        license: LicenseNumber,
    },
    /// The operator's role does not allow it.
    #[error("operator {operator} is {}, and may not {}", .role.name(), .permission.sentence())]
    NotAllowed {
        /// Who.
        operator: OperatorName,
        /// What they are.
        role: Role,
        /// What they wanted.
        permission: Permission,
    },
    /// No partner of this number or name.
    #[error("there is no account {0:?}")]
    UnknownAccount(String),
    /// A partner has this name already.
    #[error("account {number} is called {name:?} already", name = .name.as_str())]
    AccountExists {
        /// The name.
        name: Name,
        /// The partner that has it.
        number: AccountNumber,
    },
    /// A name of digits only, which would be taken for a partner's number.
    #[error("an account cannot be called {0:?}: digits always mean an account's number")]
    NumberAsAccount(String),
    /// The partner that the operator works for sells no more.
    #[error("operator {operator} works for account {account}, which is not active")]
    AccountLeft {
        /// Who.
        operator: OperatorName,
        /// For whom.
        account: AccountNumber,
    },
    /// What the vendor's own operators do.
    #[error("account {account} is a partner's, and may not {}: the vendor does that", .permission.sentence())]
    VendorAlone {
        /// For whom the operator works.
        account: AccountNumber,
        /// What they wanted.
        permission: Permission,
    },
    /// The vendor does not let the partner.
    #[error("account {account} may not {}", .privilege.sentence())]
    NoPrivilege {
        /// For whom the operator works.
        account: AccountNumber,
        /// What it would need.
        privilege: Privilege,
    },
    /// Another partner's customer, or the vendor's.
    #[error("customer {customer} is not a customer of account {account}")]
    OthersCustomer {
        /// For whom the operator works.
        account: AccountNumber,
        /// Which customer.
        customer: CustomerNumber,
    },
    /// A registration key of another partner.
    #[error("registration key {number} is not one of account {account}")]
    OthersKey {
        /// For whom the operator works.
        account: AccountNumber,
        /// Which key.
        number: u32,
    },
    /// What another partner has.
    #[error("account {other} is not account {account}")]
    OthersAccount {
        /// For whom the operator works.
        account: AccountNumber,
        /// Whose it is.
        other: AccountNumber,
    },
    /// Customers hear of it at least 30 days ahead.
    #[error("a notice is written {LATEST_THRESHOLD} to {EARLIEST_THRESHOLD} days ahead, and not {days}")]
    Threshold {
        /// Which was wanted.
        days: u16,
    },
    /// A partner who sells no more.
    #[error("account {0} sells no more")]
    SellsNoMore(AccountNumber),
    /// A batch of registration keys is some, and not too many.
    #[error("1 to {} registration keys are made at once, and not {wanted}", MOST_KEYS)]
    NumberOfKeys {
        /// How many were asked for.
        wanted: usize,
    },
    /// No registration key of this number.
    #[error("there is no registration key {0}")]
    UnknownKey(u32),
    /// A right row, and none that this desk made.
    #[error("this desk made no such registration key")]
    NobodysKey,
    /// Each registration key becomes one license.
    #[error("registration key {number} became license {license} of customer {customer} on {day}")]
    KeyRedeemed {
        /// Which key.
        number: u32,
        /// What it became.
        license: LicenseNumber,
        /// Whose that is.
        customer: CustomerNumber,
        /// When.
        day: Day,
    },
    /// The vendor took it back.
    #[error("registration key {number} was cancelled on {day}")]
    KeyCancelled {
        /// Which key.
        number: u32,
        /// When.
        day: Day,
    },
    /// A file that says two things of one customer.
    #[error("line {line} is of the same customer")]
    CustomerTwice {
        /// The line before.
        line: u64,
    },
    /// A row with neither number nor name.
    #[error("it has neither the number nor the name of a customer")]
    WhichCustomer,
    /// No operator of this name, or not any more.
    #[error("there is no operator {0:?}")]
    UnknownOperator(String),
    /// An operator has, or had, this name.
    #[error("there is, or was, an operator {0}")]
    OperatorExists(OperatorName),
    /// Nobody said who it is, and there are several.
    #[error("this desk has several operators")]
    WhichOperator,
    /// The passphrase is not the operator's.
    #[error("this is not the passphrase of operator {0}")]
    WrongPassphrase(OperatorName),
    /// Nobody would be left who may change operators.
    #[error("nobody would be left who may change operators")]
    LastAdministrator,
    /// The day can be wrong.
    #[error("the clock shows {today}, and the last entry of the ledger is of {last}")]
    ClockDoubtful {
        /// The day of the last event.
        last: Day,
        /// The day on the clock.
        today: Day,
    },
    /// A number that an issuing key has, or had.
    #[error("an issuing key has number {0}, or had it")]
    IssuerNumberUsed(IssuerNumber),
    /// A key that issues, or issued.
    #[error("this is the key of issuer {number}, and no new one")]
    IssuerKeyUsed {
        /// Its number.
        number: IssuerNumber,
    },
    /// A key that signs checkpoints, a partner's books or bundles.
    #[error("this key signs other things than codes")]
    SignsOtherThings,
    /// A key is prepared already.
    #[error("issuing key {0} is prepared already")]
    PreparedAlready(IssuerNumber),
    /// No key to switch to.
    #[error("{}", match .0 {
        Some(number) => format!("issuing key {number} is not prepared"),
        None => "no issuing key is prepared".to_owned(),
    })]
    NotPrepared(Option<IssuerNumber>),
    /// Installations do not know the key.
    #[error("{}", match .bundle {
        Some(bundle) => format!("installations do not know issuing key {issuer}: bundle {bundle}, the newest, does not have it"),
        None => format!("installations do not know issuing key {issuer}: no bundle was published"),
    })]
    NotInBundle {
        /// The key.
        issuer: IssuerNumber,
        /// The newest bundle.
        bundle: Option<u32>,
    },
    /// Nobody said which key, and there are several.
    #[error("this desk has had several issuing keys in use")]
    WhichKey,
    /// A stolen key stays void.
    #[error("issuing key {0} was stolen: its number and its key are never used again")]
    StaysStolen(IssuerNumber),
    /// Only codes of stolen keys are re-issued.
    #[error("issuing key {0} was not stolen")]
    NotStolen(IssuerNumber),
    /// Nothing of a license is re-issued.
    #[error("no code of license {license} that counts is of issuing key {issuer}")]
    NotOfKey {
        /// Which license.
        license: LicenseNumber,
        /// The key.
        issuer: IssuerNumber,
    },
    /// More codes of a stolen key than a bundle can list.
    #[error(
        "a bundle that lists {codes} codes would have {bytes} bytes, and hosts take at most {}",
        activation_code::MAX_BUNDLE
    )]
    ListTooLong {
        /// How many.
        codes: u64,
        /// How large it would be.
        bytes: u64,
    },
    /// Another key has taken the place of the one that signed.
    #[error("somebody else switched to another issuing key meanwhile")]
    KeyChangedMeanwhile,
    /// Somebody else changed the license, so that this would make other codes than were shown.
    #[error("somebody else changed this license meanwhile")]
    ChangedMeanwhile,
    /// The book is not what was written.
    #[error("the ledger is not sound: {findings} {}", if *.findings == 1 { "finding" } else { "findings" })]
    NotSound {
        /// How much is wrong.
        findings: u64,
    },
    /// A customer cannot be purged before its licenses are over.
    #[error("customer {customer} has licenses that are not over: {}", not_over(.licenses))]
    LicensesNotOver {
        /// Whose.
        customer: CustomerNumber,
        /// Each with the last day on which it is not over.
        licenses: Vec<(LicenseNumber, Day)>,
    },
    /// Somebody asked for something for a customer, and nobody has answered.
    #[error("request {request} for customer {customer} waits for a second operator")]
    RequestWaits {
        /// For whom.
        customer: CustomerNumber,
        /// Which.
        request: u32,
    },
    /// Nothing is known of the customer any more.
    #[error("customer {customer} was purged on {day}")]
    CustomerPurged {
        /// Who.
        customer: CustomerNumber,
        /// When.
        day: Day,
    },
    /// The key of the checkpoints is one that signs codes.
    #[error("the ledger key is the key of issuer {0}, which signs codes and nothing else")]
    SignsCodes(IssuerNumber),
    /// A backup of another desk.
    #[error("it is of another desk")]
    OtherDesk,
    /// Printed codes that are not read in.
    #[error("{}", import::problems(.0))]
    Import(Vec<ImportProblem>),
}

/// Licenses that a sentence names.
const MOST_NAMED: usize = 20;

fn not_over(licenses: &[(LicenseNumber, Day)]) -> String {
    let named = licenses.iter().take(MOST_NAMED).map(|(license, last)| format!("license {license} until {last}"));
    let mut text = named.collect::<Vec<_>>().join(", ");
    if let more @ 1.. = licenses.len().saturating_sub(MOST_NAMED) {
        text.push_str(&format!(", and {more} more"));
    }
    text
}

fn like(wrong: &TypingFaults) -> String {
    format!(", or one like it: {wrong}")
}
