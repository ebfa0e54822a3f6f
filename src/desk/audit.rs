//! Whether the book is what was written, and what proves it elsewhere.

use super::catalogue::write_ledger_key;
use super::checkpoint::{Checkpoint, NotedHead, refuse_issuer};
use super::issuing::trust;
use super::operators::{Permission, Session};
use super::{DeskFault, Refused};
use crate::hex::Hex;
use crate::ledger::{Action, Audit, Event, Ledger, LedgerFault, Link, OperatorName, Question, Sequence};
use crate::signer::Signer;
use activation_code::{Day, PublicKey};
use serde_json::json;
use std::collections::BTreeMap;

/// What is kept elsewhere and is held against the book.
#[derive(Default)]
pub struct Witnesses<'a> {
    /// Checkpoints.
    pub checkpoints: &'a [Checkpoint],
    /// Heads that somebody wrote down.
    pub heads: &'a [NotedHead],
    /// Keys of checkpoints that are trusted though the ledger may not know them.
    pub keys: &'a [PublicKey],
}

/// Why the book is not what a witness says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contradiction {
    /// The checkpoint is of another desk.
    OtherDesk,
    /// The key is neither the ledger's nor one that was given.
    UnknownKey,
    /// The key has not signed it.
    BadSignature,
    /// The book has fewer events: its end was cut off, or an old copy put back.
    Shorter,
    /// The event has another link: the book was written anew.
    Other,
}

impl Contradiction {
    /// Its name, for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OtherDesk => "other-desk",
            Self::UnknownKey => "unknown-key",
            Self::BadSignature => "bad-signature",
            Self::Shorter => "shorter",
            Self::Other => "other",
        }
    }
}

/// What was found out about a book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What the ledger shows of itself.
    pub audit: Audit,
    /// For each checkpoint what speaks against it.
    pub checkpoints: Vec<Option<Contradiction>>,
    /// For each head that was written down.
    pub heads: Vec<Option<Contradiction>>,
    /// When a backup was last put in the place of the ledger, as the book says.
    pub restored: Option<PutBack>,
}

/// That a backup was put in the place of a ledger: what was after it is not in the book any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutBack {
    /// The event that says so, the first one after the backup.
    pub event: Sequence,
    /// When.
    pub day: Day,
    /// By whom.
    pub operator: OperatorName,
}

impl Verdict {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.findings() == 0
    }

    /// Whether nothing is wrong but that `witnesses` are of a book that a restore has ended.
    pub fn is_explained_by_a_restore(&self, witnesses: &Witnesses<'_>) -> bool {
        let Some(PutBack { event, .. }) = &self.restored else { return false };
        let places = witnesses.checkpoints.iter().map(|checkpoint| checkpoint.events);
        let places = places.chain(witnesses.heads.iter().map(|head| head.events));
        let mut said = places.zip(self.checkpoints.iter().chain(&self.heads));
        let lost = |(events, why): (Sequence, &Option<Contradiction>)| match why {
            None => true,
            Some(Contradiction::Shorter | Contradiction::Other) => events >= *event,
            Some(_) => false,
        };
        self.audit.findings.count() == 0 && said.all(lost)
    }

    /// How many things are wrong.
    pub fn findings(&self) -> u64 {
        let contradicted = self.checkpoints.iter().chain(&self.heads).flatten().count() as u64;
        self.audit.findings.count() + contradicted
    }
}

/// Whether the signatures of the codes are looked at too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signatures {
    /// No: the book has digests of them.
    Trusted,
    /// Each, with the verifier that ships in products.
    Verified,
}

/// Looks at everything in a ledger, and changes nothing. Everybody may.
///
/// # Errors
/// The ledger cannot be read at all; what is wrong with it is no error.
pub fn audit(
    ledger: &mut Ledger,
    witnesses: &Witnesses<'_>,
    signatures: Signatures,
    progress: &dyn Fn(u64, u64),
) -> Result<Verdict, DeskFault> {
    // Where no issuing key can be read, no code is signed by one.
    let trust = ledger.read(|book| book.issuers()).ok().and_then(|issuers| trust(&issuers).ok());
    let is_signed = |code| trust.as_ref().is_some_and(|trust| trust.verify(code).is_ok());
    let places = witnesses.checkpoints.iter().map(|checkpoint| checkpoint.events);
    let question = Question {
        places: places.chain(witnesses.heads.iter().map(|head| head.events)).collect(),
        is_signed: (signatures == Signatures::Verified).then_some(&is_signed),
        progress: Some(progress),
    };
    let audit = ledger.audit(&question)?;
    // A damaged table of keys is a finding of the audit; the checkpoints then need a key that is given.
    let mut keys = ledger.read(|book| book.ledger_keys()).unwrap_or_default();
    keys.extend(witnesses.keys);
    let checkpoints = witnesses.checkpoints.iter().map(|checkpoint| {
        if audit.identity.as_ref() != Some(&checkpoint.desk) {
            return Some(Contradiction::OtherDesk);
        }
        if !keys.contains(&checkpoint.key) {
            return Some(Contradiction::UnknownKey);
        }
        if !checkpoint.is_signed() {
            return Some(Contradiction::BadSignature);
        }
        contradiction(&audit.links, checkpoint.events, |link| *link == checkpoint.link)
    });
    let checkpoints = checkpoints.collect();
    let heads = witnesses.heads.iter();
    let heads = heads.map(|head| contradiction(&audit.links, head.events, |link| head.is_of(link))).collect();
    let restored = ledger.read(|book| book.last_event_of(Action::Restored)).ok().flatten();
    let restored = restored.map(|Event { sequence, day, operator, .. }| PutBack { event: sequence, day, operator });
    Ok(Verdict { audit, checkpoints, heads, restored })
}

fn contradiction(
    links: &BTreeMap<Sequence, Link>,
    events: Sequence,
    is_it: impl Fn(&Link) -> bool,
) -> Option<Contradiction> {
    match links.get(&events) {
        None => Some(Contradiction::Shorter),
        Some(link) if is_it(link) => None,
        Some(_) => Some(Contradiction::Other),
    }
}

/// Signs how far the book goes, to be kept elsewhere. The event that says so comes after what it covers.
///
/// # Errors
/// The operator may not, or something is wrong with the book: a checkpoint would vouch for it.
pub fn sign_checkpoint(
    ledger: &mut Ledger,
    session: &Session,
    signer: &dyn Signer,
    progress: &dyn Fn(u64, u64),
) -> Result<Checkpoint, DeskFault> {
    ledger.read(|book| session.begin(book, Permission::KeepBook).map(drop))?;
    let verdict = audit(ledger, &Witnesses::default(), Signatures::Trusted, progress)?;
    if !verdict.is_sound() {
        return Err(Refused::NotSound { findings: verdict.findings() }.into());
    }
    let key = signer.public_key();
    // Known before it signs, so that the checkpoint covers that too.
    ledger.write(|book| {
        let by = session.begin(book, Permission::KeepBook)?;
        refuse_issuer(&key, &book.issuers()?)?;
        if !book.ledger_keys()?.contains(&key) {
            write_ledger_key(book, &by, &key)?;
        }
        Ok::<_, DeskFault>(())
    })?;
    let checkpoint = ledger.read(|book| {
        let head = book.head()?.ok_or(LedgerFault::Record { what: "the book" })?;
        Checkpoint::sign(signer, &book.issuers()?, book.desk()?.identity, head, session.today)
    })?;
    ledger.write(|book| {
        let by = session.begin(book, Permission::KeepBook)?;
        let Checkpoint { events, link, .. } = &checkpoint;
        let facts = json!({"events": events, "link": Hex(link).to_string(), "key": key.to_string()});
        book.record(&by, Action::CheckpointSigned, None, facts.to_string())?;
        Ok(checkpoint)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restore_explains_that_witnesses_of_what_was_after_it_are_contradicted() {
        use Contradiction::{BadSignature, Other, OtherDesk, Shorter};
        let restored = PutBack { event: 5, day: "2027-03-05".parse().unwrap(), operator: OperatorName::first() };
        let verdict = |why: Option<Contradiction>| Verdict {
            audit: Audit::default(),
            checkpoints: Vec::new(),
            heads: vec![why],
            restored: Some(restored.clone()),
        };
        let explained = |events: Sequence, verdict: &Verdict| {
            let heads = [NotedHead::of(events, &[7; 32])];
            verdict.is_explained_by_a_restore(&Witnesses { heads: &heads, ..Witnesses::default() })
        };
        for why in [Shorter, Other] {
            let found: Vec<bool> = (4..=6).map(|events| explained(events, &verdict(Some(why)))).collect();
            assert_eq!(found, [false, true, true], "{why:?}");
        }
        assert!(explained(4, &verdict(None)));
        for why in [OtherDesk, BadSignature] {
            assert!(!explained(6, &verdict(Some(why))), "{why:?}");
        }
        let never = Verdict { restored: None, ..verdict(Some(Other)) };
        assert!(!explained(6, &never));
        let mut damaged = verdict(Some(Other));
        damaged.audit.findings.more = 1;
        assert!(!explained(6, &damaged));
        damaged.heads = vec![None];
        assert!(!explained(6, &damaged));
    }
}
