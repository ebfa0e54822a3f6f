//! What installations are told: bundles, what keys may issue, what partners issued, what is revoked.

use super::chain::{Head, Link, Sequence, Table};
use super::{Book, LedgerFault, LicenseRecord, Name, Outcome, statements};
use activation_code::{Day, IssuerLimits, IssuerNumber, LicenseNumber, PublicKey, Revision, SIGNATURE_BYTES, Terms};
use rusqlite::Row;
use rusqlite::types::Value;

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The one of this name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|it| it.name() == name)
            }
        }
    };
}

names! {
    /// Whose desk it is.
    DeskRole {
        /// The vendor's: it drafts trust bundles.
        Vendor "vendor",
        /// A partner's: it issues what the vendor's bundle allows.
        Partner "partner",
    }
}

names! {
    /// What becomes of the codes of an issuing key.
    IssuerState {
        /// Made, and not known to installations yet.
        Prepared "prepared",
        /// It signs codes, or may.
        InUse "in-use",
        /// It signs no more; what it signed stays good.
        Retired "retired",
        /// It was stolen: of its codes only those that the bundle lists are good.
        Stolen "stolen",
    }
}

/// What the desk says of itself to installations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustSettings {
    /// Whose desk it is.
    pub role: DeskRole,
    /// Whether its codes are for testing only.
    pub test: bool,
    /// Whom customers ask, a line each.
    pub contact: Vec<Name>,
}

impl Default for TrustSettings {
    fn default() -> Self {
        Self { role: DeskRole::Vendor, test: false, contact: Vec::new() }
    }
}

/// What an issuing key may issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerRule {
    /// Which.
    pub issuer: IssuerNumber,
    /// What becomes of its codes.
    pub state: IssuerState,
    /// What installations accept of it.
    pub limits: IssuerLimits,
}

impl IssuerRule {
    /// Of a key of which nothing was said: it may issue everything.
    pub fn unlimited(issuer: IssuerNumber) -> Self {
        Self { issuer, state: IssuerState::InUse, limits: IssuerLimits::default() }
    }
}

/// A bundle that was given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedBundle {
    /// Its number.
    pub number: u32,
    /// When it was made.
    pub issued: Day,
    /// The whole file.
    pub text: String,
}

/// A partner whose desk issues with a key of its own (domain rule D15).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partner {
    /// The number of its issuing key.
    pub issuer: IssuerNumber,
    /// Its name.
    pub name: Name,
    /// What it issues with.
    pub key: PublicKey,
    /// What it signs the copies of its ledger with.
    pub ledger_key: PublicKey,
    /// What tells its book from others: 16 hex digits.
    pub desk: String,
    /// What becomes of its codes.
    pub state: IssuerState,
    /// What installations accept of it.
    pub limits: IssuerLimits,
    /// How many units it may have issued at most; `None`: any number.
    pub allotment: Option<u32>,
    /// Since when.
    pub created: Day,
}

/// A code that a partner issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerCode {
    /// The number of the key that signed it.
    pub issuer: IssuerNumber,
    /// What it says.
    pub terms: Terms,
    /// Its signature.
    pub signature: [u8; SIGNATURE_BYTES],
}

impl Book<'_> {
    /// What the desk says of itself.
    ///
    /// # Errors
    /// Those of the ledger, as everywhere here.
    pub fn trust_settings(&self) -> Outcome<TrustSettings> {
        let settings = self.row(statements::TRUST, [1], |row| {
            let damaged = || LedgerFault::Record { what: "what the desk says of itself" };
            let contact: String = row.get(3)?;
            Ok(TrustSettings {
                role: DeskRole::from_name(&row.get::<_, String>(1)?).ok_or_else(damaged)?,
                test: row.get(2)?,
                contact: contact.lines().map(|line| line.parse().map_err(|_| damaged())).collect::<Result<_, _>>()?,
            })
        })?;
        Ok(settings.unwrap_or_default())
    }

    /// Records what the desk says of itself.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn put_trust_settings(&self, settings: &TrustSettings) -> Outcome<()> {
        let contact: Vec<&str> = settings.contact.iter().map(Name::as_str).collect();
        self.put(
            Table::Trust,
            "1",
            statements::PUT_TRUST,
            [
                1.into(),
                settings.role.name().to_owned().into(),
                settings.test.into(),
                contact.join("\n").into(),
                Value::Integer(self.next_event()? as i64),
            ],
        )
    }

    /// What was said of the issuing keys of this desk, by number.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn issuer_rules(&self) -> Outcome<Vec<IssuerRule>> {
        self.rows(statements::ISSUER_RULES, [], issuer_rule)
    }

    /// What an issuing key of this desk may issue.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn issuer_rule(&self, issuer: IssuerNumber) -> Outcome<IssuerRule> {
        let rule = self.row(statements::ISSUER_RULE, [issuer.get()], issuer_rule)?;
        Ok(rule.unwrap_or_else(|| IssuerRule::unlimited(issuer)))
    }

    /// Records what an issuing key of this desk may issue.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn put_issuer_rule(&self, rule: &IssuerRule) -> Outcome<()> {
        self.put(
            Table::IssuerRule,
            &rule.issuer.to_string(),
            statements::PUT_ISSUER_RULE,
            [
                rule.issuer.get().into(),
                rule.state.name().to_owned().into(),
                rule.limits.to_string().trim_start().to_owned().into(),
                Value::Integer(self.next_event()? as i64),
            ],
        )
    }

    /// The newest bundle that was given out.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn last_bundle(&self) -> Outcome<Option<PublishedBundle>> {
        self.row(statements::LAST_BUNDLE, [], bundle)
    }

    /// The bundle of this number.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn bundle(&self, number: u32) -> Outcome<Option<PublishedBundle>> {
        self.row(statements::BUNDLE, [number], bundle)
    }

    /// Numbers and days of the bundles that were given out, oldest first.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn bundle_numbers(&self) -> Outcome<Vec<(u32, Day)>> {
        self.rows(statements::BUNDLE_NUMBERS, [], |row| {
            let damaged = || LedgerFault::Record { what: "a bundle" };
            Ok((row.get(0)?, row.get::<_, String>(1)?.parse().map_err(|_| damaged())?))
        })
    }

    /// Records a bundle that was given out.
    ///
    /// # Errors
    /// Those of the ledger; there is one of this number.
    pub fn insert_bundle(&self, bundle: &PublishedBundle) -> Outcome<()> {
        self.put(
            Table::Bundle,
            &bundle.number.to_string(),
            statements::INSERT_BUNDLE,
            [
                bundle.number.into(),
                bundle.issued.to_string().into(),
                bundle.text.clone().into(),
                Value::Integer(self.next_event()? as i64),
            ],
        )
    }

    /// The partners, by the number of their keys.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn partners(&self) -> Outcome<Vec<Partner>> {
        self.rows(statements::PARTNERS, [], partner)
    }

    /// The partner that issues under this number.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn partner(&self, issuer: IssuerNumber) -> Outcome<Option<Partner>> {
        self.row(statements::PARTNER, [issuer.get()], partner)
    }

    /// Records a partner, or what it may issue from now on.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn put_partner(&self, partner: &Partner) -> Outcome<()> {
        self.put(
            Table::Partner,
            &partner.issuer.to_string(),
            statements::PUT_PARTNER,
            [
                partner.issuer.get().into(),
                partner.name.to_string().into(),
                partner.key.to_string().into(),
                partner.ledger_key.to_string().into(),
                partner.desk.clone().into(),
                partner.state.name().to_owned().into(),
                partner.limits.to_string().trim_start().to_owned().into(),
                partner.allotment.map_or(Value::Null, Value::from),
                partner.created.to_string().into(),
                Value::Integer(self.next_event()? as i64),
            ],
        )
    }

    /// How far the book of a partner was read.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn partner_head(&self, issuer: IssuerNumber) -> Outcome<Option<Head>> {
        self.row(statements::PARTNER_BOOK, [issuer.get()], |row| {
            let damaged = || LedgerFault::Record { what: "a partner's book" };
            Ok(Head {
                sequence: row.get(1)?,
                day: row.get::<_, String>(2)?.parse().map_err(|_| damaged())?,
                link: row.get::<_, Link>(3)?,
            })
        })
    }

    /// The event that says what was found when the book of a partner was read.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn partner_book_event(&self, issuer: IssuerNumber) -> Outcome<Option<Sequence>> {
        self.row(statements::PARTNER_BOOK, [issuer.get()], |row| Ok(row.get(4)?))
    }

    /// Records how far the book of a partner was read.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn put_partner_head(&self, issuer: IssuerNumber, head: &Head) -> Outcome<()> {
        self.put(
            Table::PartnerBook,
            &issuer.to_string(),
            statements::PUT_PARTNER_BOOK,
            [
                issuer.get().into(),
                Value::Integer(head.sequence as i64),
                head.day.to_string().into(),
                head.link.to_vec().into(),
                Value::Integer(self.next_event()? as i64),
            ],
        )
    }

    /// At most `most` codes of a partner, by license and revision, those that come after `after`.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn partner_codes(
        &self,
        issuer: IssuerNumber,
        after: Option<(LicenseNumber, Revision)>,
        most: u32,
    ) -> Outcome<Vec<PartnerCode>> {
        let (license, revision) = after.map_or((0, 0), |(license, revision)| (license.get(), revision.get()));
        self.rows(statements::PARTNER_CODES_AFTER, (issuer.get(), license, revision, most), partner_code)
    }

    /// The code that a partner issued for a license under a revision.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn partner_code(
        &self,
        issuer: IssuerNumber,
        license: LicenseNumber,
        revision: Revision,
    ) -> Outcome<Option<PartnerCode>> {
        let key = (issuer.get(), license.get(), revision.get());
        self.row(statements::PARTNER_CODE, key, partner_code)
    }

    /// Records a code of a partner.
    ///
    /// # Errors
    /// Those of the ledger; there is one of this number and revision.
    pub fn insert_partner_code(&self, code: &PartnerCode) -> Outcome<()> {
        let payload = code.terms.to_payload().map_err(|_| LedgerFault::Record { what: "a partner's code" })?;
        let Terms { license, revision, .. } = code.terms;
        self.put(
            Table::PartnerCode,
            &format!("{}/{license}/{revision}", code.issuer),
            statements::INSERT_PARTNER_CODE,
            [
                code.issuer.get().into(),
                license.get().into(),
                revision.get().into(),
                payload.to_vec().into(),
                code.signature.to_vec().into(),
                Value::Integer(self.next_event()? as i64),
            ],
        )
    }

    /// What is revoked, by license: the lowest revision that is still good, `None`: none is.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn revoked(&self) -> Outcome<Vec<(LicenseNumber, Option<Revision>)>> {
        let mut all = self.rows(statements::REVOKED, [], revoked)?;
        all.extend(self.rows(statements::REVOCATIONS, [], revoked)?);
        all.sort_unstable_by_key(|(license, _)| *license);
        Ok(all)
    }

    /// What is revoked of a license that is not in this ledger, as [`LicenseRecord::good_from`] has it.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn revocation(&self, license: LicenseNumber) -> Outcome<Option<u16>> {
        self.row(statements::REVOCATION, [license.get()], |row| Ok(row.get(1)?))
    }

    /// Records what is revoked of a license that is not in this ledger.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn put_revocation(&self, license: LicenseNumber, good_from: u16) -> Outcome<()> {
        self.put(
            Table::Revocation,
            &license.to_string(),
            statements::PUT_REVOCATION,
            [license.get().into(), good_from.into(), Value::Integer(self.next_event()? as i64)],
        )
    }
}

fn issuer_rule(row: &Row<'_>) -> Outcome<IssuerRule> {
    let damaged = || LedgerFault::Record { what: "what an issuing key may issue" };
    Ok(IssuerRule {
        issuer: IssuerNumber::new(row.get(0)?).ok_or_else(damaged)?,
        state: IssuerState::from_name(&row.get::<_, String>(1)?).ok_or_else(damaged)?,
        limits: row.get::<_, String>(2)?.parse().map_err(|_| damaged())?,
    })
}

fn bundle(row: &Row<'_>) -> Outcome<PublishedBundle> {
    let damaged = || LedgerFault::Record { what: "a bundle" };
    Ok(PublishedBundle {
        number: row.get(0)?,
        issued: row.get::<_, String>(1)?.parse().map_err(|_| damaged())?,
        text: row.get(2)?,
    })
}

fn partner(row: &Row<'_>) -> Outcome<Partner> {
    let damaged = || LedgerFault::Record { what: "a partner" };
    Ok(Partner {
        issuer: IssuerNumber::new(row.get(0)?).ok_or_else(damaged)?,
        name: row.get::<_, String>(1)?.parse().map_err(|_| damaged())?,
        key: row.get::<_, String>(2)?.parse().map_err(|_| damaged())?,
        ledger_key: row.get::<_, String>(3)?.parse().map_err(|_| damaged())?,
        desk: row.get(4)?,
        state: IssuerState::from_name(&row.get::<_, String>(5)?).ok_or_else(damaged)?,
        limits: row.get::<_, String>(6)?.parse().map_err(|_| damaged())?,
        allotment: row.get(7)?,
        created: row.get::<_, String>(8)?.parse().map_err(|_| damaged())?,
    })
}

fn partner_code(row: &Row<'_>) -> Outcome<PartnerCode> {
    let damaged = || LedgerFault::Record { what: "a partner's code" };
    let payload = row.get_ref(3)?.as_blob().map_err(|_| damaged())?;
    Ok(PartnerCode {
        issuer: IssuerNumber::new(row.get(0)?).ok_or_else(damaged)?,
        terms: Terms::from_payload(payload).map_err(|_| damaged())?,
        signature: row.get(4)?,
    })
}

fn revoked(row: &Row<'_>) -> Outcome<(LicenseNumber, Option<Revision>)> {
    let damaged = || LedgerFault::Record { what: "a revocation" };
    let license = LicenseNumber::new(row.get(0)?).ok_or_else(damaged)?;
    match row.get(1)? {
        LicenseRecord::NONE_GOOD => Ok((license, None)),
        good_from => Ok((license, Some(Revision::new(good_from).ok_or_else(damaged)?))),
    }
}
