//! Resuming is for a person at a terminal (**manual-resume**).

use std::process::ExitStatus;
use std::time::Duration;

use holdfast::sys::Ended;

use crate::stage::{Proc, Seen, Stage, Terminal, Trouble, failed};

/// What a machine would answer, were it asked.
const YES: &str = "yes\nyes\ny\n\nyes\n";

pub(super) fn resume_alone(stage: &Stage) -> Result<Seen, Trouble> {
    stage.trip_by_hand("the drill waits for a person")?;
    no_terminal(stage, "closed stdin, no terminal", "")?;
    no_terminal(stage, "piped yes, no terminal", YES)?;
    // What the person would have to type.
    let word = stage.view().holds.first().map(|hold| hold.short().to_owned()).unwrap_or_default();
    no_terminal(stage, "setsid, the right answers piped", &format!("drill\nit is safe\n{word}\n"))?;
    for flag in ["--yes", "--force"] {
        let outcome = stage.run("circuit-ctl", &["resume", flag])?;
        if outcome.ended != Ended::Code(64) {
            return failed(format!("circuit-ctl resume {flag} ended with {:?}, not 64", outcome.ended));
        }
        still_paused(stage, flag)?;
    }
    idle_terminal(stage)?;
    stage.check_refuses()?;
    Ok(Seen { text: "refused six times, still paused".to_owned(), ..Seen::default() })
}

fn resume(stage: &Stage, how: &[&str]) -> Result<Proc, Trouble> {
    stage.start(&stage.programs.path("circuit-ctl"), &["resume"], how)
}

fn no_terminal(stage: &Stage, what: &str, answers: &str) -> Result<(), Trouble> {
    let mut resume = resume(stage, &["--alone"])?;
    resume.say(answers);
    resume.hang_up();
    let status = stage.until("circuit-ctl resume ends without a person", || resume.ended())?;
    refused(what, status)?;
    still_paused(stage, what)
}

/// At a terminal it waits for a person, whatever stdin says; and when the terminal goes away it gives up.
fn idle_terminal(stage: &Stage) -> Result<(), Trouble> {
    const WHAT: &str = "piped yes, a terminal at which nobody types";
    const LONG_ENOUGH: Duration = Duration::from_secs(1);
    let terminal = Terminal::new()?;
    let mut resume = resume(stage, &["--terminal", &terminal.path.display().to_string()])?;
    resume.say(YES);
    stage.all_the_while(LONG_ENOUGH, || match resume.ended() {
        None => still_paused(stage, WHAT),
        Some(status) => failed(format!("{WHAT}: it did not wait for a person, but ended with {status}")),
    })?;
    drop(terminal);
    let status = stage.until("circuit-ctl resume ends when the terminal goes away", || resume.ended())?;
    // The hang-up itself may end it.
    if status.success() {
        return failed(format!("{WHAT}: ended with {status}"));
    }
    still_paused(stage, WHAT)
}

fn refused(what: &str, status: ExitStatus) -> Result<(), Trouble> {
    match status.code() {
        Some(2) => Ok(()),
        _ => failed(format!("{what}: ended with {status}, not 2")),
    }
}

fn still_paused(stage: &Stage, what: &str) -> Result<(), Trouble> {
    if stage.is_green() { failed(format!("{what}: RESUMED without a person")) } else { Ok(()) }
}
