//! The one wrapper at the program's edge: a sentence, a hint, an exit code.

use activation_host::program::Exit;
use countersign::desk::{AnotherBook, DeskFault, Refused};
use countersign::ledger::LedgerFault;
use std::path::Path;

/// Why a command did not do its work.
#[derive(Debug)]
pub struct Failure {
    /// What was found, where, and what was wanted.
    pub sentence: String,
    /// What to do about it.
    pub hint: Option<String>,
    pub exit: Exit,
}

impl Failure {
    /// Could not tell or could not do.
    pub fn could_not(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), hint: None, exit: Exit::CouldNot }
    }

    /// Understood, and the answer is no.
    pub fn no(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), hint: None, exit: Exit::No }
    }

    /// A backup that cannot be used.
    pub fn of_backup(path: &Path, fault: LedgerFault) -> Self {
        let hint = match &fault {
            LedgerFault::Newer { .. } => "install a newer release of countersign",
            LedgerFault::Full => "make room on the disk of the desk's folder; the ledger is as it was",
            _ => "name a file that `countersign backup` made, which this user may read; the ledger is as it was",
        };
        Self::could_not(format!("{}: {fault}", path.display())).hint(hint)
    }

    /// A command that changes what is named, and nothing is.
    pub fn nothing_to_change() -> Self {
        Self::could_not("nothing was said that could be changed").hint("run it with --help to see what can be")
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<DeskFault> for Failure {
    fn from(fault: DeskFault) -> Self {
        match fault {
            DeskFault::Refused(refused) => refused.into(),
            DeskFault::Ledger(fault) => fault.into(),
            DeskFault::Signer(_) => Self::could_not(fault.to_string()),
            DeskFault::Passphrase => Self::could_not(fault.to_string()).hint("give a shorter passphrase"),
            DeskFault::NoIssuer => Self::could_not(fault.to_string())
                .hint("`countersign issuer` shows the issuing keys and what became of them"),
            DeskFault::OtherKey { .. } => Self::could_not(fault.to_string())
                .hint("keep each desk's folder whole: its key file and its ledger belong together"),
            DeskFault::Copy(LedgerFault::Full) => {
                Self::could_not(fault.to_string()).hint("choose a disk with more room; the ledger is as it was")
            }
            DeskFault::Copy(_) => Self::could_not(fault.to_string())
                .hint("choose a folder that exists, where this user may write; the ledger is as it was"),
            DeskFault::CopyDiffers => Self::could_not(fault.to_string())
                .hint("look after the disk that the copy was written to; the ledger is as it was"),
            DeskFault::CheckpointDoesNotVerify => {
                Self::could_not(fault.to_string()).hint("restore the ledger key from its backup")
            }
            DeskFault::DoesNotVerify { .. } | DeskFault::NotReadable { .. } | DeskFault::ClockResetDoesNotVerify => {
                Self::could_not(fault.to_string())
                    .hint("the ledger or the key was changed by somebody; restore a backup")
            }
        }
    }
}

impl From<LedgerFault> for Failure {
    fn from(fault: LedgerFault) -> Self {
        let hint = match &fault {
            LedgerFault::Locked => "wait until the other desk has finished, and run the same command again",
            LedgerFault::InUse => "let the other desks finish, close those that wait for an answer, and run it again",
            LedgerFault::ReadOnly => "let this user write to the desk's folder and to the files in it",
            LedgerFault::Full => "make room on the disk and run the same command again; nothing was lost",
            LedgerFault::CannotOpen => "see that the desk's folder is there and this user may write to it",
            LedgerFault::Folder(_) => "keep the desk's folder on a local disk, where this user may write to it",
            LedgerFault::Disk(_) | LedgerFault::NotSynced(_) => {
                "look after the disk and take a copy with `countersign backup FILE` on another one; a code that was \
                 printed is safe"
            }
            LedgerFault::Damaged | LedgerFault::Record { .. } | LedgerFault::Event { .. } => {
                "`countersign audit verify` names what is damaged; `countersign restore BACKUP` puts the last backup \
                 back and keeps the damaged ledger beside it"
            }
            LedgerFault::NotALedger => {
                "`countersign restore BACKUP` puts the last backup back and keeps this file beside it"
            }
            LedgerFault::Older { .. } => {
                "`countersign list` brings the desk's ledger to this release; then do it again"
            }
            LedgerFault::Newer { .. } | LedgerFault::OtherSchema { .. } => {
                "use the release of countersign that the ledger was last opened with"
            }
            LedgerFault::NotDurable { .. } => "keep the desk's folder on a local disk",
            LedgerFault::Sqlite(_) => "run the same command again; if it stays, `countersign restore BACKUP`",
        };
        Self::could_not(DeskFault::Ledger(fault).to_string()).hint(hint)
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let hint = match &refused {
            Refused::UnknownProduct(_) => "`countersign product list` shows the catalogue",
            Refused::UnknownCustomer(_) => "`countersign customer list` shows the customers, `customer add` makes one",
            Refused::UnknownLicense(_) => "`countersign list` shows the licenses",
            Refused::UnknownEmail(_) => "`countersign search TEXT` looks for parts of names and for much else",
            Refused::NothingCounted => {
                "on the host, note the units in use with `activation sites total UNITS`, and make the report again"
            }
            Refused::UsageOfNoRevision { .. }
            | Refused::UsageOfOtherProduct { .. }
            | Refused::UsageBeforeIssue { .. } => {
                "ask which desk issued the code, and whether the report was changed; `countersign history` shows the codes"
            }
            Refused::UsageInTheFuture { .. } => {
                "the host's clock is wrong: `activation request --clock` there, `countersign clock-reset` here"
            }
            Refused::UnknownOrder(_) => {
                "give the reference as it was ordered; `countersign search` looks for much else"
            }
            Refused::OwnsNothing(_) => {
                "`countersign issue` makes a license; one that was transferred is its new owner's"
            }
            Refused::NoRow(_) => {
                "give one row as it is printed, up to five groups of five letters or eight of five digits; or the whole code"
            }
            Refused::NobodysRow { wrong: Some(_) } => "compare it with the paper, or give another row",
            Refused::NobodysRow { wrong: None } => {
                "it is typed correctly, and of another desk's code, or of one that this ledger does not have"
            }
            Refused::NotInLedger { .. } => {
                "the ledger is older than the code: put the newest backup back, and read printed codes in again"
            }
            Refused::ProductExists { .. } | Refused::MnemonicTaken { .. } => "choose another id or mnemonic",
            Refused::NumberAsName(_) => "add a word to the name",
            Refused::CustomerExists { .. } => "use that customer, or add a place or department to the name",
            Refused::Members => "give each member with --member, by id or mnemonic, after it was added itself",
            Refused::Kind { .. } => "leave --kind out for what the product sells, or use --kind evaluation",
            Refused::Terms(_) => {
                "a code carries at most 8192 days, beginning within 2048 days before or 2047 after today"
            }
            Refused::OtherTerms { .. } => "give a new --order for a new code, or the recorded terms for the same one",
            Refused::WaitsOtherwise { .. } => {
                "give the terms that wait, or take them back with `countersign reject REQUEST`"
            }
            Refused::UnknownIssuer(_) => "`countersign issuer` shows the issuing keys",
            Refused::AsksForClockReset => "`countersign clock-reset ROW` signs one",
            Refused::AsksForCode => {
                "`countersign issue --request ROW` makes one; the host asks with `activation request --clock`"
            }
            Refused::HostsOtherProduct { .. } => {
                "ask on the host for the product that was sold, or name that one; suites and one family fit too"
            }
            Refused::BoundAlready { .. } => "`countersign reprint LICENSE --host HEX8` gives its codes out again",
            Refused::NotBound { .. } => "`countersign issue --request ROW` binds it, with the row that the host shows",
            Refused::PartnerBinds(_) => "issue a license of its own for the host, with its request, or ask the vendor",
            Refused::NoResetDay { .. } => "leave --day out for today, or give an earlier one",
            Refused::IssuerLimit { .. } => "`countersign issuer limit N` shows what an issuing key may issue",
            Refused::UnknownBundle(_) => "`countersign bundle list` shows those that were published",
            Refused::NoRoots => "name them with --root HEX, once for each, and --roots-needed M",
            Refused::PartnersDesk => "name the vendor's desk with --desk DIR, or ask the vendor",
            Refused::VendorsDesk => "name the partner's desk with --desk DIR; `countersign init --partner` makes one",
            Refused::NoBundleLoaded => {
                "send the vendor a request (`countersign partner request FILE`), and load the bundle that comes back: \
                 `countersign partner load BUNDLE --root HEX`"
            }
            Refused::EndedByVendor { .. } => "ask the vendor; a newer bundle may say otherwise",
            Refused::NotNamed(_) => "ask the vendor for a bundle that was drafted after `countersign partner add`",
            Refused::OtherPurpose => "a desk for testing is made with `countersign init --test`, and stays one",
            Refused::BundleFork(_) => "ask the vendor on a way that you trust, with the fingerprint of both",
            Refused::OtherProduct(_) => "the catalogue is the vendor's: ask which product it is",
            Refused::NoSuchEvent { .. } => "the vendor says how far it has read: `countersign partner show N`",
            Refused::UnknownPartner(_) => "`countersign partner list` shows them",
            Refused::IssuerTaken(_) => "tell the partner a free number; it makes its desk anew with --issuer N",
            Refused::KeyTaken(_) => "each desk makes a key of its own: ask for a new request",
            Refused::PublishedKey(_) => "ask for a request of a real desk; --test makes desks for testing",
            Refused::RangeOfPartner { .. } => "`countersign partner list` shows whose license numbers are which",
            Refused::RangeUsed { .. } => "give license numbers above, as --licenses FIRST-LAST",
            Refused::NoRange { .. } => "give them with --licenses FIRST-LAST",
            Refused::PartnerEnded(_) => {
                "what was ended stays ended, and of what was stolen nothing more is imported (--preview looks at it); the \
                 partner makes a new desk with another number"
            }
            Refused::OtherLedgerKey(_) => {
                "ask the partner for the file as it was written; `countersign partner show N` shows the key"
            }
            Refused::OtherBook { why: AnotherBook::NotShown { .. }, .. } => {
                "ask for an export with an earlier --since, or without it"
            }
            Refused::OtherBook { .. } => {
                "ask the partner whether a backup was put back; --accept-other-book goes on from the other book"
            }
            Refused::Bundle(_) => "`countersign bundle show FILE` says what it has, and who signed it",
            Refused::OtherVendor { .. } => "name the file that this desk drafted",
            Refused::BundleNumber { .. } => "draft it again: `countersign bundle draft`",
            Refused::TakesBack(_) => "draft it again, from the ledger that knows all of it; put the newest backup back",
            Refused::NoNumberLeft => "open a new desk with another issuer number",
            Refused::NoRevisionLeft(_) => "issue a new license for the next period",
            Refused::UnknownRevision { .. } => "`countersign show LICENSE` shows its revisions",
            Refused::TwoCustomers { .. } => "give the customer's number",
            Refused::LifeEndsBeforeSale { .. } => "a product is sold no longer than it lives",
            Refused::NeedsNoCode(_) => "give the customer the product; nothing has to be entered",
            Refused::EndOfSale { .. } => "existing licenses can be renewed up to End of Life; sell another product",
            Refused::EndOfLife { .. } => "`countersign product list --all` shows when; upgrade to another product",
            Refused::NoSuchPeriod { .. } => "give a later --until, or a --term",
            Refused::Revoked(_) => "issue a new license; what was revoked stays revoked",
            Refused::RevokedRevision { .. } => "reprint without a revision gives the codes that count",
            Refused::RevokedBefore { .. } => "`countersign history LICENSE` shows what was revoked, and when",
            Refused::OwnedAlready { .. } => "nothing needs to be done",
            Refused::FewerUnits { .. } => {
                "`countersign downsize` renews with fewer units, with the reference of the customer's written request"
            }
            Refused::NotFewer { .. } => "`countersign renew` is for as many units or more",
            Refused::Ended { .. } => "renew it as well: `countersign renew`, or --renew with upgrade and convert",
            Refused::RenewedAlready(_) => "leave --renew out: the renewal that was sold goes out again by itself",
            Refused::SameProduct { .. } => "nothing needs to be done",
            Refused::OtherFamily { .. } => "`countersign product change ID --family NAME` makes a family",
            Refused::LowerEdition { .. } => "let the license end, and issue a new one for the lower edition",
            Refused::OtherUnit { .. } => "say how many with --units",
            Refused::NotEvaluation { .. } => "`countersign renew` is for the next period",
            Refused::TooManyUnits { .. } | Refused::TooLong { .. } | Refused::TooFarBack { .. } => {
                "ask the administrator: `countersign limits` shows what is allowed"
            }
            Refused::TooManyUnitsForCode { .. } => "issue a second license for the rest",
            Refused::NeedsApproval { .. } => "ask for it by running the same command again",
            Refused::NeedsNoApproval => "run the command itself",
            Refused::UnknownRequest(_) | Refused::RequestDone { .. } => "`countersign requests` shows them",
            Refused::OwnRequest(_) => "another operator has to approve it",
            Refused::WithoutPassphrase(_) => "`countersign operator passphrase` sets one",
            Refused::AskerGone { .. } => "reject it, and let somebody who works here ask again",
            Refused::MadeAlready { .. } => "the same order again prints the codes; `countersign reject` ends a request",
            Refused::NotAllowed { .. } => "ask somebody who may: `countersign operator list` shows the roles",
            Refused::UnknownAccount(_) => "`countersign account list` shows the partners, `account add` makes one",
            Refused::AccountExists { .. } => "use that account, or add a place or department to the name",
            Refused::NumberAsAccount(_) => "add a word to the name",
            Refused::AccountLeft { .. } => "the vendor brings it back with `countersign account change N --activate`",
            Refused::VendorAlone { .. } => "ask the vendor's license desk",
            Refused::NoPrivilege { .. } => {
                "the vendor gives privileges with `countersign account change N --privileges LIST`"
            }
            Refused::OthersCustomer { .. } => {
                "the vendor says whose it is with `countersign customer change N --reseller ACCOUNT`"
            }
            Refused::OthersKey { .. } => "only the partner that hands a key out, or the vendor, redeems it",
            Refused::OthersAccount { .. } => "give the number of the account that you work for, or ask the vendor",
            Refused::Threshold { .. } => "leave --threshold out for 60 and 30 days",
            Refused::SellsNoMore(_) => "`countersign account change N --activate` brings it back",
            Refused::NumberOfKeys { .. } => "make them in several batches",
            Refused::UnknownKey(_) => "`countersign registration-key list` shows them",
            Refused::NobodysKey => "it is typed correctly: ask who handed it out, and whether it is of another vendor",
            Refused::KeyRedeemed { .. } => {
                "`countersign reprint LICENSE` prints its code again; a license that is wrong is revoked"
            }
            Refused::KeyCancelled { .. } => "ask the partner who handed it out for another one",
            Refused::CustomerTwice { .. } => "leave one line for each customer",
            Refused::WhichCustomer => "give a number, or a name",
            Refused::UnknownOperator(_) => "`countersign operator list` shows the operators",
            Refused::OperatorExists(_) => "choose another name: the book must never mean two people by one",
            Refused::WhichOperator => "say who works with --operator NAME, or in COUNTERSIGN_OPERATOR",
            Refused::WrongPassphrase(_) => "type the operator's own passphrase again, not that of the issuing key",
            Refused::LastAdministrator => "add another administrator first",
            Refused::ClockDoubtful { .. } => {
                "set the clock; if it is right, say so with --clock-is-right (--yes is not enough)"
            }
            Refused::NotSound { .. } => {
                "`countersign audit verify` names what is wrong; `countersign restore BACKUP` puts a sound backup back"
            }
            Refused::LicensesNotOver { .. } => {
                "wait, or revoke what was issued wrongly; a product past its End of Life ends its licenses too"
            }
            Refused::RequestWaits { .. } => "`countersign approve` or `countersign reject` answers it",
            Refused::CustomerPurged { .. } => {
                "register it anew as another customer; `countersign transfer` gives that one a license"
            }
            Refused::SignsCodes(_) => "move ledger.key out of the desk's folder; the next checkpoint makes another one",
            Refused::OtherDesk => {
                "name the folder of that desk with --desk DIR; --other-desk puts it here all the same"
            }
            Refused::Import(_) => {
                "nothing was read in: mend or remove these codes, and give --customer for licenses that are not known"
            }
            Refused::IssuerNumberUsed(_) => {
                "where a key file of that number is in the desk's folder, put the right one there or move it away"
            }
            Refused::KeyChangedMeanwhile => "run the same command again",
            Refused::IssuerKeyUsed { .. } | Refused::SignsOtherThings => {
                "put that key file back where it belongs, and run the same command again for a new key"
            }
            Refused::PreparedAlready(_) => {
                "`countersign key rotate` switches to it; --spare makes one more, to be kept elsewhere"
            }
            Refused::NotPrepared(_) => "`countersign key new` makes one; `countersign issuer` shows what there is",
            Refused::NotInBundle { .. } => {
                "`countersign bundle draft`, let the roots sign it, `countersign bundle publish`, then `key rotate`; \
                 a desk whose products have the keys compiled in says --without-bundle"
            }
            Refused::WhichKey => "give its number: `countersign issuer` shows the keys and what became of them",
            Refused::StaysStolen(_) => "`countersign key new` makes another one",
            Refused::NotStolen(_) => "`countersign key lost NUMBER` says that a key was stolen",
            Refused::NotOfKey { .. } => "nothing needs to be done",
            Refused::ListTooLong { .. } => "use --reissue: codes that were re-issued need not be listed",
            Refused::ChangedMeanwhile => "run the same command again, and look at the terms",
        };
        let mut sentence = refused.to_string();
        if let Refused::OtherTerms { recorded, wanted, .. } | Refused::WaitsOtherwise { recorded, wanted, .. } =
            &refused
        {
            sentence = format!("{sentence}\nrecorded:      {recorded}\nasked for now: {wanted}");
        }
        Self::no(sentence).hint(hint)
    }
}
