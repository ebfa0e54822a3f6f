//! The one wrapper at the program's edge: a sentence, a hint, an exit code.

use activation_host::program::Exit;
use activation_host::sentences;
use countersign::desk::{DeskFault, Refused};
use countersign::ledger::{Entry, LedgerFault};

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
            DeskFault::OtherKey { .. } | DeskFault::NoIssuer => Self::could_not(fault.to_string())
                .hint("keep each desk's folder whole: its key file and its ledger belong together"),
            DeskFault::DoesNotVerify { .. } | DeskFault::NotReadable { .. } => Self::could_not(fault.to_string())
                .hint("the ledger or the key was changed by somebody; restore a backup"),
        }
    }
}

impl From<LedgerFault> for Failure {
    fn from(fault: LedgerFault) -> Self {
        let hint = match &fault {
            LedgerFault::Locked => "wait until the other desk has finished, and run the same command again",
            LedgerFault::ReadOnly => "let this user write to the desk's folder and to the files in it",
            LedgerFault::Full => "make room on the disk and run the same command again; nothing was lost",
            LedgerFault::CannotOpen => "see that the desk's folder is there and this user may write to it",
            LedgerFault::Disk(_) | LedgerFault::NotSynced(_) => {
                "look after the disk, then run the same command again; a code that was printed is safe"
            }
            LedgerFault::Damaged | LedgerFault::NotALedger | LedgerFault::Record { .. } => {
                "restore the desk's folder from a backup; keep the damaged one for inspection"
            }
            LedgerFault::Newer { .. } => "install a newer release of countersign",
            LedgerFault::NotDurable { .. } => "keep the desk's folder on a local disk",
            LedgerFault::Sqlite(_) => "run the same command again; if it stays, restore a backup",
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
            Refused::ProductExists { .. } | Refused::MnemonicTaken { .. } => "choose another id or mnemonic",
            Refused::NumberAsName(_) => "add a word to the name",
            Refused::CustomerExists { .. } => "use that customer, or add a place or department to the name",
            Refused::Members => "give each member with --member, by id or mnemonic, after it was added itself",
            Refused::Kind { .. } => "leave --kind out for what the product sells, or use --kind evaluation",
            Refused::Terms(_) => {
                "a code carries at most 8192 days, beginning within 2048 days before or 2047 after today"
            }
            Refused::OtherTerms { .. } => "give a new --order for a new code, or the recorded terms for the same one",
            Refused::NoNumberLeft => "open a new desk with another issuer number",
        };
        let mut sentence = refused.to_string();
        if let Refused::OtherTerms { recorded, wanted, .. } = &refused {
            sentence =
                format!("{sentence}\nrecorded:\n{}asked for now:\n{}", entry(recorded), entry(wanted).trim_end());
        }
        Self::no(sentence).hint(hint)
    }
}

fn entry(entry: &Entry) -> String {
    format!("  customer     {}\n{}", entry.customer, sentences::terms(&entry.terms))
}
