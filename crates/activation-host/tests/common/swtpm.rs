//! A TPM in software, at the end of a pseudo-terminal: for who opens it, a character device like `/dev/tpmrm0`.

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// What a TPM understands.
#[derive(Clone, Copy, PartialEq)]
pub enum Generation {
    Tpm12,
    Tpm2,
}

/// A pseudo-terminal that passes every byte on.
pub struct Device {
    pub path: PathBuf,
    inner: Option<OwnedFd>,
    // As long as one is open, the end of another one is no end for the TPM.
    _outer: File,
}

impl Device {
    pub fn new() -> Self {
        let inner = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&inner).unwrap();
        unlockpt(&inner).unwrap();
        let path = PathBuf::from(ptsname(&inner, Vec::new()).unwrap().into_string().unwrap());
        let outer = File::options().read(true).write(true).open(&path).unwrap();
        let mut modes = tcgetattr(&outer).unwrap();
        modes.make_raw();
        tcsetattr(&outer, OptionalActions::Now, &modes).unwrap();
        Self { path, inner: Some(inner), _outer: outer }
    }
}

/// A running TPM; ended without warning, as by a power cut.
pub struct Swtpm {
    pub device: Device,
    child: Child,
}

impl Swtpm {
    /// A TPM 2.0 with its memory in a folder, ready as after a start of the machine.
    pub fn start(state: &Path) -> Self {
        Self::start_as(Generation::Tpm2, state)
    }

    pub fn start_as(generation: Generation, state: &Path) -> Self {
        let mut device = Device::new();
        // It takes no standard stream for a device: the shell gives it another number.
        let child = Command::new("sh")
            .args(["-c", "exec swtpm chardev --fd 3 \"$@\" 3<&0 </dev/null", "sh", "--tpmstate"])
            .arg(format!("dir={}", state.display()))
            .args(["--flags", "not-need-init,startup-clear"])
            .args((generation == Generation::Tpm2).then_some("--tpm2"))
            .stdin(device.inner.take().unwrap())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self { device, child }
    }

    pub fn path(&self) -> &Path {
        &self.device.path
    }

    /// Runs a command line of tpm2-tools on it.
    pub fn tools(&self, line: &str) -> Output {
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).env("TPM2TOOLS_TCTI", format!("device:{}", self.path().display()));
        shell.output().unwrap()
    }

    /// The same; it must succeed.
    pub fn tool(&self, line: &str) -> Vec<u8> {
        let output = self.tools(line);
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }
}

impl Drop for Swtpm {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
