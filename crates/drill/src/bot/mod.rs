//! The bot: works through the prices a day at a time, writes its decisions, and beats, as any pipeline does.
//! It asks the circuit before each cycle.

mod market;
mod strategy;

use std::io::BufRead;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

use holdfast::json::{Object, Value};
use holdfast::sys::{Ended, Job, Sys};
use holdfast::time::Span;
use holdfast::{Exit, Root, say};

use crate::cli::BotArgs;
use crate::programs::Programs;
use market::Day;

/// What asking a model costs in each cycle, in dollars.
const COST: f64 = 0.01;
/// What it costs when something has gone wild.
const COST_GONE_WILD: f64 = 9.0;
/// A program that takes longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the bot was told on stdin to do wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Nothing.
    #[default]
    Works,
    /// Reports a failure in each cycle.
    Fails,
    /// Beats, but its candle stays the same.
    Stuck,
    /// Asks its model again and again.
    Spends,
}

impl Mood {
    /// As it stands on stdin.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Mood::Works => "work",
            Mood::Fails => "fail",
            Mood::Stuck => "stick",
            Mood::Spends => "spend",
        }
    }

    fn of(word: &str) -> Option<Self> {
        [Mood::Works, Mood::Fails, Mood::Stuck, Mood::Spends].into_iter().find(|mood| mood.word() == word)
    }
}

/// Trades until stdin ends: whoever holds its other end is then gone.
pub(crate) fn run(args: &BotArgs, sys: &Sys, programs: &Programs) -> Exit {
    let root = match Root::open(sys.store, &args.trades_in) {
        Ok(root) => root,
        Err(error) => {
            say::tell("bot", &error);
            return Exit::Config;
        }
    };
    let mut bot = Bot { sys, programs, root, every: args.every, mood: Mood::Works, spent: 0.0 };
    let orders = orders();
    let days = market::days();
    let mut today = strategy::SLOW;
    loop {
        match orders.try_recv() {
            Ok(mood) => bot.mood = mood,
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => return Exit::Ok,
        }
        bot.cycle(&days[..today]);
        if bot.mood != Mood::Stuck {
            today = if today < days.len() { today + 1 } else { strategy::SLOW };
        }
        sys.clock.wait(args.every.0);
    }
}

/// Moods as they come on stdin, a word a line.
fn orders() -> Receiver<Mood> {
    let (to, orders) = channel();
    std::thread::spawn(move || {
        let words = std::io::stdin().lock().lines().map_while(Result::ok);
        for mood in words.filter_map(|word| Mood::of(&word)) {
            if to.send(mood).is_err() {
                return;
            }
        }
    });
    orders
}

struct Bot<'a> {
    sys: &'a Sys<'a>,
    programs: &'a Programs,
    root: Root,
    every: Span,
    mood: Mood,
    spent: f64,
}

impl Bot<'_> {
    fn cycle(&mut self, days: &[Day]) {
        // Whatever is not a plain yes is a no (**fail-closed**).
        if self.call("circuit-ctl", &["check"]) != Some(0) {
            self.beat(&["--held"]);
            return;
        }
        if self.mood == Mood::Fails {
            self.beat(&["--status", "failed", "--set", "why=no quotes"]);
            return;
        }
        let Some(today) = days.last() else { return };
        self.spent += if self.mood == Mood::Spends { COST_GONE_WILD } else { COST };
        let line = line(self.sys.clock.now().wall, today, &strategy::decide(days));
        if let Err(error) = self.write(&line) {
            say::tell("bot", &format_args!("memory/decisions.jsonl cannot be written: {error}"));
            return;
        }
        let candle = format!("candle_at={}", today.candle_at());
        self.beat(&["--set", &candle, "--set", &format!("llm_usd_today={:.2}", self.spent)]);
    }

    fn write(&self, line: &str) -> std::io::Result<()> {
        self.sys.store.make_dir(&self.root.path().join("memory"))?;
        self.sys.store.append(&self.root.decisions(), line).map(drop)
    }

    fn beat(&self, args: &[&str]) {
        self.call("hb-write", &[&["--interval", &self.every.to_string()], args].concat());
    }

    /// Runs one of the programs in this root; its exit code, if it ended by itself.
    fn call(&self, program: &str, args: &[&str]) -> Option<i32> {
        let mut argv = vec![self.programs.path(program).display().to_string()];
        argv.extend(args.iter().map(|&arg| arg.to_owned()));
        let env = vec![("HOLDFAST_ROOT".to_owned(), self.root.path().display().to_string())];
        let job = Job { argv, env, dir: None, stdin: Vec::new(), timeout: PATIENCE };
        let outcome = self.sys.spawner.run(&job).map_err(|error| error.to_string());
        match outcome.map(|outcome| (outcome.ended, outcome.output)) {
            Ok((Ended::Code(code), output)) => {
                if !output.is_empty() && code != 2 && code != 0 {
                    say::tell("bot", &output.trim_end());
                }
                Some(code)
            }
            Ok((ended, _)) => {
                say::tell("bot", &format_args!("{program} did not end well: {ended:?}"));
                None
            }
            Err(error) => {
                say::tell("bot", &format_args!("{program} cannot be started: {error}"));
                None
            }
        }
    }
}

/// The decisions of one day, as a line of `memory/decisions.jsonl`.
fn line(wall: f64, today: &Day, decisions: &[strategy::Decision]) -> String {
    let decision = |decision: &strategy::Decision| {
        serde_json::json!({
            "ticker": decision.ticker, "action": decision.action(), "close": decision.close,
            "fast": cents(decision.fast), "slow": cents(decision.slow),
        })
    };
    let mut object = Object::new();
    object.insert("at".into(), wall.into());
    object.insert("day".into(), today.date.to_string().into());
    object.insert("decisions".into(), decisions.iter().map(decision).collect());
    Value::from(object).to_string()
}

fn cents(price: f64) -> f64 {
    (price * 100.0).round() / 100.0
}
