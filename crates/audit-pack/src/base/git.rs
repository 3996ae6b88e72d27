//! What git has of a file, as data.
//!
//! The repository may be anybody's: nothing of it is executed. Objects are read as they are stored, without filters,
//! text conversion, hooks, monitors, replacements, or a fetch of what is missing; the environment is ours alone.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use holdfast::Exit;
use holdfast::sys::{Ended, Job, Outcome, Spawner};

/// What one question may take; a blob may be many gigabytes long.
const TIMEOUT: Duration = Duration::from_hours(1);
/// Where no configuration is.
const NOTHING: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };
/// Told to every git. The owner of the folder does not matter where it is only read as data: a job of CI often runs as
/// another user than the one who checked out.
const OPTIONS: [&str; 13] = [
    "git",
    "--no-pager",
    "--no-replace-objects",
    "--no-optional-locks",
    "--literal-pathspecs",
    "-c",
    "safe.directory=*",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "protocol.allow=never",
    "-c",
    "core.quotePath=false",
];

/// Why git does not say it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitError {
    #[error("the program git cannot be started: {0}\n  install git, or check without --base")]
    Absent(io::Error),
    #[error("{dir} is in no git repository: {said}\n  name a log that git has, or check without --base")]
    NoRepository { dir: String, said: String },
    #[error(
        "{rev:?} is no revision of this repository\n  name a commit, branch or tag that is there; in a shallow clone, fetch it \
         first: git fetch --unshallow (in a GitHub workflow: fetch-depth: 0)"
    )]
    Revision { rev: String },
    #[error("{rev} has {name} as {what}, not as a file\n  name another revision, or another log")]
    NoFile { rev: String, name: String, what: &'static str },
    #[error("git did not answer: {0}\n  look whether the repository is whole: git fsck")]
    Failed(String),
    #[error("the output of git cannot be read: {0}")]
    Io(#[from] io::Error),
}

impl GitError {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Absent(_) | Self::NoRepository { .. } => Exit::Config,
            Self::Revision { .. } => Exit::Usage,
            Self::NoFile { .. } => Exit::Data,
            Self::Failed(_) | Self::Io(_) => Exit::Io,
        }
    }
}

/// Git in a folder of a repository.
pub(crate) struct Git<'a> {
    pub(crate) spawner: &'a (dyn Spawner + Sync),
    pub(crate) dir: PathBuf,
}

impl Git<'_> {
    /// The id of the commit that `rev` names.
    pub(crate) fn commit(&self, rev: &str) -> Result<String, GitError> {
        let unknown = || GitError::Revision { rev: rev.to_owned() };
        // Not an option, not a range, not a path in a revision.
        if rev.is_empty() || rev.starts_with(['-', '^']) || rev.contains("..") || rev.contains([':', '\0']) {
            return Err(unknown());
        }
        let (inside, _) = self.ask(&["rev-parse", "--git-dir"])?;
        if inside.ended != Ended::Code(0) {
            let said = inside.output.lines().next().unwrap_or("git does not say why").to_owned();
            return Err(GitError::NoRepository { dir: self.dir.display().to_string(), said });
        }
        let (outcome, id) = self.ask(&["rev-parse", "--verify", "--quiet", &format!("{rev}^{{commit}}")])?;
        let is_id = id.len() >= 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if outcome.ok() && is_id { Ok(id) } else { Err(unknown()) }
    }

    /// The id of the blob that a commit has under a name in our folder; nothing where it has none.
    pub(crate) fn blob(&self, commit: &str, name: &str) -> Result<Option<String>, GitError> {
        let (outcome, line) = self.ask(&["ls-tree", commit, "--", name])?;
        if !outcome.ok() {
            return Err(GitError::Failed(outcome.output));
        }
        let mut words = line.split_ascii_whitespace();
        let (Some(mode), Some(_), Some(id)) = (words.next(), words.next(), words.next()) else {
            return Ok(None);
        };
        let no_file = |what| GitError::NoFile { rev: commit.to_owned(), name: name.to_owned(), what };
        match mode {
            "100644" | "100755" | "100664" => Ok(Some(id.to_owned())),
            "120000" => Err(no_file("a link")),
            "160000" => Err(no_file("another repository")),
            _ => Err(no_file("a folder")),
        }
    }

    /// Hands on the bytes of a blob.
    pub(crate) fn read(&self, blob: &str, sink: &mut dyn Write) -> Result<(), GitError> {
        let outcome = self.run(&["cat-file", "blob", blob], sink)?;
        if outcome.ok() { Ok(()) } else { Err(GitError::Failed(told(&outcome))) }
    }

    /// A short answer.
    fn ask(&self, args: &[&str]) -> Result<(Outcome, String), GitError> {
        let mut answer = Vec::new();
        let outcome = self.run(args, &mut answer)?;
        Ok((outcome, String::from_utf8_lossy(&answer).trim_end().to_owned()))
    }

    fn run(&self, args: &[&str], sink: &mut dyn Write) -> Result<Outcome, GitError> {
        let dir = self.dir.display().to_string();
        let env = [
            ("LC_ALL", "C"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", NOTHING),
            ("GIT_NO_LAZY_FETCH", "1"),
            ("GIT_ALLOW_PROTOCOL", "none"),
            ("GIT_TERMINAL_PROMPT", "0"),
        ];
        let job = Job {
            argv: OPTIONS.iter().chain(&["-C", &dir]).chain(args).map(ToString::to_string).collect(),
            env: env.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            dir: None,
            stdin: Vec::new(),
            timeout: TIMEOUT,
        };
        let mut sink = Kept { sink, failed: false };
        let ran = self.spawner.stream(&job, &mut sink);
        let failed = sink.failed;
        ran.map_err(|error| if failed { GitError::Io(error) } else { GitError::Absent(error) })
    }
}

/// Tells an error of the sink from one of the program.
struct Kept<'s> {
    sink: &'s mut dyn Write,
    failed: bool,
}

impl Write for Kept<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.sink.write(bytes);
        self.failed |= written.is_err();
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

fn told(outcome: &Outcome) -> String {
    match &outcome.ended {
        Ended::TimedOut => format!("it took longer than {} s", TIMEOUT.as_secs()),
        Ended::Signal(signal) => format!("it was ended by signal {signal}"),
        Ended::Code(code) => format!("exit {code}: {}", outcome.output.trim_end()),
    }
}
