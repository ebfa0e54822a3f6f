//! What a bundle changes against the one before, in words.

use activation_code::{Bundle, BundleIssuer, BundleProduct, IssuerNumber, LicenseNumber, ProductId, Revision};
use std::collections::BTreeMap;

/// One sentence for each change, the weightiest first. Without a bundle before, everything is new.
pub fn changes(before: Option<&Bundle>, after: &Bundle) -> Vec<String> {
    let mut said = Vec::new();
    if let Some(before) = before {
        if before.vendor != after.vendor {
            said.push(format!("the vendor is {:?} instead of {:?}", after.vendor, before.vendor));
        }
        if before.test != after.test {
            said.push(format!("it is for {} now", if after.test { "testing only" } else { "production" }));
        }
    }
    let former = before.map(|before| before.roots.keys()).unwrap_or_default();
    for key in after.roots.keys().iter().filter(|key| !former.contains(key)) {
        said.push(format!("root {key} is new"));
    }
    for key in former.iter().filter(|key| !after.roots.keys().contains(key)) {
        said.push(format!("root {key} is trusted no more"));
    }
    let threshold = after.roots.threshold();
    if before.is_none_or(|before| before.roots.threshold() != threshold) {
        said.push(format!("{threshold} of {} roots sign", after.roots.keys().len()));
    }
    let issuers = |bundle: &Bundle| -> BTreeMap<IssuerNumber, BundleIssuer> {
        bundle.issuers.iter().map(|issuer| (issuer.number, issuer.clone())).collect()
    };
    compare(before.map(issuers), issuers(after), |change| said.extend(issuer(change)));
    let listed = |bundle: &Bundle| bundle.listed.iter().map(|entry| (*entry, ())).collect::<BTreeMap<_, _>>();
    let (mut more, mut fewer) = (0, 0);
    compare(before.map(listed), listed(after), |change| match change {
        Change::New(..) => more += 1,
        Change::Gone(..) => fewer += 1,
        Change::Other(..) => {}
    });
    if more > 0 {
        said.push(format!("{more} codes of stolen keys stay good"));
    }
    if fewer > 0 {
        said.push(format!("{fewer} codes of stolen keys are good no more"));
    }
    let revoked = |bundle: &Bundle| bundle.revoked.iter().copied().collect::<BTreeMap<_, _>>();
    compare(before.map(revoked), revoked(after), |change| said.push(revocation(change)));
    let products = |bundle: &Bundle| -> BTreeMap<ProductId, BundleProduct> {
        bundle.products.iter().map(|product| (product.id, product.clone())).collect()
    };
    compare(before.map(products), products(after), |change| said.push(product(change)));
    if before.is_none_or(|before| before.contact != after.contact) {
        said.push(format!("the contact is {}", after.contact.join(", ")));
    }
    said
}

enum Change<K, V> {
    New(K, V),
    Other(K, V, V),
    Gone(K, V),
}

fn compare<K: Ord + Copy, V: PartialEq>(
    before: Option<BTreeMap<K, V>>,
    after: BTreeMap<K, V>,
    mut say: impl FnMut(Change<K, V>),
) {
    let mut before = before.unwrap_or_default();
    for (key, now) in after {
        match before.remove(&key) {
            None => say(Change::New(key, now)),
            Some(former) if former != now => say(Change::Other(key, former, now)),
            Some(_) => {}
        }
    }
    before.into_iter().for_each(|(key, former)| say(Change::Gone(key, former)));
}

fn limits(issuer: &BundleIssuer) -> String {
    match issuer.limits.to_string() {
        none if none.is_empty() => "no limits".to_owned(),
        limits => format!("limits{limits}"),
    }
}

fn issuer(change: Change<IssuerNumber, BundleIssuer>) -> Vec<String> {
    match change {
        Change::New(number, issuer) => {
            vec![format!("issuer {number} is new: key {}, {}", issuer.key, limits(&issuer))]
        }
        Change::Gone(number, _) => vec![format!("issuer {number} is known no more: its codes are refused")],
        Change::Other(number, before, now) => {
            let mut said = Vec::new();
            if before.key != now.key {
                said.push(format!("issuer {number} has another key: {}", now.key));
            }
            match (before.void, now.void) {
                (false, true) => said.push(format!("issuer {number} is VOID: its key was stolen")),
                (true, false) => said.push(format!("issuer {number} is void no more")),
                _ => {}
            }
            if before.limits != now.limits {
                said.push(format!("issuer {number}: {} instead of {}", limits(&now), limits(&before)));
            }
            said
        }
    }
}

fn revocation(change: Change<LicenseNumber, Option<Revision>>) -> String {
    let what = |license: LicenseNumber, good: Option<Revision>| match good {
        None => format!("license {license}"),
        Some(revision) => format!("license {license} below revision {revision}"),
    };
    match change {
        Change::New(license, good) | Change::Other(license, _, good) => format!("{} is revoked", what(license, good)),
        Change::Gone(license, good) => format!("{} is revoked no more", what(license, good)),
    }
}

fn product(change: Change<ProductId, BundleProduct>) -> String {
    match change {
        Change::New(id, product) => format!("product {id}, {}, is new: {}", product.mnemonic, product.name),
        Change::Gone(id, product) => format!("product {id}, {}, is in it no more", product.mnemonic),
        Change::Other(id, before, now) => {
            let line = |product: &BundleProduct| product.to_string().trim_end().to_owned();
            format!("product {id} is `{}` instead of `{}`", line(&now), line(&before))
        }
    }
}
