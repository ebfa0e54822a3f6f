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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::BundleFile;
    use activation_code::Roots;

    /// One of every line that a bundle has.
    const BUNDLE: &str = include_str!("../../fuzz/corpus/bundle/every-line");

    fn bundle() -> Bundle {
        BundleFile::parse(BUNDLE).unwrap().bundle().unwrap()
    }

    /// What is said of each edit of the bundle, and of taking it back.
    fn said(edit: impl Fn(&mut Bundle)) -> [Vec<String>; 2] {
        let (before, mut after) = (bundle(), bundle());
        edit(&mut after);
        [changes(Some(&before), &after), changes(Some(&after), &before)]
    }

    #[test]
    fn what_does_not_change_is_not_said() {
        assert_eq!(changes(Some(&bundle()), &bundle()), [""; 0]);
    }

    #[test]
    fn everything_is_new_without_a_bundle_before() {
        let one = "2bc2800b3316e009209ffd757dab19ccf0ae84bc7ae90654e1e81712d270f653";
        let other = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";
        let stolen = "8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394";
        let limits = BUNDLE.lines().find_map(|line| line.strip_prefix(&format!("issuer 1 {other} "))).unwrap();
        let wanted = [
            format!("root {one} is new"),
            format!("root {other} is new"),
            "1 of 2 roots sign".to_owned(),
            format!("issuer 1 is new: key {other}, limits {limits}"),
            format!("issuer 2 is new: key {stolen}, no limits"),
            "2 codes of stolen keys stay good".to_owned(),
            "license 5 is revoked".to_owned(),
            "license 6 below revision 2 is revoked".to_owned(),
            "product 7, ES, is new: Seven".to_owned(),
            "product 9, ALL-2, is new: Nine".to_owned(),
            "the contact is licenses@example.com, +49 30 1234".to_owned(),
        ];
        assert_eq!(changes(None, &bundle()), wanted);
    }

    #[test]
    fn each_change_is_said_and_so_is_what_takes_it_back() {
        let vendor = said(|it| it.vendor = "Other".to_owned());
        assert_eq!(vendor[0], [r#"the vendor is "Other" instead of "Example Security""#]);
        let test = said(|it| it.test = false);
        assert_eq!(test, [["it is for production now"], ["it is for testing only now"]]);
        let key = bundle().roots.keys()[1];
        let roots = said(|it| it.roots = Roots::new(1, [it.roots.keys()[0]]).unwrap());
        assert_eq!(roots, [[format!("root {key} is trusted no more")], [format!("root {key} is new")]]);
        let threshold = said(|it| it.roots = Roots::new(2, it.roots.keys().iter().copied()).unwrap());
        assert_eq!(threshold, [["2 of 2 roots sign"], ["1 of 2 roots sign"]]);
        let contact = said(|it| it.contact.truncate(1));
        assert_eq!(contact[0], ["the contact is licenses@example.com"]);
    }

    #[test]
    fn what_changes_of_an_issuer_is_said() {
        let gone = said(|it| drop(it.issuers.remove(1)));
        assert_eq!(gone[0], ["issuer 2 is known no more: its codes are refused"]);
        let key = bundle().issuers[0].key;
        let other = said(|it| it.issuers[1].key = key);
        assert_eq!(other[0], [format!("issuer 2 has another key: {key}")]);
        let void = said(|it| it.issuers[1].void = false);
        assert_eq!(void, [["issuer 2 is void no more"], ["issuer 2 is VOID: its key was stolen"]]);
        let limits = said(|it| it.issuers[1].limits.grace = Some(9));
        let [more, fewer] = ["limits grace=9 instead of no limits", "no limits instead of limits grace=9"];
        assert_eq!(limits, [[format!("issuer 2: {more}")], [format!("issuer 2: {fewer}")]]);
        let listed = said(|it| it.listed.truncate(1));
        assert_eq!(listed, [["1 codes of stolen keys are good no more"], ["1 codes of stolen keys stay good"]]);
    }

    #[test]
    fn what_changes_of_a_license_or_product_is_said() {
        let gone = said(|it| it.revoked.clear());
        assert_eq!(gone[0], ["license 5 is revoked no more", "license 6 below revision 2 is revoked no more"]);
        let more = said(|it| it.revoked[1].1 = None);
        assert_eq!(more, [["license 6 is revoked"], ["license 6 below revision 2 is revoked"]]);
        let gone = said(|it| drop(it.products.remove(0)));
        assert_eq!(gone[0], ["product 7, ES, is in it no more"]);
        let lines: Vec<&str> = BUNDLE.lines().filter(|line| line.starts_with("product 9")).collect();
        let renamed = said(|it| it.products[1].name = "Ten".to_owned());
        let line = lines[0];
        assert_eq!(renamed[0], [format!("product 9 is `{}` instead of `{line}`", line.replace("Nine", "Ten"))]);
    }
}
