//! Heartbeats of other machines, by URL or by the output of a command.

use std::time::Duration;

use holdfast::heartbeat::Beat;
use holdfast::sys::{Ended, MAX_READ, Sys};
use holdfast::watch::{Reply, Seen};
use holdfast_http::{HttpError, server};

use super::command::not_started;
use super::http::{get, without_path};
use super::{Bounded, Question, ended};

/// Simple writers write in place: bytes that are no beat are asked for once more after this.
const AGAIN: Duration = Duration::from_millis(200);
/// The status of a server that knows that there is none.
const NOT_THERE: [u16; 2] = [404, 410];

/// `url = "…"`.
pub(super) fn by_url(question: &Question, sys: &Sys, url: &str) -> Reply {
    twice(question, sys, |question| match get(url, &[], question) {
        Ok(response) if (200..300).contains(&response.status) => read(&response.body),
        Ok(response) if NOT_THERE.contains(&response.status) => Reply::Beat(Seen::Missing),
        Ok(response) => Reply::NoBeat(format!("{} answers {}", server(url), response.status)),
        Err(HttpError::TooLong { .. }) => too_long(),
        Err(error) => Reply::NoBeat(without_path(&error.to_string(), url)),
    })
}

/// `command = […]`. It has the watchdog's own environment, as `ssh` needs it for its agent.
pub(super) fn by_command(question: &Question, sys: &Sys, command: &[String]) -> Reply {
    let program = command.first().map_or("", String::as_str);
    twice(question, sys, |question| {
        let mut job = question.job(command.to_vec());
        let ours = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)));
        job.env = ours.chain(job.env).collect();
        let mut output = Bounded::of(MAX_READ as usize);
        match sys.spawner.stream(&job, &mut output) {
            Ok(outcome) if outcome.ended == Ended::Code(0) => read(&output.taken),
            Ok(outcome) => Reply::NoBeat(ended(program, &outcome, question.seconds())),
            Err(_) if output.too_long => too_long(),
            Err(error) => Reply::NoBeat(not_started(program, &error)),
        }
    })
}

/// Asks once more, within the same time, where a writer may have been at work.
fn twice(question: &Question, sys: &Sys, ask: impl Fn(&Question) -> Reply) -> Reply {
    let began = sys.clock.now().awake;
    let first = ask(question);
    if !matches!(first, Reply::Beat(Seen::Malformed(_))) {
        return first;
    }
    sys.clock.wait(AGAIN);
    let left = question.seconds() - (sys.clock.now().awake - began);
    if left <= 0.0 {
        return first;
    }
    match ask(&Question { timeout: Duration::from_secs_f64(left), ..question.clone() }) {
        // What was seen is known better than why it was not seen again.
        Reply::NoBeat(_) => first,
        second => second,
    }
}

fn read(bytes: &[u8]) -> Reply {
    Reply::Beat(match Beat::parse(bytes) {
        Ok(beat) => Seen::Beat(Box::new(beat)),
        Err(malformed) => Seen::Malformed(malformed.to_string()),
    })
}

fn too_long() -> Reply {
    Reply::Beat(Seen::Malformed(format!("is longer than {MAX_READ} bytes")))
}
