//! What unit tests of the desk's operations are about.

use activation_code::{Kind, MaintenancePeriod, Terms};

/// License 1042, revision 1, by issuer 1: 10 units of product 7, maintained for 2027.
pub fn terms() -> Terms {
    let day = |text: &str| text.parse().unwrap();
    Terms {
        product: "7".parse().unwrap(),
        license: "1042".parse().unwrap(),
        units: "10".parse().unwrap(),
        period: MaintenancePeriod::new(day("2027-01-01"), day("2027-12-31")).unwrap(),
        issued: day("2026-11-22"),
        issuer: "1".parse().unwrap(),
        revision: "1".parse().unwrap(),
        kind: Kind::Full,
        test: false,
        grace: None,
        host: None,
        members: None,
        features: None,
        holder: None,
    }
}
