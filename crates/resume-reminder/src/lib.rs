//! `resume-reminder`: a pause that nobody remembers is a system that nobody runs.

pub mod cli;
mod facts;
mod message;
mod send;

use std::time::Duration;

use holdfast::json::{Object, Value};
use holdfast::settings::Settings;
use holdfast::sys::{Sys, real};
use holdfast::{Exit, Root, local, say};

use cli::Cli;
use facts::Facts;
use message::{Message, compose};
use send::{Did, Sender};

/// The name in the journal and on stderr.
const PROGRAM: &str = "resume-reminder";
/// It ends within this, whatever hangs.
const MOST: Duration = Duration::from_secs(29);

/// Does what the arguments say.
pub fn run(cli: &Cli, sys: Sys<'static>) -> Exit {
    real::end_within(PROGRAM, MOST, Exit::Undelivered, "out of time; what is in data/outbox is sent later");
    let root = match Root::find(sys.store, cli.root.as_deref()) {
        Ok(root) => root,
        Err(error) => return say::refuse(PROGRAM, cli.json, &error, Exit::Config),
    };
    let settings = Settings::read(&sys, &root);
    if let Some(story) = settings.story() {
        say::tell(PROGRAM, &story);
    }
    let usable = if settings.unusable { Exit::Config } else { Exit::Ok };
    let facts = Facts::now(&sys, &root, &settings);
    let message = compose(&facts, cli.digest);
    for fault in facts.heads.faults.iter().filter(|_| message.is_some()) {
        say::tell(PROGRAM, &format_args!("{fault}; the message goes out without it"));
    }
    let day = local::day(facts.now, &facts.zone).to_string();
    let sender = Sender {
        sys,
        root: &root,
        channels: &settings.config.channels,
        known: !settings.unusable,
        day: &day,
    };
    if cli.dry_run {
        let did = sender.rehearse(message.as_ref());
        let exit = usable.and(did.exit);
        return exit.and(answer(cli, &facts, &day, message.as_ref(), &did, exit));
    }
    let expire_after = settings.config.alerts_expire_after;
    let alone = sys.store.try_lock(&root.data().join(".reminder.lock"));
    let locked = match &alone {
        Ok(Some(_)) => Exit::Ok,
        Ok(None) => {
            let what = "another resume-reminder is at work in this root; one is enough";
            return say::refuse(PROGRAM, cli.json, &what, Exit::Busy);
        }
        // Rather twice than never.
        Err(error) => {
            say::tell(
                PROGRAM,
                &format_args!("data/.reminder.lock cannot be locked: {error}; going on without it"),
            );
            Exit::Io
        }
    };
    let did = sender.send(message.as_ref(), &facts, expire_after);
    let exit = usable.and(locked).and(did.exit);
    exit.and(answer(cli, &facts, &day, message.as_ref(), &did, exit))
}

/// Says on stdout what was done. Nothing to do is nothing to say.
fn answer(cli: &Cli, facts: &Facts, day: &str, message: Option<&Message>, did: &Did, exit: Exit) -> Exit {
    if cli.json {
        let mut object = Object::new();
        object.insert("exit".into(), exit.code().into());
        object.insert("circuit".into(), facts.verdict.word().into());
        object.insert("day".into(), day.into());
        object.insert("zone".into(), facts.zone_name().into());
        object.insert("did".into(), did.what.word().into());
        object.insert("channels".into(), did.channels.clone().into());
        if let Some(Message { subject, text, .. }) = message {
            object.insert("subject".into(), subject.as_str().into());
            object.insert("text".into(), text.as_str().into());
        }
        return say::answer(PROGRAM, &format!("{}\n", Value::from(object)));
    }
    match message {
        Some(message) => say::answer(PROGRAM, &did.words(message, day, &facts.zone_name())),
        None => Exit::Ok,
    }
}
