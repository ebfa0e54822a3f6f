//! The laws of what partners' desks write, as `crates/activation-code/tests/common/laws.rs` has those about codes: each
//! takes any bytes and panics where it is broken.

use countersign::partner::{PartnerExport, PartnerFileFault, PartnerRequest};

/// No text breaks the reading of an export or a request. One that is read has one spelling: what is written again is
/// the text; and what is believed is what its key has signed, and nothing else.
pub fn partner_export(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let claimed = PartnerExport::parse_unverified(text);
    if let Ok(export) = &claimed {
        assert_eq!(export.to_string(), text);
    }
    match text.parse::<PartnerExport>() {
        Ok(export) => assert_eq!(Ok(export), claimed),
        Err(PartnerFileFault::NotSigned) => assert!(claimed.is_ok()),
        Err(fault) => assert_eq!(claimed, Err(fault)),
    }
    if let Ok(request) = text.parse::<PartnerRequest>() {
        assert_eq!(request.to_string(), text);
        assert!(claimed.is_err(), "one text is both");
    }
}
