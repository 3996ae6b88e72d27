//! `watchdog run`: stays, sleeps until the next deadline, is woken by file changes.

use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::time::Duration;

use holdfast::config::Ping;
use holdfast::journal::Entry;
use holdfast::sys::Sys;
use holdfast::time::Span;
use holdfast::{Exit, Root};

use crate::deliver::{Delivered, Deliverer, Work};
use crate::evaluate::{BY, Prober, Watchdog};
use crate::events::{self, Wake};
use crate::glance::Glance;
use crate::metrics::Metrics;
use crate::pings::{Pinger, Rhythm};
use crate::{Alone, busy, refuse, tell};

/// Two looks are at least this far apart: a writer in a fast loop must not eat the processor.
const REST: Duration = Duration::from_millis(20);
/// A verdict changes when an age is *over* its bound.
const JUST_AFTER: f64 = 0.002;

/// Runs until it is killed. Only a lost ability to deliver ends it with an error.
pub(crate) fn run(json: bool, sys: Sys<'static>, root: &Root, every: Span, lock: &mut Alone) -> Exit {
    let (wake, woken) = mpsc::sync_channel(1);
    let _watcher = events::watch(root, wake.clone());
    let prober = Prober::beside(sys, wake.clone());
    let (sender, results) = sending(sys, root.clone(), wake);
    let mut watchdog = Watchdog::open(sys, root.clone()).asking(prober);
    let started = Entry::new("watchdog-started", BY).with("version", env!("CARGO_PKG_VERSION"));
    // Said on stderr; the watch matters more than its record.
    let _ = watchdog.note(started.with("every", every.to_string()));
    supervisor::ready();
    let publisher = worker("metrics", publish(sys));
    let mut pinger = Pinger::new(sys, root.clone(), watchdog.ping_fault().take());
    let pings = worker("the ping", move |ping: Ping| _ = pinger.ping(&ping, Duration::MAX));
    let mut rhythm = Rhythm::default();
    let mut next_send = None;
    let mut sending = false;
    let mut called = true;
    let mut last: Option<Looked> = None;
    loop {
        for delivered in results.try_iter() {
            watchdog.take_in(&delivered);
            sending = false;
            called = true;
            next_send = delivered.next.map(|next| sys.clock.now().up + next);
        }
        if !lock.stays(&sys, root) {
            return busy(json);
        }
        if called || last.as_ref().is_none_or(|last: &Looked| last.is_over(&sys)) {
            let files = watchdog.files();
            // Before the evaluation: what comes meanwhile is news.
            let glance = Glance::at(&sys, &files);
            let evaluated = watchdog.evaluate();
            supervisor::alive();
            if let Some((publisher, metrics)) = publisher.as_ref().zip(watchdog.metrics(&evaluated.view)) {
                // One that hangs gets what is new when it is back.
                let _ = publisher.try_send(metrics);
            }
            watchdog.begin_actions(sys);
            let most = watchdog.idle_most();
            let until = sys.clock.now().up + evaluated.next.map_or(most, |next| next.min(most));
            last = Some(Looked { files, glance: glance.filter(|_| watchdog.is_whole()), until });
        }
        let now = sys.clock.now().up;
        if let Some((pings, ping)) = pings.as_ref().zip(watchdog.ping())
            && rhythm.is_due(now)
        {
            // One that hangs is answer enough for whoever waits for it.
            let _ = pings.try_send(ping);
        }
        let due = watchdog.has_news() || next_send.is_some_and(|due| due <= now);
        if due
            && !sending
            && let Some(work) = watchdog.work()
        {
            if sender.send(work).is_err() {
                let what = "the sender has died; ending, so that the service manager starts me anew";
                return refuse(json, &what, Exit::Undelivered);
            }
            sending = true;
            next_send = None;
        }
        let until_send = next_send.map(|due: f64| due - now);
        let until_look = last.as_ref().map(|last| last.until - now);
        called = sleep(&sys, &woken, every, [until_look, until_send]);
    }
}

/// The last evaluation.
struct Looked {
    /// What it read.
    files: Vec<PathBuf>,
    /// How that looked before; nothing where it has to be made again.
    glance: Option<Glance>,
    /// When the next is due though nothing has changed, by the clock that counts suspend.
    until: f64,
}

impl Looked {
    fn is_over(&self, sys: &Sys) -> bool {
        let nothing_new =
            |before| Glance::at(sys, &self.files).is_some_and(|now| now.shows_nothing_new(before));
        sys.clock.now().up >= self.until || !self.glance.as_ref().is_some_and(nothing_new)
    }
}

/// Whether somebody called.
fn sleep(sys: &Sys, woken: &Receiver<Wake>, every: Span, deadlines: [Option<f64>; 2]) -> bool {
    let next = deadlines
        .into_iter()
        .flatten()
        .fold(every.as_secs_f64(), |soonest, next| soonest.min(next + JUST_AFTER));
    let pause = Duration::from_secs_f64(next.max(0.0)).max(REST);
    match woken.recv_timeout(pause) {
        Ok(Wake) => sys.clock.wait(REST),
        Err(RecvTimeoutError::Timeout) => return false,
        // Without events and without a sender there is still the clock.
        Err(RecvTimeoutError::Disconnected) => {
            sys.clock.wait(pause);
            return false;
        }
    }
    true
}

/// A thread that sends, so that no evaluation waits for a channel that hangs.
fn sending(sys: Sys<'static>, root: Root, wake: SyncSender<Wake>) -> (SyncSender<Work>, Receiver<Delivered>) {
    let (to_sender, work) = mpsc::sync_channel::<Work>(1);
    let (to_watchdog, results) = mpsc::sync_channel(1);
    std::thread::spawn(move || {
        let mut deliverer = Deliverer::resident(sys, root);
        for work in work {
            if to_watchdog.send(deliverer.deliver(&work)).is_err() {
                break;
            }
            let _ = wake.try_send(Wake);
        }
    });
    (to_sender, results)
}

/// A thread that does what it is given, so that no evaluation waits for it.
fn worker<T: Send + 'static>(name: &str, job: impl FnMut(T) + Send + 'static) -> Option<SyncSender<T>> {
    let (sender, jobs) = mpsc::sync_channel::<T>(1);
    let thread = std::thread::Builder::new().name(name.to_owned());
    match thread.spawn(move || jobs.into_iter().for_each(job)) {
        Ok(_) => Some(sender),
        Err(error) => {
            tell(&format_args!("no thread can be had, so {name} is left out: {error}"));
            None
        }
    }
}

/// Writes what it is given; says once why it cannot.
fn publish(sys: Sys<'static>) -> impl FnMut(Metrics) + Send {
    let mut said = None;
    move |metrics: Metrics| {
        let failed = metrics.write(&sys).err();
        if let Some(what) = failed.as_ref().filter(|_| failed != said) {
            tell(what);
        }
        said = failed;
    }
}

#[cfg(target_os = "linux")]
mod supervisor {
    //! systemd, where it asked to be told. After a *complete* evaluation only: a watchdog that hangs in one
    //! must be restarted (**silence-is-not-health**).

    use sd_notify::NotifyState;

    pub(super) fn ready() {
        tell(&[NotifyState::Ready]);
    }

    pub(super) fn alive() {
        tell(&[NotifyState::Watchdog]);
    }

    fn tell(state: &[NotifyState]) {
        // Not under systemd, or its socket is gone: it will restart us when it misses us.
        let _ = sd_notify::notify(state);
    }
}

#[cfg(not(target_os = "linux"))]
mod supervisor {
    pub(super) fn ready() {}

    pub(super) fn alive() {}
}
