//! A counter in the non-volatile memory of a TPM 2.0, spoken to in its own bytes.
//!
//! From the *TPM 2.0 Library Specification*, parts 2 (structures) and 3 (commands); numbers are big-endian:
//!
//! ```text
//! command   tag u16 | size of all u32 | command code u32 | handles, u32 each | authorisations | parameters
//! response  tag u16 | size of all u32 | response code u32 | [size u32] parameters | authorisations
//!
//! tag             0x8001 without, 0x8002 with authorisations and, in a response, the size of the parameters
//! authorisations  command: size u32, handle TPM_RS_PW u32, nonce u16 = 0, attributes u8, password u16 = 0
//!                 response: nonce u16 = 0, attributes u8, acknowledgement u16 = 0
//! sized           size u16, then as many bytes
//!
//! NV_ReadPublic   index                →  sized { index u32, hash u16, attributes u32, policy sized, size u16 }, name sized
//! NV_DefineSpace  owner                   password sized, sized { the same }  →
//! NV_Increment    index (who), index   →
//! NV_Read         index (who), index      bytes u16, from u16  →  sized
//! ```

use super::{CounterFault, RollbackCounter};
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::str::FromStr;
use std::time::{Duration, Instant};

#[cfg(unix)]
pub use device::TpmCounter;

/// How long we wait for an answer, and how long we ask again where the TPM says that it is busy. The driver of a chip
/// has its own limit, of two minutes for some commands, and takes the command only when there is an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Longest answer we take: what the drivers of Linux take. The answers that we want have at most 98 bytes.
const MAX_ANSWER: usize = 4096;
/// Tag, size and response code.
const HEADER: usize = 10;

const NO_SESSIONS: u16 = 0x8001;
const SESSIONS: u16 = 0x8002;
/// The tag with which a TPM 1.2 answers.
const TPM_1_2: u16 = 0x00C4;
const OWNER: u32 = 0x4000_0001;
const SHA256: u16 = 0x000B;
/// The authorisation of an empty password (`TPM_RS_PW`), nine bytes of it.
const EMPTY_PASSWORD: [u8; 13] = [0, 0, 0, 9, 0x40, 0, 0, 9, 0, 0, 0, 0, 0];

/// Attributes of an index, `TPMA_NV`.
mod attribute {
    pub const AUTHWRITE: u32 = 1 << 2;
    pub const AUTHREAD: u32 = 1 << 18;
    pub const NO_DA: u32 = 1 << 25;
    pub const ORDERLY: u32 = 1 << 26;
    pub const WRITTEN: u32 = 1 << 29;
    /// Where the kind of an index stands, `TPM_NT`.
    pub const KIND: u32 = 0xF << 4;
    pub const COUNTER: u32 = 1 << 4;

    /// Everybody on the host may read and raise it. Without `NO_DA` a wrong password of ours would count as an attack
    /// on the TPM, if the index is another program's.
    pub const WANTED: [(u32, &str); 3] = [(AUTHREAD, "authread"), (AUTHWRITE, "authwrite"), (NO_DA, "no_da")];
    pub const OURS: u32 = COUNTER | AUTHREAD | AUTHWRITE | NO_DA;
}
use attribute::{COUNTER, KIND, ORDERLY, OURS, WANTED, WRITTEN};

/// Bytes in a counter.
const COUNTER_SIZE: u16 = 8;

/// Response codes, without the number of the handle, parameter or session that they are about.
mod code {
    pub const HANDLE: u32 = 0x08B;
    pub const AUTH_FAIL: u32 = 0x08E;
    pub const BAD_AUTH: u32 = 0x0A2;
    pub const NV_LOCKED: u32 = 0x148;
    pub const NV_UNINITIALIZED: u32 = 0x14A;
    pub const NV_SPACE: u32 = 0x14B;
    pub const NV_DEFINED: u32 = 0x14C;
    /// Ask again: yielded, testing, too many writes in a short time, retry.
    pub const AGAIN: [u32; 4] = [0x908, 0x90A, 0x920, 0x922];

    pub fn kind(code: u32) -> u32 {
        // Codes of format one have bit 7.
        if code & 0x80 == 0 { code } else { code & 0xBF }
    }
}

/// The number of a place in a TPM's non-volatile memory, among those that are free for the TPM's owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NvIndex(u32);

impl NvIndex {
    /// The one to take where nothing speaks against it. Two installations on one host need two.
    pub const SUGGESTED: Self = Self(0x0180_C516);

    /// `None` outside of 0x01800000 to 0x01bfffff, which belong to makers and standards.
    pub fn new(number: u32) -> Option<Self> {
        matches!(number, 0x0180_0000..=0x01BF_FFFF).then_some(Self(number))
    }
}

impl fmt::Display for NvIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:08x}", self.0)
    }
}

/// A text is no [`NvIndex`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NvIndexFault;

impl fmt::Display for NvIndexFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wanted an NV index of the TPM's owner, 0x01800000 to 0x01bfffff")
    }
}

impl std::error::Error for NvIndexFault {}

impl FromStr for NvIndex {
    type Err = NvIndexFault;

    /// In hexadecimal digits, `0x` in front of them or not.
    fn from_str(text: &str) -> Result<Self, NvIndexFault> {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NvIndexFault);
        }
        u32::from_str_radix(digits, 16).ok().and_then(Self::new).ok_or(NvIndexFault)
    }
}

/// The commands that we need of a TPM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NvCommand {
    /// Says what an index is.
    ReadPublic,
    /// Makes one.
    DefineSpace,
    /// Raises a counter. The first time gives it a value: more than any counter of this TPM ever had.
    Increment,
    /// Reads one.
    Read,
}

impl NvCommand {
    fn code(self) -> u32 {
        match self {
            Self::ReadPublic => 0x169,
            Self::DefineSpace => 0x12A,
            Self::Increment => 0x134,
            Self::Read => 0x14E,
        }
    }

    /// The tag of the command and of the answer where it was done.
    fn tag(self) -> u16 {
        match self {
            Self::ReadPublic => NO_SESSIONS,
            Self::DefineSpace | Self::Increment | Self::Read => SESSIONS,
        }
    }

    fn bytes(self, handles: &[u32], parameters: &[u8]) -> Vec<u8> {
        let authorisation: &[u8] = if self.tag() == SESSIONS { &EMPTY_PASSWORD } else { &[] };
        let size = HEADER + 4 * handles.len() + authorisation.len() + parameters.len();
        let mut bytes = Vec::with_capacity(size);
        bytes.extend(self.tag().to_be_bytes());
        bytes.extend((size as u32).to_be_bytes());
        bytes.extend(self.code().to_be_bytes());
        bytes.extend(handles.iter().flat_map(|handle| handle.to_be_bytes()));
        bytes.extend(authorisation);
        bytes.extend(parameters);
        bytes
    }
}

impl fmt::Display for NvCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReadPublic => "NV_ReadPublic",
            Self::DefineSpace => "NV_DefineSpace",
            Self::Increment => "NV_Increment",
            Self::Read => "NV_Read",
        })
    }
}

/// What is wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerFault {
    /// It ends too early.
    Ends {
        /// Bytes that came.
        found: usize,
        /// Bytes that should have.
        wanted: usize,
    },
    /// The size that it gives itself cannot be.
    Size {
        /// In bytes.
        found: u32,
    },
    /// More came than the size that it gives itself.
    Longer {
        /// Bytes that came.
        found: usize,
        /// Bytes that should have.
        wanted: usize,
    },
    /// Its tag is of another kind of answer.
    Tag {
        /// As it came.
        found: u16,
    },
    /// Its parts do not fit into it or do not fill it.
    Parts,
    /// It is about another index.
    Index {
        /// Which.
        found: u32,
    },
}

impl fmt::Display for AnswerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ends { found, wanted } => write!(f, "ends after {found} bytes, wanted {wanted}"),
            Self::Size { found } => write!(f, "gives its size as {found} bytes, wanted {HEADER} to {MAX_ANSWER}"),
            Self::Longer { found, wanted } => write!(f, "has {found} bytes, wanted {wanted}"),
            Self::Tag { found } => write!(f, "begins with tag 0x{found:04x}, which does not belong to it"),
            Self::Parts => f.write_str("has parts that do not add up to its size"),
            Self::Index { found } => write!(f, "is about index 0x{found:08x}"),
        }
    }
}

impl std::error::Error for AnswerFault {}

/// What of an answer is not read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn bytes(&mut self, count: usize) -> Result<&'a [u8], AnswerFault> {
        let (bytes, rest) = self.0.split_at_checked(count).ok_or(AnswerFault::Parts)?;
        self.0 = rest;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], AnswerFault> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(AnswerFault::Parts)?;
        self.0 = rest;
        Ok(*bytes)
    }

    fn u16(&mut self) -> Result<u16, AnswerFault> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, AnswerFault> {
        self.array().map(u32::from_be_bytes)
    }

    fn sized(&mut self) -> Result<&'a [u8], AnswerFault> {
        let size = self.u16()?;
        self.bytes(size.into())
    }

    fn end(&self) -> Result<(), AnswerFault> {
        if self.0.is_empty() { Ok(()) } else { Err(AnswerFault::Parts) }
    }
}

/// What NV_ReadPublic says of an index.
struct Public {
    attributes: u32,
    size: u16,
}

impl Public {
    fn parse(parameters: &[u8], index: NvIndex) -> Result<Self, AnswerFault> {
        let mut parameters = Rest(parameters);
        let mut area = Rest(parameters.sized()?);
        parameters.sized()?;
        parameters.end()?;
        let found = area.u32()?;
        if found != index.0 {
            return Err(AnswerFault::Index { found });
        }
        area.u16()?;
        let attributes = area.u32()?;
        area.sized()?;
        let size = area.u16()?;
        area.end()?;
        Ok(Self { attributes, size })
    }

    fn is_ours(&self) -> bool {
        // An orderly counter lives in memory and jumps ahead after a power cut, which would look like an older copy.
        self.size == COUNTER_SIZE
            && self.attributes & (KIND | ORDERLY) == COUNTER
            && WANTED.iter().all(|(bit, _)| self.attributes & bit != 0)
    }
}

/// What an index holds, and what about it is not as wanted.
pub(super) fn describe(f: &mut fmt::Formatter<'_>, attributes: u32, size: u16) -> fmt::Result {
    match (attributes & KIND) >> 4 {
        0 => write!(f, "data of {size} bytes")?,
        1 => {
            f.write_str("a counter")?;
            if attributes & ORDERLY != 0 {
                f.write_str(" that jumps after a power cut (orderly)")?;
            }
            for (bit, name) in WANTED {
                if attributes & bit == 0 {
                    write!(f, " without {name}")?;
                }
            }
        }
        2 => f.write_str("a set of bits")?,
        4 => f.write_str("a hash that is extended")?,
        8 | 9 => f.write_str("a PIN")?,
        kind => write!(f, "something of kind {kind}")?,
    }
    f.write_str(", wanted a counter of ours")
}

/// Where a counter comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was there and had a value.
    Found,
    /// It was made now, or had been defined and had no value yet.
    Made,
}

/// A counter of a TPM that a stream leads to. The stream is not shared with others.
#[derive(Debug)]
pub struct NvCounter<S> {
    stream: S,
    index: NvIndex,
}

impl<S: Read + Write> NvCounter<S> {
    /// The counter at an index; it is made if there is nothing.
    ///
    /// # Errors
    /// Something else is there, it cannot be made, or the TPM is not to be talked to.
    pub fn over(stream: S, index: NvIndex) -> Result<(Self, Origin), CounterFault> {
        let mut counter = Self { stream, index };
        let origin = counter.find_or_make()?;
        Ok((counter, origin))
    }

    fn find_or_make(&mut self) -> Result<Origin, CounterFault> {
        let index = self.index;
        let public = match self.public()? {
            Some(public) => public,
            None => {
                self.define()?;
                // Looked at once more: somebody else may have been faster.
                self.public()?.ok_or(CounterFault::Gone { index })?
            }
        };
        if !public.is_ours() {
            return Err(CounterFault::Taken { index, attributes: public.attributes, size: public.size });
        }
        if public.attributes & WRITTEN != 0 {
            return Ok(Origin::Found);
        }
        self.raise()?;
        Ok(Origin::Made)
    }

    fn public(&mut self) -> Result<Option<Public>, CounterFault> {
        let to = NvCommand::ReadPublic;
        match self.ask(to, &[self.index.0], &[]) {
            Ok(parameters) => {
                Public::parse(&parameters, self.index).map(Some).map_err(|fault| CounterFault::Answer { to, fault })
            }
            Err(CounterFault::Refused { code, .. }) if code::kind(code) == code::HANDLE => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    fn define(&mut self) -> Result<(), CounterFault> {
        // An empty password; then the public area, 14 bytes of it, without a policy.
        let mut parameters = vec![0, 0, 0, 14];
        parameters.extend(self.index.0.to_be_bytes());
        parameters.extend(SHA256.to_be_bytes());
        parameters.extend(OURS.to_be_bytes());
        parameters.extend([0, 0]);
        parameters.extend(COUNTER_SIZE.to_be_bytes());
        match self.ask(NvCommand::DefineSpace, &[OWNER], &parameters) {
            Err(CounterFault::Refused { code: code::NV_DEFINED, .. }) => Ok(()),
            defined => defined.and_then(|parameters| nothing(NvCommand::DefineSpace, &parameters)),
        }
    }

    fn raise(&mut self) -> Result<(), CounterFault> {
        let parameters = self.ask(NvCommand::Increment, &[self.index.0; 2], &[])?;
        nothing(NvCommand::Increment, &parameters)
    }

    fn value(&mut self) -> Result<u64, CounterFault> {
        let to = NvCommand::Read;
        let mut from_the_start = COUNTER_SIZE.to_be_bytes().to_vec();
        from_the_start.extend([0, 0]);
        let parameters = self.ask(to, &[self.index.0; 2], &from_the_start)?;
        let mut rest = Rest(&parameters);
        let value = rest.sized().and_then(|value| {
            rest.end()?;
            value.try_into().map_err(|_| AnswerFault::Parts)
        });
        value.map(u64::from_be_bytes).map_err(|fault| CounterFault::Answer { to, fault })
    }

    /// The parameters of the answer to a command that was done; asked again while the TPM says that it is busy.
    fn ask(&mut self, to: NvCommand, handles: &[u32], parameters: &[u8]) -> Result<Vec<u8>, CounterFault> {
        let command = to.bytes(handles, parameters);
        let begun = Instant::now();
        let mut pause = Duration::from_millis(10);
        loop {
            match self.exchange(to, &command) {
                Err(CounterFault::Refused { code, .. })
                    if code::AGAIN.contains(&code) && begun.elapsed() + pause < PATIENCE =>
                {
                    std::thread::sleep(pause);
                    pause *= 2;
                }
                done => return done,
            }
        }
    }

    fn exchange(&mut self, to: NvCommand, command: &[u8]) -> Result<Vec<u8>, CounterFault> {
        // The driver takes a command as one write.
        self.stream.write_all(command).and_then(|()| self.stream.flush()).map_err(fault_of)?;
        let mut answer = vec![0; MAX_ANSWER];
        let mut found = self.receive(&mut answer, 0, HEADER, to)?;
        let mut header = Rest(&answer);
        let about = |fault| CounterFault::Answer { to, fault };
        let tag = header.u16().map_err(about)?;
        let size = header.u32().map_err(about)?;
        let code = header.u32().map_err(about)?;
        if tag == TPM_1_2 {
            return Err(CounterFault::OldTpm);
        }
        let wanted = usize::try_from(size).ok().filter(|wanted| (HEADER..=MAX_ANSWER).contains(wanted));
        let wanted = wanted.ok_or(about(AnswerFault::Size { found: size }))?;
        if found < wanted {
            found = self.receive(&mut answer, found, wanted, to)?;
        }
        if found > wanted {
            return Err(about(AnswerFault::Longer { found, wanted }));
        }
        answer.truncate(wanted);
        if tag != if code == 0 { to.tag() } else { NO_SESSIONS } {
            return Err(about(AnswerFault::Tag { found: tag }));
        }
        if code != 0 {
            return Err(if wanted == HEADER { self.refusal(to, code) } else { about(AnswerFault::Parts) });
        }
        parameters(to, &answer[HEADER..]).map(<[u8]>::to_vec).map_err(about)
    }

    /// Reads until there are at least as many bytes as wanted; how many there are.
    fn receive(
        &mut self,
        answer: &mut [u8],
        mut found: usize,
        wanted: usize,
        to: NvCommand,
    ) -> Result<usize, CounterFault> {
        while found < wanted {
            match self.stream.read(&mut answer[found..]) {
                Ok(0) => return Err(CounterFault::Answer { to, fault: AnswerFault::Ends { found, wanted } }),
                Ok(count) => found += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(fault_of(error)),
            }
        }
        Ok(found)
    }

    fn refusal(&self, to: NvCommand, code: u32) -> CounterFault {
        let index = self.index;
        match (to, code::kind(code)) {
            (NvCommand::DefineSpace, code::BAD_AUTH | code::AUTH_FAIL) => CounterFault::OwnerPassword { index },
            (NvCommand::DefineSpace, code::NV_SPACE) => CounterFault::Full { index },
            (NvCommand::Increment | NvCommand::Read, kind) => match kind {
                code::BAD_AUTH | code::AUTH_FAIL => CounterFault::IndexPassword { index },
                code::HANDLE | code::NV_UNINITIALIZED => CounterFault::Gone { index },
                code::NV_LOCKED => CounterFault::Locked { index },
                _ => CounterFault::Refused { to, code },
            },
            _ => CounterFault::Refused { to, code },
        }
    }
}

impl<S: Read + Write + Send + fmt::Debug> RollbackCounter for NvCounter<S> {
    fn read(&mut self) -> Result<u64, CounterFault> {
        self.value()
    }

    fn increment(&mut self) -> Result<u64, CounterFault> {
        self.raise()?;
        self.value()
    }
}

/// The parameters, out of what follows the header.
fn parameters(to: NvCommand, body: &[u8]) -> Result<&[u8], AnswerFault> {
    if to.tag() == NO_SESSIONS {
        return Ok(body);
    }
    let mut rest = Rest(body);
    let size = rest.u32()?;
    let parameters = rest.bytes(usize::try_from(size).map_err(|_| AnswerFault::Parts)?)?;
    let nonce = rest.sized()?;
    let [_attributes] = rest.array()?;
    let acknowledgement = rest.sized()?;
    rest.end()?;
    // A password is acknowledged with nothing.
    if nonce.is_empty() && acknowledgement.is_empty() { Ok(parameters) } else { Err(AnswerFault::Parts) }
}

fn nothing(to: NvCommand, parameters: &[u8]) -> Result<(), CounterFault> {
    Rest(parameters).end().map_err(|fault| CounterFault::Answer { to, fault })
}

fn fault_of(error: io::Error) -> CounterFault {
    match error.kind() {
        ErrorKind::TimedOut => CounterFault::Silent { seconds: PATIENCE.as_secs() },
        _ => CounterFault::System(error),
    }
}

#[cfg(unix)]
mod device {
    use super::*;
    use crate::storage::patiently;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use std::fs::{self, File};
    use std::os::unix::fs::FileTypeExt;
    use std::path::PathBuf;

    /// A counter of the TPM of this machine.
    ///
    /// The device is opened for each reading and each rise and is free in between, so that a program that runs for
    /// months keeps nobody out; other programs of ours wait, by a lock on the device.
    #[derive(Debug)]
    pub struct TpmCounter {
        path: PathBuf,
        index: NvIndex,
        origin: Origin,
    }

    impl TpmCounter {
        /// The counter at an index of the TPM at a character device, `/dev/tpmrm0` as a rule; it is made if there is
        /// nothing at the index.
        ///
        /// # Errors
        /// No device or none that may be used, something else at the index, or it cannot be made.
        pub fn open(path: impl Into<PathBuf>, index: NvIndex) -> Result<Self, CounterFault> {
            let mut counter = Self { path: path.into(), index, origin: Origin::Found };
            counter.origin = counter.with(NvCounter::find_or_make)?;
            Ok(counter)
        }

        /// Whether it was there before it was opened.
        pub fn origin(&self) -> Origin {
            self.origin
        }

        /// Its index.
        pub fn index(&self) -> NvIndex {
            self.index
        }

        fn with<T>(
            &self,
            act: impl FnOnce(&mut NvCounter<Device>) -> Result<T, CounterFault>,
        ) -> Result<T, CounterFault> {
            let file = self.device().map_err(|error| {
                let path = self.path.clone();
                match error.kind() {
                    ErrorKind::NotFound => CounterFault::NoDevice { path },
                    ErrorKind::PermissionDenied => CounterFault::NoPermission { path },
                    ErrorKind::InvalidInput => CounterFault::NotADevice { path },
                    ErrorKind::ResourceBusy | ErrorKind::WouldBlock => CounterFault::InUse { path },
                    _ => CounterFault::System(error),
                }
            })?;
            act(&mut NvCounter { stream: Device(file), index: self.index })
        }

        fn device(&self) -> io::Result<File> {
            // Asked first: opening a pipe would wait for its other end, and a file would be written over.
            if !fs::metadata(&self.path)?.file_type().is_char_device() {
                return Err(ErrorKind::InvalidInput.into());
            }
            let file = File::options().read(true).write(true).open(&self.path)?;
            // Without the kernel's resource manager the answers of two programs would be mixed up.
            patiently(PATIENCE, || file.try_lock())?;
            Ok(file)
        }
    }

    impl RollbackCounter for TpmCounter {
        fn read(&mut self) -> Result<u64, CounterFault> {
            self.with(NvCounter::read)
        }

        fn increment(&mut self) -> Result<u64, CounterFault> {
            self.with(NvCounter::increment)
        }
    }

    /// A character device; waiting for it ends.
    #[derive(Debug)]
    struct Device(File);

    impl Read for Device {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let patience = Timespec { tv_sec: PATIENCE.as_secs() as i64, tv_nsec: 0 };
            match poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&patience))? {
                0 => Err(ErrorKind::TimedOut.into()),
                _ => self.0.read(buffer),
            }
        }
    }

    impl Write for Device {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            self.0.flush()
        }
    }
}
