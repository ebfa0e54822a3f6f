//! A PostgreSQL server for one test, on a Unix socket in a temporary folder, and enough of its protocol
//! (PostgreSQL documentation, "Frontend/Backend Protocol", extended query) to run statements as a driver does:
//! the server says of which types the parameters and the results are. No driver is linked: the synchronous one
//! brings an async runtime.

use super::tools::{have, place};
use rusqlite::types::Value;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::lchown;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// `nobody`: PostgreSQL refuses to run as root.
const NOBODY: u32 = 65534;
/// Longest wait for a server that begins.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that runs until this is dropped.
pub struct Server {
    process: Child,
    room: TempDir,
}

impl Server {
    /// `None` where PostgreSQL is missing, which is said.
    pub fn start() -> Option<Self> {
        if !["initdb", "postgres"].into_iter().all(have) {
            return None;
        }
        let room = tempfile::tempdir().unwrap();
        if rustix::process::geteuid().is_root() {
            lchown(room.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let data = room.path().join("data");
        // Another order of letters than SQLite's, so that what depends on it is seen.
        let order = ["--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"];
        let mut initdb = program(room.path(), "initdb");
        initdb.arg("--pgdata").arg(&data).args(["--username=desk", "--auth=trust", "--no-sync"]).args(order);
        let output = initdb.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut server = program(room.path(), "postgres");
        server.arg("-D").arg(&data).arg("-k").arg(room.path());
        server.args(["-c", "listen_addresses=", "-c", "fsync=off"]);
        let log = fs::File::create(room.path().join("log")).unwrap();
        let process = server.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        Some(Self { process, room })
    }

    /// A new connection, as soon as the server takes one.
    pub fn connect(&mut self) -> Client {
        let begun = Instant::now();
        loop {
            let error = match Client::new(&self.room.path().join(".s.PGSQL.5432")) {
                Ok(client) => return client,
                Err(error) => error,
            };
            let gone = self.process.try_wait().unwrap();
            if gone.is_some() || begun.elapsed() > PATIENCE {
                let log = fs::read_to_string(self.room.path().join("log")).unwrap_or_default();
                panic!("PostgreSQL does not answer: {error}, {gone:?}\n{log}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its immediate shutdown, which takes its own processes along.
        let _ = kill_process(Pid::from_child(&self.process), Signal::QUIT);
        let _ = self.process.wait();
    }
}

fn program(room: &Path, tool: &str) -> Command {
    let mut command = Command::new(place(tool).expect("it was there"));
    command.current_dir(room).stdin(Stdio::null()).env_clear();
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// A type of a parameter or a result, which is one of the three that a ledger has, or none of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `bigint`.
    Integer,
    /// `text`.
    Text,
    /// `bytea`.
    Bytes,
    /// The number of another one, in `pg_type`.
    Other(u32),
}

impl From<u32> for Type {
    fn from(number: u32) -> Self {
        match number {
            20 => Self::Integer,
            25 => Self::Text,
            17 => Self::Bytes,
            other => Self::Other(other),
        }
    }
}

impl Type {
    /// Whether a value is of this type, or nothing.
    pub fn has(self, value: &Value) -> bool {
        matches!(
            (self, value),
            (_, Value::Null)
                | (Self::Integer, Value::Integer(_))
                | (Self::Text, Value::Text(_))
                | (Self::Bytes, Value::Blob(_))
        )
    }

    fn read(self, text: &str) -> Value {
        match self {
            Self::Integer => Value::Integer(text.parse().unwrap()),
            Self::Bytes => {
                let digits = text.strip_prefix("\\x").unwrap();
                let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
                Value::Blob((0..digits.len()).step_by(2).map(byte).collect())
            }
            Self::Text | Self::Other(_) => Value::Text(text.to_owned()),
        }
    }
}

/// A statement that the server has prepared.
#[derive(Clone, Debug)]
pub struct Prepared {
    name: String,
    /// The types of its parameters, as the server concludes them.
    pub parameters: Vec<Type>,
    /// Those of its columns; of a statement that gives no rows: none.
    pub columns: Vec<Type>,
}

/// What a statement came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    /// What it found.
    pub rows: Vec<Vec<Value>>,
    /// How many rows it found or changed, as the server says it.
    pub count: usize,
}

/// A connection.
pub struct Client {
    stream: UnixStream,
}

/// A message to or from the server: its letter, and what is in it.
struct Message {
    letter: u8,
    body: Vec<u8>,
}

impl Message {
    fn new(letter: u8) -> Self {
        Self { letter, body: Vec::new() }
    }

    fn short(mut self, number: usize) -> Self {
        self.body.extend(u16::try_from(number).unwrap().to_be_bytes());
        self
    }

    fn long(mut self, number: i32) -> Self {
        self.body.extend(number.to_be_bytes());
        self
    }

    fn text(mut self, text: &str) -> Self {
        self.body.extend(text.as_bytes());
        self.body.push(0);
        self
    }

    fn value(self, value: &Value) -> Self {
        let text = match value {
            Value::Null => return self.long(-1),
            Value::Integer(number) => number.to_string(),
            Value::Text(text) => text.clone(),
            Value::Blob(bytes) => bytes.iter().fold("\\x".to_owned(), |text, byte| format!("{text}{byte:02x}")),
            Value::Real(_) => panic!("no column of a ledger is one"),
        };
        let mut message = self.long(i32::try_from(text.len()).unwrap());
        message.body.extend(text.as_bytes());
        message
    }
}

/// What is left to read of a message.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }

    fn short(&mut self) -> usize {
        u16::from_be_bytes(self.bytes(2).try_into().unwrap()).into()
    }

    fn long(&mut self) -> i32 {
        i32::from_be_bytes(self.bytes(4).try_into().unwrap())
    }

    fn text(&mut self) -> &'a str {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap();
        let text = std::str::from_utf8(self.bytes(end)).unwrap();
        self.bytes(1);
        text
    }
}

impl Client {
    fn new(socket: &Path) -> io::Result<Self> {
        let mut client = Self { stream: UnixStream::connect(socket)? };
        let hello = Message::new(0).long(3 << 16).text("user").text("desk").text("database").text("postgres");
        let length = i32::try_from(hello.body.len()).unwrap() + 5;
        client.stream.write_all(&[&length.to_be_bytes(), &hello.body[..], &[0]].concat())?;
        loop {
            let message = client.read()?;
            match message.letter {
                b'Z' => return Ok(client),
                b'E' => return Err(io::Error::other(fault(&message))),
                _ => {}
            }
        }
    }

    fn read(&mut self) -> io::Result<Message> {
        let mut head = [0; 5];
        self.stream.read_exact(&mut head)?;
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let mut body = vec![0; length - 4];
        self.stream.read_exact(&mut body)?;
        Ok(Message { letter: head[0], body })
    }

    /// Sends messages, and gives what comes back until the server is ready for more.
    fn talk(&mut self, messages: &[Message]) -> Result<Vec<Message>, String> {
        let mut sent = Vec::new();
        for Message { letter, body } in messages {
            sent.push(*letter);
            sent.extend(i32::try_from(body.len() + 4).unwrap().to_be_bytes());
            sent.extend(body);
        }
        self.stream.write_all(&sent).unwrap();
        let (mut answers, mut failed) = (Vec::new(), None);
        loop {
            let answer = self.read().unwrap();
            match answer.letter {
                b'Z' => break,
                b'E' => failed = Some(fault(&answer)),
                _ => answers.push(answer),
            }
        }
        failed.map_or(Ok(answers), Err)
    }

    /// Runs statements that have no parameters, and gives the rows of the last one as text.
    ///
    /// # Errors
    /// What the server says.
    pub fn run(&mut self, sql: &str) -> Result<Vec<Vec<Value>>, String> {
        let mut rows = Vec::new();
        let mut columns = Vec::new();
        for answer in self.talk(&[Message::new(b'Q').text(sql)])? {
            match answer.letter {
                b'T' => (rows, columns) = (Vec::new(), columns_of(&answer)),
                b'D' => rows.push(row_of(&answer, &columns)),
                _ => {}
            }
        }
        Ok(rows)
    }

    /// Prepares a statement under a name.
    ///
    /// # Errors
    /// What the server says: it does not know the SQL, or not of which type a parameter is.
    pub fn prepare(&mut self, name: &str, sql: &str) -> Result<Prepared, String> {
        let parse = Message::new(b'P').text(name).text(sql).short(0);
        let mut describe = Message::new(b'D');
        describe.body.push(b'S');
        let mut prepared = Prepared { name: name.to_owned(), parameters: Vec::new(), columns: Vec::new() };
        for answer in self.talk(&[parse, describe.text(name), Message::new(b'S')])? {
            match answer.letter {
                b't' => {
                    let mut rest = Rest(&answer.body);
                    prepared.parameters = (0..rest.short()).map(|_| Type::from(rest.long() as u32)).collect();
                }
                b'T' => prepared.columns = columns_of(&answer),
                _ => {}
            }
        }
        Ok(prepared)
    }

    /// Executes a prepared statement.
    ///
    /// # Errors
    /// What the server says.
    pub fn execute(&mut self, prepared: &Prepared, parameters: &[Value]) -> Result<Done, String> {
        let bind = Message::new(b'B').text("").text(&prepared.name).short(0).short(parameters.len());
        let bind = parameters.iter().fold(bind, Message::value).short(0);
        let messages = [bind, Message::new(b'E').text("").long(0), Message::new(b'S')];
        let mut done = Done { rows: Vec::new(), count: 0 };
        for answer in self.talk(&messages)? {
            match answer.letter {
                b'D' => done.rows.push(row_of(&answer, &prepared.columns)),
                // As in `INSERT 0 1` and `SELECT 5`.
                b'C' => done.count = Rest(&answer.body).text().rsplit(' ').next().unwrap().parse().unwrap(),
                _ => {}
            }
        }
        Ok(done)
    }
}

fn columns_of(message: &Message) -> Vec<Type> {
    let mut rest = Rest(&message.body);
    let column = |rest: &mut Rest<'_>| {
        rest.text();
        rest.bytes(6);
        let kind = Type::from(rest.long() as u32);
        rest.bytes(8);
        kind
    };
    (0..rest.short()).map(|_| column(&mut rest)).collect()
}

fn row_of(message: &Message, columns: &[Type]) -> Vec<Value> {
    let mut rest = Rest(&message.body);
    assert_eq!(rest.short(), columns.len());
    let value = |kind: &Type| match usize::try_from(rest.long()) {
        Ok(length) => kind.read(std::str::from_utf8(rest.bytes(length)).unwrap()),
        Err(_) => Value::Null,
    };
    columns.iter().map(value).collect()
}

/// The sentence of an error.
fn fault(message: &Message) -> String {
    let fields = message.body.split(|byte| *byte == 0);
    let sentence = fields.filter_map(|field| field.strip_prefix(b"M")).next().unwrap_or_default();
    String::from_utf8_lossy(sentence).into_owned()
}
