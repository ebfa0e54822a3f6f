//! What a license is worth: the tables of rules I3 and I4, by the day.

mod common;

use activation_code::*;
use common::{day, example, sign, trust};
use ed25519_dalek::{Signer, SigningKey};

/// 2026-12-01 to 2027-11-30, issued 2026-11-22 by a key that nobody else has.
fn license(kind: Kind, grace: Option<u8>) -> License {
    of(&Terms { kind, grace, issuer: IssuerNumber::new(1).unwrap(), ..example() })
}

fn of(terms: &Terms) -> License {
    trust(Purpose::Production, &[1]).verify(sign(terms)).unwrap()
}

/// Without the warning that all licenses here carry: their key is published.
fn warnings(standing: &Standing) -> Vec<Warning> {
    assert_eq!(standing.warnings.last(), Some(&Warning::TestTrust));
    standing.warnings[..standing.warnings.len() - 1].to_vec()
}

const LAST: &str = "2027-11-30";

/// (kind, grace in the code, [(phase, its first day, its last day, entitled to run, updates and support)])
type Life = (Kind, Option<u8>, &'static [(Phase, &'static str, &'static str, [bool; 3])]);

const NO: [bool; 3] = [false; 3];
const ALL: [bool; 3] = [true; 3];
const RUN: [bool; 3] = [true, false, false];
const END: &str = "9999-12-31";

/// Rule I3, for licenses of 2026-12-01 to 2027-11-30, issued on 2026-11-22.
const LIVES: &[Life] = &[
    (
        Kind::Full,
        None,
        &[
            (Phase::NotYetValid, "2026-11-22", "2026-11-30", NO),
            (Phase::Maintenance, "2026-12-01", LAST, ALL),
            (Phase::Grace, "2027-12-01", "2027-12-30", ALL),
            (Phase::Lapsed, "2027-12-31", END, RUN),
        ],
    ),
    (
        Kind::Full,
        Some(0),
        &[
            (Phase::NotYetValid, "2026-11-22", "2026-11-30", NO),
            (Phase::Maintenance, "2026-12-01", LAST, ALL),
            (Phase::Lapsed, "2027-12-01", END, RUN),
        ],
    ),
    (
        Kind::Full,
        Some(255),
        &[
            (Phase::Maintenance, "2026-12-01", LAST, ALL),
            (Phase::Grace, "2027-12-01", "2028-08-11", ALL),
            (Phase::Lapsed, "2028-08-12", END, RUN),
        ],
    ),
    (
        Kind::Evaluation,
        None,
        &[
            (Phase::NotYetValid, "2026-11-22", "2026-11-30", NO),
            (Phase::Maintenance, "2026-12-01", LAST, ALL),
            (Phase::Expired, "2027-12-01", END, NO),
        ],
    ),
    (
        Kind::Evaluation,
        Some(1),
        &[
            (Phase::Maintenance, "2026-12-01", LAST, ALL),
            (Phase::Grace, "2027-12-01", "2027-12-01", ALL),
            (Phase::Expired, "2027-12-02", END, NO),
        ],
    ),
    (
        Kind::Service,
        None,
        &[
            (Phase::NotYetValid, "2026-11-22", "2026-11-30", NO),
            (Phase::Maintenance, "2026-12-01", LAST, ALL),
            (Phase::Grace, "2027-12-01", "2027-12-30", ALL),
            (Phase::Frozen, "2027-12-31", "2028-01-29", NO),
            (Phase::Purge, "2028-01-30", END, NO),
        ],
    ),
    (
        Kind::Service,
        Some(0),
        &[
            (Phase::Maintenance, "2026-12-01", LAST, ALL),
            (Phase::Frozen, "2027-12-01", "2027-12-30", NO),
            (Phase::Purge, "2027-12-31", END, NO),
        ],
    ),
    (
        Kind::Service,
        Some(255),
        &[
            (Phase::Grace, "2027-12-01", "2028-08-11", ALL),
            (Phase::Frozen, "2028-08-12", "2028-09-10", NO),
            (Phase::Purge, "2028-09-11", END, NO),
        ],
    ),
];

#[test]
fn each_phase_begins_and_ends_on_its_days_and_entitles_to_what_the_table_says() {
    for &(kind, grace, phases) in LIVES {
        let license = license(kind, grace);
        for &(phase, first, last, entitled) in phases {
            for (today, left) in [(first, day(last).days_after(day(first))), (last, 0)] {
                let standing = license.standing(day(today), None);
                let Standing { run, updates, support, .. } = standing;
                assert_eq!((standing.phase, [run, updates, support]), (phase, entitled), "{kind:?} {grace:?} {today}");
                let left = (last != END).then_some(left as u32);
                assert_eq!((standing.today, standing.days_left), (day(today), left), "{kind:?} {grace:?} {today}");
                assert_eq!(standing.release_covered, None);
            }
        }
        for pair in phases.windows(2) {
            assert_eq!(day(pair[0].2).plus(1), Some(day(pair[1].1)), "the table has no gaps");
        }
    }
}

#[test]
fn a_grace_of_as_many_days_as_the_default_is_worth_the_same() {
    for kind in Kind::ALL {
        let (named, left_open) = (license(kind, Some(kind.default_grace())), license(kind, None));
        for days in -10..500 {
            let today = day(LAST).plus(days).unwrap();
            assert_eq!(named.standing(today, None), left_open.standing(today, None), "{kind:?} {today}");
        }
    }
}

#[test]
fn warnings_come_on_the_days_that_rule_i4_names() {
    use Warning::{EndsSoon, InGrace};
    for (kind, today, expected) in [
        (Kind::Full, "2026-12-01", &[][..]),
        (Kind::Full, "2027-09-30", &[]),
        (Kind::Full, "2027-10-01", &[EndsSoon]),
        (Kind::Full, LAST, &[EndsSoon]),
        (Kind::Full, "2027-12-01", &[InGrace]),
        (Kind::Full, "2027-12-30", &[InGrace]),
        (Kind::Full, "2027-12-31", &[]),
        (Kind::Service, "2027-09-30", &[]),
        (Kind::Service, "2027-10-01", &[EndsSoon]),
        (Kind::Service, "2027-12-30", &[InGrace]),
        (Kind::Service, "2027-12-31", &[]),
        (Kind::Service, "2028-01-30", &[]),
        (Kind::Evaluation, "2027-11-15", &[]),
        (Kind::Evaluation, "2027-11-16", &[EndsSoon]),
        (Kind::Evaluation, LAST, &[EndsSoon]),
        (Kind::Evaluation, "2027-12-01", &[]),
    ] {
        let standing = license(kind, None).standing(day(today), None);
        assert_eq!(warnings(&standing), expected, "{kind:?} {today}");
    }
    assert_eq!([60, 14, 60], Kind::ALL.map(notice_days));
}

#[test]
fn nothing_ends_soon_that_has_not_begun() {
    let terms = Terms {
        period: MaintenancePeriod::new(day("2026-12-01"), day("2026-12-01")).unwrap(),
        kind: Kind::Evaluation,
        ..example()
    };
    let standing = of(&terms).standing(day("2026-11-30"), None);
    assert_eq!((standing.phase, standing.days_left), (Phase::NotYetValid, Some(0)));
    assert_eq!(warnings(&standing), []);
    let standing = of(&terms).standing(day("2026-12-01"), None);
    assert_eq!((standing.phase, standing.days_left), (Phase::Maintenance, Some(0)));
    assert_eq!(warnings(&standing), [Warning::EndsSoon]);
    assert_eq!(of(&terms).standing(day("2026-12-02"), None).phase, Phase::Expired);
}

#[test]
fn a_clock_behind_the_day_of_issue_is_reported_and_that_day_counts() {
    let license = license(Kind::Full, None);
    for clock in [Day::MIN, day("1970-01-01"), day("2026-11-21")] {
        let standing = license.standing(clock, None);
        assert_eq!(standing.today, day("2026-11-22"));
        assert_eq!((standing.phase, standing.days_left), (Phase::NotYetValid, Some(8)));
        assert_eq!(warnings(&standing), [Warning::ClockBehind]);
    }
    assert_eq!(warnings(&license.standing(day("2026-11-22"), None)), []);
}

#[test]
fn a_clock_behind_the_day_of_release_is_reported_and_that_day_counts() {
    let license = license(Kind::Full, None);
    let standing = license.standing(day("2026-12-24"), Some(day("2027-12-31")));
    assert_eq!((standing.today, standing.phase), (day("2027-12-31"), Phase::Lapsed));
    assert_eq!(warnings(&standing), [Warning::ClockBehind]);
    let standing = license.standing(day("2026-11-01"), Some(day("2026-11-10")));
    assert_eq!(standing.today, day("2026-11-22"), "of two later days the latest counts");
    let on_the_day = license.standing(day("2027-01-01"), Some(day("2027-01-01")));
    assert_eq!(warnings(&on_the_day), []);
}

#[test]
fn warnings_stand_in_the_order_of_the_list() {
    let ends = license(Kind::Full, None).standing(Day::MIN, Some(day("2027-11-01")));
    assert_eq!(ends.warnings, [Warning::EndsSoon, Warning::ClockBehind, Warning::TestTrust]);
    let grace = license(Kind::Full, None).standing(Day::MIN, Some(day("2027-12-01")));
    assert_eq!(grace.warnings, [Warning::InGrace, Warning::ClockBehind, Warning::TestTrust]);
    assert!(Warning::ALL.is_sorted());
}

#[test]
fn a_release_is_covered_up_to_the_last_day_of_maintenance_whatever_the_clock() {
    for kind in Kind::ALL {
        for grace in [None, Some(0), Some(255)] {
            let license = license(kind, grace);
            for clock in [Day::MIN, day("2026-12-24"), day("2031-01-01"), Day::MAX] {
                for (released, covered) in
                    [("2020-01-01", true), ("2026-11-30", true), (LAST, true), ("2027-12-01", false), (END, false)]
                {
                    let standing = license.standing(clock, Some(day(released)));
                    assert_eq!(standing.release_covered, Some(covered), "{kind:?} {clock} {released}");
                }
            }
        }
    }
}

#[test]
fn what_a_license_entitles_to_does_not_depend_on_its_release_being_covered() {
    let standing = license(Kind::Full, None).standing(day("2027-12-15"), Some(day("2027-12-10")));
    assert_eq!((standing.phase, standing.release_covered), (Phase::Grace, Some(false)));
    assert!(standing.run && standing.updates && standing.support);
}

#[test]
fn the_longest_and_latest_license_has_a_standing_on_every_day_of_the_calendar() {
    let first = Day::EPOCH.plus(32_767).unwrap();
    let period = MaintenancePeriod::new(first, first.plus(8_191).unwrap()).unwrap();
    for kind in Kind::ALL {
        let license = of(&Terms { period, issued: first, kind, grace: Some(255), ..example() });
        let last = license.standing(Day::MAX, Some(Day::MAX));
        assert_eq!((last.today, last.days_left, last.release_covered), (Day::MAX, None, Some(false)));
        let early = license.standing(Day::MIN, Some(Day::MIN));
        assert_eq!(
            (early.phase, early.days_left, early.release_covered),
            (Phase::Maintenance, Some(8_191), Some(true))
        );
        assert_eq!(license.standing(day("2132-11-02"), None).phase, Phase::Grace);
        assert_ne!(license.standing(day("2132-11-03"), None).phase, Phase::Grace);
    }
}

#[test]
fn a_code_issued_after_its_period_has_ended_is_judged_on_its_day_of_issue() {
    let license = of(&Terms { issued: day("2028-01-15"), ..example() });
    let standing = license.standing(day("2027-01-01"), None);
    assert_eq!((standing.today, standing.phase), (day("2028-01-15"), Phase::Lapsed));
    assert_eq!(warnings(&standing), [Warning::ClockBehind]);
}

#[test]
fn the_answer_comes_before_the_reason() {
    for (phase, name, answer) in [
        (Phase::None, "none", "Not activated"),
        (Phase::NotYetValid, "not-yet-valid", "Not yet valid"),
        (Phase::Maintenance, "maintenance", "Activated"),
        (Phase::Grace, "grace", "In grace"),
        (Phase::Lapsed, "lapsed", "Expired"),
        (Phase::Expired, "expired", "Expired"),
        (Phase::Frozen, "frozen", "Expired"),
        (Phase::Purge, "purge", "Expired"),
        (Phase::EndOfLife, "end-of-life", "Expired"),
        (Phase::Revoked, "revoked", "Not activated"),
    ] {
        assert_eq!((phase.name(), phase.answer().name()), (name, answer));
        assert_eq!(phase.to_string(), name);
    }
    assert_eq!(Phase::ALL.len(), 10);
}

#[test]
fn the_closed_lists_are_those_of_the_interface() {
    assert_eq!(
        Warning::ALL.iter().map(|warning| warning.name()).collect::<Vec<_>>().join(" "),
        "ends-soon in-grace queued-successor gap-before-successor clock-behind clock-ahead clock-unreadable \
         bundle-old bundle-missing host-not-checked over-use over-assigned conflict state-damaged test-trust"
    );
    assert_eq!(
        Reason::ALL.iter().map(|reason| reason.name()).collect::<Vec<_>>().join(" "),
        "empty too-long unknown-character row-length row-check characters-swapped wrong-row missing-row \
         missing-group last-row-missing other-kind rows-from-different-codes not-canonical newer-format \
         unknown-issuer bad-signature for-testing-only issuer-void revoked limit-exceeded superseded other-product \
         other-host"
    );
    assert!(Warning::ALL.iter().all(|warning| warning.to_string() == warning.name()));
    for reason in Reason::ALL {
        assert_eq!(reason.to_string(), reason.name());
        let readable = *reason >= Reason::NotCanonical;
        assert_eq!(reason.class(), if readable { ReasonClass::Refused } else { ReasonClass::NotReadable });
    }
}

/// Trust in a bundle that says when product 7 ends.
fn ending(end: &str, use_ends: bool) -> Trust {
    let pinned = trust(Purpose::Production, &[1]).issuers().next().unwrap();
    let bundle = Bundle {
        vendor: "Example Security".into(),
        number: 1,
        issued: day("2026-11-22"),
        test: false,
        contact: vec![],
        roots: Roots::new(1, [pinned.key]).unwrap(),
        issuers: vec![BundleIssuer {
            number: pinned.number,
            key: pinned.key,
            void: false,
            limits: IssuerLimits::default(),
        }],
        listed: vec![],
        revoked: vec![],
        products: vec![BundleProduct {
            id: ProductId::new(7).unwrap(),
            mnemonic: "ES".into(),
            unit: "endpoints".into(),
            kind: "software".into(),
            rank: 7,
            members: None,
            end_of_life: Some(day(end)),
            use_ends,
            family: None,
            name: "Seven".into(),
        }],
    };
    Trust::of_bundle(Purpose::Production, bundle).unwrap()
}

#[test]
fn end_of_life_ends_every_period_and_runs_on_only_what_was_bought_and_had_begun() {
    let terms = |kind| Terms { kind, ..example() };
    let on = |kind, end: &str, use_ends, today: &str| {
        let trust = ending(end, use_ends);
        assert!(trust.bundle().is_some());
        trust.verify(sign(&terms(kind))).unwrap().standing_on(day(today), None)
    };
    // The period is 2026-12-01 to 2027-11-30.
    let last = on(Kind::Full, "2027-06-30", false, "2027-06-30");
    assert_eq!((last.phase, last.days_left), (Phase::Maintenance, Some(0)));
    for (kind, use_ends, today, runs) in [
        (Kind::Full, false, "2027-07-01", true),
        (Kind::Full, true, "2027-07-01", false),
        (Kind::Evaluation, false, "2027-07-01", false),
        (Kind::Service, false, "2027-07-01", false),
    ] {
        let after = on(kind, "2027-06-30", use_ends, today);
        assert_eq!((after.phase, after.days_left), (Phase::EndOfLife, None));
        assert_eq!(after.run, runs, "{kind:?}, use ends: {use_ends}");
    }
    // What never began does not run on; on its first day it has begun.
    assert!(!on(Kind::Full, "2026-11-25", false, "2026-11-30").run);
    assert!(on(Kind::Full, "2026-11-25", false, "2026-12-01").run);
    assert_eq!(on(Kind::Full, "2026-11-25", false, "2026-11-25").phase, Phase::NotYetValid);
    assert!(trust(Purpose::Production, &[1]).bundle().is_none());
}

#[test]
fn only_what_is_for_testing_says_that_it_is() {
    let own = SigningKey::from_bytes(&[77; 32]);
    let key = PublicKey::from_bytes(own.verifying_key().as_bytes()).unwrap();
    let issuer = PinnedIssuer { number: IssuerNumber::new(1).unwrap(), key };
    let is_test = |purpose, terms: &Terms| {
        let payload = terms.to_payload().unwrap();
        let signature = own.sign(&signed_message(&payload)).to_bytes();
        let code = ActivationCode::from_parts(&payload, &signature).unwrap();
        Trust::pinned(purpose, [issuer]).unwrap().verify(code).unwrap().is_test()
    };
    assert!(!is_test(Purpose::Production, &example()));
    assert!(is_test(Purpose::Testing, &Terms { test: true, ..example() }));
    // So is everything that a published key has signed.
    assert!(license(Kind::Full, None).is_test());
}
