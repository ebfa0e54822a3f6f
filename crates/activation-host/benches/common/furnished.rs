//! Installations to be asked: with codes of today, and with bundles of many revocations.

use crate::sold::{bundle, code, issuer, roots, terms};
use activation_code::{MaintenancePeriod, Terms};
use activation_host::program::clock;
use activation_host::{Installation, Settings};
use std::path::Path;

/// License numbers from here on are revoked.
const REVOKED: u32 = 1_000_000;

/// What a folder has.
pub struct Furnished {
    pub name: &'static str,
    codes: u32,
    revocations: u32,
}

impl Furnished {
    pub const ALL: [Self; 4] = [
        Self { name: "1 code", codes: 1, revocations: 0 },
        Self { name: "20 codes", codes: 20, revocations: 0 },
        Self { name: "1 code, bundle of 10 revocations", codes: 1, revocations: 10 },
        Self { name: "1 code, bundle of 100,000 revocations", codes: 1, revocations: 100_000 },
    ];

    /// As a product opens it: its clock is the machine's.
    pub fn open(&self, folder: &Path) -> Installation {
        let settings =
            if self.revocations == 0 { Settings::new().issuer(issuer()) } else { Settings::new().roots(roots()) };
        Installation::open(folder, settings)
    }

    /// Makes the folder, and asks once, so that today is remembered.
    pub fn furnish(&self, folder: &Path) {
        let installation = self.open(folder);
        let [issued, first, last] = [-20, -10, 300].map(|days| clock().plus(days).expect("a day near today"));
        if self.revocations > 0 {
            let revoked: String = (0..self.revocations).map(|i| format!("revoked {} all\n", REVOKED + i)).collect();
            let file = bundle(1, &issued.to_string(), &revoked);
            installation.load_trust(&file, None).expect("the bundle is good");
        }
        let period = MaintenancePeriod::new(first, last).expect("in order");
        for number in 1..=self.codes {
            let license = number.to_string().parse().expect("a license number");
            let entered = installation.enter(&code(&Terms { license, period, issued, ..terms() }));
            assert!(entered.is_ok_and(|entered| entered.is_accepted()));
        }
        assert!(installation.status().expect("there is trust").standing.run);
    }
}
