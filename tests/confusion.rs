//! No signed thing is accepted as another, not even if one key signed them all. Six kinds, each signed as each
//! other one, before the reader of each.

use activation_code::{
    ActivationCode, BUNDLE_CONTEXT, Bundle, CLOCK_RESET_CONTEXT, CONTEXT, ClockResetTerms, CodeKind, Day, HostId,
    IssuerNumber, Kind, LicenseNumber, MaintenancePeriod, Nonce, PinnedIssuer, ProductId, PublicKey, Purpose, Revision,
    Roots, SIGNATURE_BYTES, Terms, Trust, Units, UnverifiedClockReset, signature_line, to_rows,
};
use countersign::desk::Checkpoint;
use countersign::partner::{EXPORT_CONTEXT, PartnerExport, PartnerRequest, REQUEST_CONTEXT};
use countersign::signer::{Signer, SoftwareKey};

/// A kind of signed thing: what stands before what is signed, one of its kind, and its reader.
struct Signed {
    name: &'static str,
    /// As the design has it, and not as the programs do.
    context: &'static str,
    body: Vec<u8>,
    reads: fn(&[u8], &[u8; SIGNATURE_BYTES]) -> bool,
}

/// The one key of everybody.
fn key() -> SoftwareKey {
    SoftwareKey::from_seed(&[42; 32]).unwrap()
}

fn public() -> PublicKey {
    key().public_key()
}

fn sign(message: &[u8]) -> [u8; SIGNATURE_BYTES] {
    key().sign(message).unwrap()
}

const CODE: &str = "countersign/activation-code/1\0";
const CLOCK_RESET: &str = "countersign/clock-reset/1\0";
const CHECKPOINT: &str = "countersign/checkpoint/1\0";
const PARTNER_EXPORT: &str = "countersign/partner-export/1\0";
const PARTNER_REQUEST: &str = "countersign/partner-request/1\0";
/// The first line of the text itself.
const BUNDLE: &str = "countersign/trust-bundle/1\n";

fn kinds() -> [Signed; 6] {
    [
        Signed { name: "activation code", context: CODE, body: payload(), reads: reads_code },
        Signed { name: "clock reset", context: CLOCK_RESET, body: clock_reset(), reads: reads_clock_reset },
        Signed { name: "checkpoint", context: CHECKPOINT, body: checkpoint(), reads: reads_checkpoint },
        Signed { name: "partner export", context: PARTNER_EXPORT, body: partner_export(), reads: reads_partner_export },
        Signed {
            name: "partner request",
            context: PARTNER_REQUEST,
            body: partner_request(),
            reads: reads_partner_request,
        },
        Signed { name: "trust bundle", context: BUNDLE, body: bundle(), reads: reads_bundle },
    ]
}

fn payload() -> Vec<u8> {
    let day = |text: &str| text.parse::<Day>().unwrap();
    let terms = Terms {
        product: ProductId::new(7).unwrap(),
        license: LicenseNumber::new(1042).unwrap(),
        units: Units::new(250).unwrap(),
        period: MaintenancePeriod::new(day("2026-12-01"), day("2027-11-30")).unwrap(),
        issued: day("2026-11-22"),
        issuer: IssuerNumber::new(1).unwrap(),
        revision: Revision::FIRST,
        kind: Kind::Full,
        test: false,
        grace: None,
        host: None,
        members: None,
        features: None,
        holder: None,
    };
    terms.to_payload().unwrap()
}

fn reads_code(body: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
    let issuer = PinnedIssuer { number: IssuerNumber::new(1).unwrap(), key: public() };
    let trust = Trust::pinned(Purpose::Production, [issuer]).unwrap();
    ActivationCode::from_parts(body, signature).is_ok_and(|code| trust.verify(code).is_ok())
}

fn clock_reset() -> Vec<u8> {
    let (host, nonce) = (HostId(0x8001_F00D), Nonce::for_clock_reset(0xBEEF));
    let (day, issuer) = ("2026-11-05".parse().unwrap(), IssuerNumber::new(1).unwrap());
    ClockResetTerms { host, nonce, day, issuer }.to_payload()
}

fn reads_clock_reset(body: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
    let issuer = PinnedIssuer { number: IssuerNumber::new(1).unwrap(), key: public() };
    let trust = Trust::pinned(Purpose::Production, [issuer]).unwrap();
    let Some(rows) = to_rows(CodeKind::ClockReset, &[body, signature].concat()) else { return false };
    UnverifiedClockReset::read(&rows).is_ok_and(|reset| trust.verify_clock_reset(&reset).is_ok())
}

fn checkpoint() -> Vec<u8> {
    let (desk, link) = ("07".repeat(8), "ab".repeat(32));
    format!("countersign checkpoint 1\ndesk {desk}\nday 2026-11-22\nhead 1234:{link}\nkey {}\n", public()).into_bytes()
}

fn reads_checkpoint(body: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
    let checkpoint = with_signature(body, signature).and_then(|file| file.parse::<Checkpoint>().ok());
    checkpoint.is_some_and(|checkpoint| checkpoint.key == public() && checkpoint.is_signed())
}

fn partner_export() -> Vec<u8> {
    let (key, desk, link) = (public(), "08".repeat(8), "cd".repeat(32));
    let heading = format!("countersign partner export 1\nvendor Example Security\ndesk {desk}\nissuer 17 {key}\n");
    format!("{heading}day 2026-11-22\nhead 1 2026-11-21\nlink 1 {link}\nkey {key}\n").into_bytes()
}

fn reads_partner_export(body: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
    with_signature(body, signature).is_some_and(|file| file.parse::<PartnerExport>().is_ok())
}

fn partner_request() -> Vec<u8> {
    let (key, desk) = (public(), "08".repeat(8));
    let heading = format!("countersign partner request 1\nvendor Example Security\ndesk {desk}\nissuer 17 {key}\n");
    format!("{heading}day 2026-11-22\nkey {key}\n").into_bytes()
}

fn reads_partner_request(body: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
    with_signature(body, signature).is_some_and(|file| file.parse::<PartnerRequest>().is_ok())
}

/// A file whose last line is the signature of those above.
fn with_signature(body: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> Option<String> {
    let hex: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
    String::from_utf8([body, format!("signature {hex}\n").as_bytes()].concat()).ok()
}

fn bundle() -> Vec<u8> {
    let key = public();
    format!("vendor Example Security\nnumber 1\nissued 2026-11-22\nthreshold 1\nroot {key}\nissuer 1 {key}\n")
        .into_bytes()
}

fn reads_bundle(body: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
    let Ok(body) = str::from_utf8(body) else { return false };
    let file = format!("{BUNDLE}{body}\n{}", signature_line(&public(), signature));
    Bundle::read(&file, &Roots::new(1, [public()]).unwrap()).is_ok()
}

#[test]
fn only_the_reader_of_its_own_kind_accepts_what_was_signed() {
    let kinds = kinds();
    for signed_as in &kinds {
        for body in &kinds {
            let signature = sign(&[signed_as.context.as_bytes(), &body.body].concat());
            for reader in &kinds {
                let accepted = (reader.reads)(&body.body, &signature);
                let names = format!("a {} signed as a {}, read as a {}", body.name, signed_as.name, reader.name);
                if signed_as.name != reader.name {
                    assert!(!accepted, "{names}");
                } else if body.name == reader.name {
                    assert!(accepted, "{names}");
                }
            }
        }
    }
}

/// The whole of what one kind signs, given to another reader as its body.
#[test]
fn what_was_signed_with_its_context_is_no_body_of_another() {
    let kinds = kinds();
    for signed in &kinds {
        let message = [signed.context.as_bytes(), &signed.body].concat();
        let signature = sign(&message);
        for reader in &kinds {
            assert!(!(reader.reads)(&message, &signature), "a {} as a {}", signed.name, reader.name);
            // Nothing that begins otherwise can be what the reader checks.
            let begins = message.starts_with(reader.context.as_bytes());
            assert_eq!(begins, signed.name == reader.name, "a {} as a {}", signed.name, reader.name);
        }
    }
}

#[test]
fn a_signature_without_any_context_is_none() {
    for Signed { name, body, reads, .. } in kinds() {
        assert!(!reads(&body, &sign(&body)), "{name}");
    }
}

#[test]
fn the_contexts_are_those_of_the_design_and_none_begins_another() {
    assert_eq!(CONTEXT, CODE.as_bytes());
    assert_eq!(CLOCK_RESET_CONTEXT, CLOCK_RESET.as_bytes());
    assert_eq!(EXPORT_CONTEXT, PARTNER_EXPORT.as_bytes());
    assert_eq!(REQUEST_CONTEXT, PARTNER_REQUEST.as_bytes());
    assert_eq!(format!("{BUNDLE_CONTEXT}\n"), BUNDLE);
    let contexts = kinds().map(|kind| kind.context);
    for (i, one) in contexts.iter().enumerate() {
        for (k, other) in contexts.iter().enumerate() {
            assert_eq!(one.starts_with(other.trim_end_matches(['\0', '\n'])), i == k, "{one:?} and {other:?}");
        }
    }
}
