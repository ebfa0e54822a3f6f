//! The file of a trust bundle: read, shown, and written back.

use super::failure::Failure;
use activation_code::{Bundle, MAX_BUNDLE, PublicKey, Roots};
use activation_host::program::{system, visible};
use countersign::trust::{BundleFile, BundleFileFault};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Reads the file that is carried from root to root.
pub fn read(path: &Path) -> Result<BundleFile, Failure> {
    let hint = "name a file that `countersign bundle draft` made, and that was not changed by an editor";
    let fail = |what: String| Failure::could_not(format!("{}: {what}", path.display())).hint(hint);
    let mut bytes = Vec::new();
    // One byte more says that there are too many.
    let most = MAX_BUNDLE as u64 + 1;
    let read = if path == Path::new("-") {
        io::stdin().lock().take(most).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes))
    };
    read.map_err(|error| fail(system(&error)))?;
    if bytes.len() > MAX_BUNDLE {
        return Err(fail(format!("a trust bundle has at most {MAX_BUNDLE} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|_| fail("it is no text in UTF-8".to_owned()))?;
    let file = BundleFile::parse(&text).map_err(|fault| fail(visible(&fault.to_string())))?;
    Ok(file)
}

/// What the last note of a file says.
pub fn claims(file: &BundleFile) -> Result<Bundle, Failure> {
    file.bundle().map_err(|fault| failure(&fault.into()))
}

pub fn failure(fault: &BundleFileFault) -> Failure {
    let hint = match fault {
        BundleFileFault::Bundle(_) => "draft it again: `countersign bundle draft FILE`",
        BundleFileFault::NotARoot { .. } => {
            "sign with the key file of a root that the bundle names, or of one before it"
        }
        BundleFileFault::SignedAlready { .. } => "carry it to the next root",
        BundleFileFault::Signer(_) => "restore the key file from its spare",
    };
    match fault {
        BundleFileFault::NotARoot { .. } | BundleFileFault::SignedAlready { .. } => Failure::no(fault.to_string()),
        _ => Failure::could_not(fault.to_string()),
    }
    .hint(hint)
}

/// Who has signed a bundle so far, and who is still needed.
pub struct Signatures {
    /// Those of the roots that it brings.
    pub now: Vec<PublicKey>,
    /// The roots before it, where they are others, and those of them that have signed.
    pub before: Option<(Roots, Vec<PublicKey>)>,
    roots: Roots,
}

impl Signatures {
    /// `former`: the roots that hosts trust already.
    pub fn of(file: &BundleFile, former: Option<&Roots>) -> Result<Self, Failure> {
        let roots = claims(file)?.roots;
        let signers = |roots: &Roots| file.signers(roots.keys()).map_err(|fault| failure(&fault.into()));
        let in_file = file.former_roots().map_err(|fault| failure(&fault))?;
        let before = in_file.as_ref().or(former).filter(|before| **before != roots);
        let before = before.map(|before| Ok::<_, Failure>((before.clone(), signers(before)?))).transpose()?;
        Ok(Self { now: signers(&roots)?, before, roots })
    }

    /// Whether nobody has to sign any more.
    pub fn suffice(&self) -> bool {
        let enough = |roots: &Roots, signed: &[PublicKey]| signed.len() >= usize::from(roots.threshold());
        enough(&self.roots, &self.now) && self.before.as_ref().is_none_or(|(roots, signed)| enough(roots, signed))
    }

    /// A line for each set of roots.
    pub fn words(&self) -> String {
        let line = |label: &str, roots: &Roots, signed: &[PublicKey]| {
            let needed = usize::from(roots.threshold());
            let state = match needed.saturating_sub(signed.len()) {
                0 => "enough".to_owned(),
                missing => format!("{missing} more needed"),
            };
            let mut text = format!("  {label:<12} {} of {needed}: {state}\n", signed.len());
            signed.iter().for_each(|key| text.push_str(&format!("               {key}\n")));
            text
        };
        let mut text = match &self.before {
            None => line("signed by", &self.roots, &self.now),
            Some(_) => line("new roots", &self.roots, &self.now),
        };
        if let Some((roots, signed)) = &self.before {
            text.push_str(&line("old roots", roots, signed));
        }
        text
    }
}
