//! `resume`: asks a person, and lifts what the person named (**manual-resume**).

use std::fmt::Write;
use std::io;

use holdfast::advice::Advice;
use holdfast::circuit::{self, Confirmed, Hold, Lifted, Listing, ResumeError};
use holdfast::sys::Sys;
use holdfast::text::printable;
use holdfast::{Exit, Root, who};

use crate::cli::ResumeArgs;
use crate::out;
use crate::says::Says;
use crate::show::{self, NAME_MAX};
use crate::tty::Terminal;

/// Who made a hold that names nobody.
const NOBODY: &str = "unknown";

/// Why nothing was resumed, beside what the circuit itself says.
enum Stop {
    /// The terminal went away.
    Gone(io::Error),
    /// An answer that lifts nothing: the fact, and what to do.
    Answer(String),
    /// The circuit.
    Circuit(ResumeError),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Gone(error)
    }
}

pub(crate) fn run(args: &ResumeArgs, sys: &Sys, root: &Root, advice: &Advice) -> Exit {
    let listing = Listing::now(sys, root);
    if listing.view().verdict.is_green() {
        return out::answer("ARMED (green): nothing is paused, nothing to resume\n");
    }
    let paused = listing.view().verdict.exit();
    let mut terminal = match Terminal::open() {
        Ok(terminal) => terminal,
        Err(error) => {
            out::tell(&format_args!(
                "still paused: a resume takes a person at a terminal, and this process has none ({error})\n  \
                 run {} on a terminal, or edit data/circuit.json by hand: {{\"paused\": false}}",
                advice.call("circuit-ctl", "resume")
            ));
            return paused;
        }
    };
    let resume = Resume { args, sys, root, listing: &listing };
    match resume.dialogue(&mut terminal) {
        Ok(lifted) => told(sys, root, &lifted, &mut terminal, advice),
        Err(stop) => resume.stopped(stop, &mut terminal, advice),
    }
}

struct Resume<'a> {
    args: &'a ResumeArgs,
    sys: &'a Sys<'a>,
    root: &'a Root,
    listing: &'a Listing,
}

impl Resume<'_> {
    fn dialogue(&self, terminal: &mut Terminal) -> Result<Lifted, Stop> {
        let says = Says::now(self.sys, self.root);
        terminal.say(&self.shown(&says))?;
        if let Some(obstacle) = self.listing.obstacle() {
            let fact = printable(&obstacle, show::REASON_MAX);
            return Err(Stop::Answer(format!(
                "{fact}\n  mend that first: it keeps the circuit paused whatever you lift"
            )));
        }
        let liftable: Vec<&Hold> = self.holds().filter(|hold| self.blocked(&says, hold).is_none()).collect();
        if liftable.is_empty() {
            return Err(Stop::Answer(
                "the cause of every hold still fails\n  mend it first; or lift it all the same with --override, \
                 which the journal keeps"
                    .to_owned(),
            ));
        }
        let by = ask_who(terminal)?;
        let why = ask_why(terminal)?;
        let named = ask_holds(terminal, &liftable, self.sys.clock.now().wall)?;
        // The answers took their time: the causes are judged once more, just before the lift.
        let says = Says::now(self.sys, self.root);
        if let Some(against) = named.iter().find_map(|hold| self.blocked(&says, hold)) {
            return Err(Stop::Answer(format!("meanwhile a cause fails again: {against}\n  mend it first")));
        }
        let overridden = named.iter().filter(|hold| says.against(hold).is_some());
        let confirmed = Confirmed {
            by,
            why,
            overridden: overridden.map(|hold| hold.id.clone()).collect(),
            holds: named.iter().map(|hold| hold.id.clone()).collect(),
        };
        self.listing.lift(self.sys, self.root, &confirmed).map_err(Stop::Circuit)
    }

    fn holds(&self) -> impl Iterator<Item = &Hold> {
        self.listing.view().holds.iter()
    }

    /// Why this hold cannot be lifted now.
    fn blocked(&self, says: &Says, hold: &Hold) -> Option<String> {
        if self.args.override_failing { None } else { says.against(hold) }
    }

    fn shown(&self, says: &Says) -> String {
        let view = self.listing.view();
        let now = self.sys.clock.now().wall;
        let mut text = format!("{}: {}\n\n", show::headline(&view.verdict), show::allowed(&view.verdict));
        for hold in self.holds() {
            text += &show::hold(hold);
            let _ = writeln!(text, "    {}", show::since(hold.since, now));
            if let Some(against) = says.against(hold) {
                let lead = if self.args.override_failing { "still fails, overridden" } else { "still fails" };
                let _ = writeln!(text, "    {lead}: {against}");
            }
        }
        text += "\nThe watches say now:\n";
        let lines = says.lines();
        for line in &lines {
            let _ = writeln!(text, "  {line}");
        }
        if lines.is_empty() {
            text += "  (there are none)\n";
        }
        text.push('\n');
        text
    }

    fn stopped(&self, stop: Stop, terminal: &mut Terminal, advice: &Advice) -> Exit {
        let now = circuit::check(self.sys, self.root).verdict;
        let (text, exit) = match stop {
            Stop::Gone(error) => {
                (format!("the terminal went away: {error}\n  nothing was resumed"), now.exit())
            }
            Stop::Answer(text) => (format!("{text}\n  nothing was resumed"), now.exit()),
            Stop::Circuit(error @ ResumeError::Changed(_)) => (show::lines(&error.to_string()), now.exit()),
            Stop::Circuit(error @ ResumeError::Busy) => (error.to_string(), Exit::Busy),
            Stop::Circuit(error) => (error.to_string(), Exit::Io),
        };
        let told =
            format!("\n{text}\n{}; see {}\n", show::headline(&now), advice.call("circuit-ctl", "status"));
        if terminal.say(&told).is_err() {
            out::tell(&told.trim());
        }
        // A circuit that somebody else has made green meanwhile was not resumed by this person.
        exit.and(Exit::No)
    }
}

fn ask_who(terminal: &mut Terminal) -> io::Result<String> {
    let login = who::login().map(|login| name(&login));
    loop {
        let answer = match &login {
            Some(login) => terminal.ask(&format!("Who are you? [{login}] "))?,
            None => terminal.ask("Who are you? ")?,
        };
        match (answer.is_empty(), &login) {
            (false, _) => return Ok(answer),
            (true, Some(login)) => return Ok(login.clone()),
            (true, None) => terminal.say("  The journal needs a name.\n")?,
        }
    }
}

fn ask_why(terminal: &mut Terminal) -> io::Result<String> {
    loop {
        let answer = terminal.ask("Why is it safe to go on? ")?;
        if !answer.is_empty() {
            return Ok(answer);
        }
        terminal.say("  The journal needs a reason.\n")?;
    }
}

/// The holds that the person named. A wrong word ends everything: somebody may be typing blindly.
fn ask_holds<'a>(terminal: &mut Terminal, liftable: &[&'a Hold], now: f64) -> Result<Vec<&'a Hold>, Stop> {
    let mut named: Vec<&Hold> = Vec::new();
    for (at, hold) in liftable.iter().enumerate() {
        if named.iter().any(|named| named.id == hold.id) {
            continue;
        }
        let word = show::word(hold);
        let alike = alike(hold, &liftable[at..]);
        let all = format!("all {}", alike.len());
        let offer = if alike.is_empty() {
            String::new()
        } else {
            format!(", {all} to lift this and the {} after it by {}", alike.len() - 1, name(&hold.by))
        };
        let answer = terminal.ask(&format!(
            "\nHold {} of {}:\n{}    {}\n  Type {word} to lift this hold{offer}, Enter to leave it: ",
            at + 1,
            liftable.len(),
            show::hold(hold),
            show::since(hold.since, now)
        ))?;
        if answer == word {
            named.push(hold);
        } else if answer == all && !alike.is_empty() {
            named.extend(alike);
        } else if !answer.is_empty() {
            let answer = name(&answer);
            return Err(Stop::Answer(format!(
                "{answer} is not {word}\n  start again, and type the word that is shown"
            )));
        }
    }
    if named.is_empty() { Err(Stop::Answer("every hold was left standing".to_owned())) } else { Ok(named) }
}

/// The holds, this one first, that its maker has made as a flood: one word with their number lifts them all. The
/// number shows that the person knows how many causes that is. Nobody knows who made those of nobody, and two are
/// no flood.
fn alike<'a>(hold: &Hold, rest: &[&'a Hold]) -> Vec<&'a Hold> {
    const FLOOD: usize = 3;
    let alike: Vec<&Hold> = rest.iter().filter(|other| other.by == hold.by).copied().collect();
    if hold.by == NOBODY || alike.len() < FLOOD { Vec::new() } else { alike }
}

fn name(text: &str) -> String {
    printable(text, NAME_MAX)
}

/// Tells what came of it, as the files say it now.
fn told(sys: &Sys, root: &Root, lifted: &Lifted, terminal: &mut Terminal, advice: &Advice) -> Exit {
    let now = circuit::check(sys, root).verdict;
    let text = if now.is_green() {
        "\nARMED (green): resumed. The next cycle may trade.\n".to_owned()
    } else if lifted.standing.is_empty() {
        format!(
            "\n{} again: a trip arrived after the resume; see {}\n",
            show::headline(&now),
            advice.call("circuit-ctl", "status")
        )
    } else {
        let standing = show::holds(lifted.standing.len());
        format!(
            "\n{}: {standing} left; lift them with {}\n",
            show::headline(&now),
            advice.call("circuit-ctl", "resume")
        )
    };
    // The resume is done, and on disk, whether or not its person is still there to read this.
    if terminal.say(&text).is_err() {
        out::tell(&text.trim());
    }
    now.exit()
}
