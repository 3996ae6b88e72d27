//! Locks that are not to be had. A trip waits a second for one, and goes on without it (**no-lost-trip**).

use std::path::Path;
use std::time::Duration;

use holdfast::json;
use holdfast::sys::{Ended, Job};
use holdfast::watch::Verdict;

use crate::stage::{Seen, Stage, Trouble, broken, failed, world};

/// A trip that waits for a lock waits this long, and a busy machine has time left.
const TRIP_MOST_S: f64 = 5.0;

pub(super) fn stuck(stage: &Stage) -> Result<Seen, Trouble> {
    let mut crew = stage.healthy()?;
    let lock = stage.sys.store.try_lock(&stage.root.circuit_lock());
    let lock = lock.map_err(|error| broken("data/.circuit.lock")(&error))?;
    if lock.is_none() {
        return failed("somebody else holds data/.circuit.lock");
    }
    let injected = stage.now();
    crew.bot.0.kill();
    let seen = stage.tripped(&injected, "bot", Verdict::Stale)?;
    let face = || json::object(&stage.sys.store.read(&stage.root.circuit()).ok()?).ok();
    stage.until("the face says paused, too", || (face()?.get("paused")? == true).then_some(()))?;
    drop(lock);
    Ok(Seen { text: format!("{}; without the lock", seen.text), ..seen })
}

/// A lock file that root has left behind, and a trip by somebody who may not open it.
pub(super) fn foreign(stage: &Stage) -> Result<Seen, Trouble> {
    let place = Place::new(stage)?;
    let began = stage.now().up;
    let outcome = place.run(stage, &["trip", "--by", "drill", "--reason", "the lock is somebody else's"])?;
    let took_s = stage.now().up - began;
    if outcome.ended != Ended::Code(0) || took_s > TRIP_MOST_S {
        let said = outcome.output.trim();
        return failed(format!(
            "the trip took {took_s:.1} s and ended with {:?}, not 0: {said}",
            outcome.ended
        ));
    }
    let check = place.run(stage, &["check"])?;
    if check.ended != Ended::Code(2) {
        return failed(format!(
            "circuit-ctl check ended with {:?}, not 2: {}",
            check.ended,
            check.output.trim()
        ));
    }
    Ok(Seen {
        text: format!("paused by the other user's trip, which took {took_s:.2} s"),
        paused_s: Some(took_s),
        ..Seen::default()
    })
}

/// A root of nobody with a lock file of root, and `circuit-ctl` where nobody may run it.
struct Place(tempfile::TempDir);

impl Place {
    const NOBODY: u32 = 65_534;

    /// In a folder of its own: the drill's may be closed to others.
    fn new(stage: &Stage) -> Result<Self, Trouble> {
        if !world::is_root() {
            return Err(Trouble::NotRun("it takes root to leave another user's lock file".to_owned()));
        }
        let made = tempfile::Builder::new().prefix("holdfast-drill-").tempdir();
        let place = Self(made.map_err(|error| broken("no folder for temporary files")(&error))?);
        let program = stage.programs.path("circuit-ctl");
        place.furnish(&program).map_err(|error| broken("a root of another user")(&error))?;
        Ok(place)
    }

    fn furnish(&self, program: &Path) -> std::io::Result<()> {
        let (dir, data) = (self.0.path(), self.0.path().join("data"));
        world::copy_program(program, &dir.join("circuit-ctl"))?;
        world::make_folder(&data)?;
        for path in [dir, &data] {
            world::give(path, Self::NOBODY, 0o755)?;
        }
        let lock = data.join(".circuit.lock");
        world::write(&lock, b"")?;
        world::give(&lock, 0, 0o600)
    }

    /// Runs `circuit-ctl` there as nobody.
    fn run(&self, stage: &Stage, args: &[&str]) -> Result<holdfast::sys::Outcome, Trouble> {
        const LONGEST: Duration = Duration::from_secs(40);
        let (user, group) = (format!("--reuid={}", Self::NOBODY), format!("--regid={}", Self::NOBODY));
        let (program, root) = (self.0.path().join("circuit-ctl"), self.0.path().display().to_string());
        let program = program.display().to_string();
        let argv = ["setpriv", &user, &group, "--clear-groups", "--", &program, "--root", &root];
        let argv = argv.iter().chain(args).map(|&arg| arg.to_owned()).collect();
        let job = Job { argv, env: Vec::new(), dir: None, stdin: Vec::new(), timeout: LONGEST };
        stage.sys.spawner.run(&job).map_err(|error| Trouble::NotRun(format!("setpriv: {error}")))
    }
}
