//! Looks at what is there, and does what was decided.

use std::path::Path;
use std::time::Duration;

use holdfast::Exit;
use holdfast::advice::quoted;
use holdfast::sys::{Ended, ReadError, Secrecy, Sys};

use super::jobs::Job;
use super::plan::{Call, Change, Found, Plan};
use super::scheduler::{self, Where};
use crate::out::Refusal;
use crate::{files, ran};

/// A scheduler that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(90);

/// Stands in the folder of the units while an installation is under way: what is written and not loaded yet looks as if
/// there were nothing to do.
const UNFINISHED: &str = ".holdfast-setup-unfinished";

pub(crate) struct Performer<'a> {
    pub(crate) sys: &'a Sys<'a>,
    pub(crate) place: &'a Where,
}

impl Performer<'_> {
    /// How each job stands.
    pub(crate) fn look(&self, jobs: &[Job]) -> Result<Vec<Found>, Refusal> {
        jobs.iter().map(|job| self.look_at(*job)).collect()
    }

    /// An installation was cut short here.
    pub(super) fn was_cut_short(&self) -> bool {
        !matches!(self.sys.store.stat(Path::new(&self.place.join(UNFINISHED))), Ok(None))
    }

    fn look_at(&self, job: Job) -> Result<Found, Refusal> {
        let files: Result<_, Refusal> =
            job.files(self.place.platform).iter().map(|name| self.read(name)).collect();
        let questions = scheduler::questions(self.place, job);
        // A scheduler that cannot be asked has nothing: what is told it next says why.
        let is_loaded = questions
            .into_iter()
            .all(|argv| ran::run(self.sys, argv, PATIENCE).is_ok_and(|outcome| outcome.ok()));
        Ok(Found { job, files: files?, is_loaded })
    }

    fn read(&self, name: &str) -> Result<Option<String>, Refusal> {
        let path = self.place.join(name);
        match self.sys.store.read(Path::new(&path)) {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(ReadError::Missing) => Ok(None),
            Err(error) => {
                Err(Refusal::new(Exit::Io, format!("{path} {error}\n  look at it, and move it away")))
            }
        }
    }

    /// Does it, in the order of the plan.
    pub(super) fn perform(&self, plan: &Plan) -> Result<(), Refusal> {
        if plan.is_done() {
            return Ok(());
        }
        let mark = self.place.join(UNFINISHED);
        if !plan.files.is_empty() {
            self.write(&mark, "holdfast-setup install did not come to its end: do it again\n")?;
        }
        plan.first.iter().try_for_each(|call| self.call(call))?;
        let changed = plan.files.iter().filter(|file| file.change != Change::Same);
        for file in changed {
            self.write(&file.path, &file.text)?;
        }
        for path in &plan.removed {
            self.sys.store.remove(Path::new(path)).map_err(|error| unwritten(path, &error))?;
        }
        plan.then.iter().try_for_each(|call| self.call(call))?;
        self.sys.store.remove(Path::new(&mark)).map_err(|error| unwritten(&mark, &error))
    }

    fn write(&self, path: &str, text: &str) -> Result<(), Refusal> {
        let place = Path::new(path);
        files::make_folders(self.sys.store, Path::new(&self.place.dir))
            .and_then(|()| self.sys.store.replace(place, text.as_bytes(), Secrecy::Public))
            .map_err(|error| unwritten(path, &error))
    }

    fn call(&self, call: &Call) -> Result<(), Refusal> {
        let shown = shown(&call.argv);
        let again = "mend that, and do the same again: what is done already stays";
        match ran::run(self.sys, call.argv.clone(), PATIENCE) {
            Ok(outcome) if outcome.ok() || call.may_fail => Ok(()),
            Err(_) if call.may_fail => Ok(()),
            Ok(outcome) => {
                let how = match outcome.ended {
                    Ended::Code(code) => format!("ended with {code}"),
                    Ended::Signal(signal) => format!("was ended by signal {signal}"),
                    Ended::TimedOut => format!("did not end within {} s", PATIENCE.as_secs()),
                };
                let said = holdfast::text::printable(outcome.output.trim(), 500);
                Err(Refusal::new(Exit::Io, format!("{shown} {how}: {said}\n  {again}")))
            }
            Err(error) => {
                Err(Refusal::new(Exit::Io, format!("{shown} cannot be started: {error}\n  {again}")))
            }
        }
    }
}

/// A command as a person would type it.
pub(super) fn shown(argv: &[String]) -> String {
    argv.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

fn unwritten(path: &str, error: &std::io::Error) -> Refusal {
    let advice = if error.kind() == std::io::ErrorKind::PermissionDenied {
        "do it as root (sudo), or install for yourself: --scheduler systemd-user"
    } else {
        "mend that, and do the same again"
    };
    Refusal::new(Exit::Io, format!("{path}: {error}\n  {advice}"))
}
