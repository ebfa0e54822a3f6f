//! Which host this is, for codes that are bound to one (rule I9).
//!
//! A host's number has 32 bits: enough against sharing by accident, and no security measure. It comes from, first
//! match counts:
//!
//! 1. what the integrator says ([`HostSource::Known`], [`HostSource::Facts`]);
//! 2. a name that the admin gave to the site, the same on each of its hosts;
//! 3. what is kept from the first time that the number was needed, unless this is visibly another machine;
//! 4. the machine's own identity, `/etc/machine-id`, outside of containers, where an image would give the same to all;
//! 5. a random number, made when it is needed first and kept in the state folder, which a container keeps on a volume.
//!
//! None of them changes with a reboot, the name of a network card, or the restart of a container.

use activation_code::HostId;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// Where the number of this host comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostSource {
    /// From the machine, or else from the state folder.
    Machine(MachineFacts),
    /// The integrator knows it.
    Known(HostId),
    /// A fact that the integrator chose, such as the serial number of an appliance; the number is made of it.
    Facts(String),
}

impl Default for HostSource {
    fn default() -> Self {
        Self::Machine(MachineFacts::default())
    }
}

/// Where the facts of a machine are looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineFacts {
    root: PathBuf,
}

/// The running system.
impl Default for MachineFacts {
    fn default() -> Self {
        Self::under("/")
    }
}

impl MachineFacts {
    /// Of a system whose files are in a folder.
    pub fn under(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The machine's identity, if it has one that is its own.
    fn identity(&self) -> Option<String> {
        let exists = |path: &str| self.root.join(path).exists();
        if exists(".dockerenv") || exists("run/.containerenv") || exists("run/systemd/container") {
            return None;
        }
        ["etc/machine-id", "var/lib/dbus/machine-id"].iter().find_map(|path| machine_id(&self.root.join(path)))
    }
}

/// 32 hex digits (machine-id(5)); images have all zeros, nothing, or a word there until their first boot.
fn machine_id(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let id = text.trim();
    let plausible = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) && id.bytes().any(|b| b != b'0');
    plausible.then(|| id.to_ascii_lowercase())
}

/// What is kept of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptHost {
    /// The number that was made of the machine's identity.
    Machine(HostId),
    /// A random number.
    Random(HostId),
}

/// The name of a site whose hosts count as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteName(String);

impl SiteName {
    /// 1 to 64 letters, digits, dots, hyphens and underscores; upper and lower case are the same.
    pub fn new(name: &str) -> Option<Self> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        ((1..=64).contains(&name.len()) && name.chars().all(fits)).then(|| Self(name.to_ascii_lowercase()))
    }

    /// As it is compared.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number of each host of the site.
    pub fn id(&self) -> HostId {
        number_of("site", &self.0)
    }
}

impl KeptHost {
    /// The number that it gives.
    pub fn id(self) -> HostId {
        match self {
            Self::Machine(id) | Self::Random(id) => id,
        }
    }
}

/// What is known of this host before anything is kept or made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownHost {
    /// Its number.
    Known(HostId),
    /// Its number, which is not that of the machine on which the state was made.
    Moved(HostId),
    /// It has no number yet.
    Unknown,
}

impl KnownHost {
    /// Its number.
    pub fn id(self) -> Option<HostId> {
        match self {
            Self::Known(id) | Self::Moved(id) => Some(id),
            Self::Unknown => None,
        }
    }
}

impl HostSource {
    /// The host's number, as far as it is known.
    pub fn known(&self, kept: Option<KeptHost>, site: Option<&SiteName>) -> KnownHost {
        let facts = match (self, site) {
            (Self::Known(id), _) => return KnownHost::Known(*id),
            (Self::Facts(facts), _) => return KnownHost::Known(number_of("facts", facts)),
            (Self::Machine(_), Some(site)) => return KnownHost::Known(site.id()),
            (Self::Machine(facts), None) => facts,
        };
        match (kept, self.machine(facts)) {
            (Some(KeptHost::Machine(kept)), Some(now)) if kept != now => KnownHost::Moved(now),
            (Some(kept), _) => KnownHost::Known(kept.id()),
            (None, Some(now)) => KnownHost::Known(now),
            (None, None) => KnownHost::Unknown,
        }
    }

    /// What is to be kept when the number is used for the first time. `random`: for a host that has no identity.
    pub fn to_keep(&self, random: u32) -> Option<KeptHost> {
        let Self::Machine(facts) = self else { return None };
        Some(self.machine(facts).map_or(KeptHost::Random(HostId(random)), KeptHost::Machine))
    }

    fn machine(&self, facts: &MachineFacts) -> Option<HostId> {
        facts.identity().map(|identity| number_of("machine", &identity))
    }
}

/// The first 32 bits of SHA-256 of where it comes from, a zero byte and what it says.
fn number_of(source: &str, fact: &str) -> HostId {
    let digest = Sha256::new().chain_update("countersign/host/1\0").chain_update(source).chain_update(b"\0");
    let mut number = [0; 4];
    number.iter_mut().zip(digest.chain_update(fact).finalize()).for_each(|(to, from)| *to = from);
    HostId(u32::from_be_bytes(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_32_hex_digits_and_not_all_zeros() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("machine-id");
        let of = |text: &str| {
            fs::write(&file, text).unwrap();
            machine_id(&file)
        };
        let id = "0123456789abcdef0123456789ABCDEF";
        assert_eq!(of(&format!("{id}\n")), Some(id.to_ascii_lowercase()));
        for text in ["", "uninitialized", &"0".repeat(32), &id[1..], &format!("{id}0"), &id.replace('a', "g")] {
            assert_eq!(of(text), None, "{text}");
        }
        fs::remove_file(&file).unwrap();
        assert_eq!(machine_id(&file), None);
    }

    const ID: &str = "0123456789abcdef0123456789abcdef";

    fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, HostSource) {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let source = HostSource::Machine(MachineFacts::under(root.path()));
        (root, source)
    }

    #[test]
    fn the_same_machine_has_the_same_number_without_any_state() {
        let (_one, first) = machine(&[("etc/machine-id", &format!("{ID}\n"))]);
        let (_two, second) = machine(&[("var/lib/dbus/machine-id", ID)]);
        assert_eq!(first.known(None, None), second.known(None, None));
        assert_eq!(first.to_keep(7), first.known(None, None).id().map(KeptHost::Machine));
    }

    #[test]
    fn an_image_or_a_container_has_no_identity_of_its_own() {
        for files in [
            &[][..],
            &[("etc/machine-id", "")],
            &[("etc/machine-id", "uninitialized\n")],
            &[("etc/machine-id", "0123456789abcdef")],
            &[("etc/machine-id", "0123456789abcdefg0123456789abcde")],
            &[("etc/machine-id", "00000000000000000000000000000000")],
            &[("etc/machine-id", ID), (".dockerenv", "")],
            &[("etc/machine-id", ID), ("run/.containerenv", "")],
        ] {
            let (_root, source) = machine(files);
            assert_eq!(source.known(None, None), KnownHost::Unknown, "{files:?}");
            assert_eq!(source.to_keep(7), Some(KeptHost::Random(HostId(7))));
            // What was made once stays.
            assert_eq!(source.known(Some(KeptHost::Random(HostId(7))), None), KnownHost::Known(HostId(7)));
        }
    }

    #[test]
    fn a_folder_that_was_copied_to_another_machine_shows() {
        let (_one, here) = machine(&[("etc/machine-id", ID)]);
        let (_two, there) = machine(&[("etc/machine-id", "ffffffffffffffffffffffffffffffff")]);
        let kept = here.to_keep(0).unwrap();
        assert_eq!(here.known(Some(kept), None), KnownHost::Known(kept.id()));
        assert!(matches!(there.known(Some(kept), None), KnownHost::Moved(id) if id != kept.id()));
        // Where the identity cannot be read, the kept number counts.
        let (_three, nowhere) = machine(&[]);
        assert_eq!(nowhere.known(Some(kept), None), KnownHost::Known(kept.id()));
    }

    #[test]
    fn all_hosts_of_a_site_have_one_number() {
        let site = SiteName::new("Plant-2.North").unwrap();
        let (_one, here) = machine(&[("etc/machine-id", ID)]);
        let (_two, there) = machine(&[]);
        assert_eq!(here.known(None, Some(&site)), there.known(None, Some(&site)));
        assert_eq!(SiteName::new("plant-2.north"), SiteName::new("PLANT-2.NORTH"));
        for name in ["", "a b", "ä", &"x".repeat(65)] {
            assert_eq!(SiteName::new(name), None, "{name}");
        }
    }

    #[test]
    fn what_the_integrator_says_counts_first() {
        let kept = KeptHost::Random(HostId(1));
        assert_eq!(
            HostSource::Known(HostId(9)).known(Some(kept), SiteName::new("x").as_ref()),
            KnownHost::Known(HostId(9))
        );
        let facts = HostSource::Facts("serial 42".into());
        assert_eq!(facts.known(Some(kept), None), facts.known(None, None));
        assert_eq!(facts.to_keep(1), None);
    }
}
