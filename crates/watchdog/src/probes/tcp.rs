//! `kind = "tcp"`: a connection to one of the addresses of a name.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Builder;
use std::time::Duration;

use holdfast::sys::Sys;
use holdfast::time::Span;
use holdfast::watch::Reply;

use super::{Alive, Question};

/// So many addresses of one name are tried.
const ADDRESSES_MAX: usize = 16;

/// What the threads of a question say.
enum News {
    Addresses(io::Result<Vec<SocketAddr>>),
    Tried(SocketAddr, io::Result<()>),
}

/// Connects. All addresses are tried at once: one that swallows everything must not use up the time of the others.
pub(super) fn ask(
    question: &Question,
    sys: &Sys,
    address: &str,
    max_latency: Option<Span>,
    alive: &Alive,
) -> Reply {
    let began = sys.clock.now().awake;
    let (news, come) = sync_channel(ADDRESSES_MAX + 1);
    let no_thread = |error: io::Error| Reply::unknown(format!("no thread can be had to ask it: {error}"));
    // The system's resolver knows no deadline.
    if let Err(error) = resolve(address.to_owned(), news.clone(), Arc::clone(alive)) {
        return no_thread(error);
    }
    let left = || question.seconds() - (sys.clock.now().awake - began);
    let addresses = match next(&come, left()) {
        Some(News::Addresses(Ok(addresses))) if addresses.is_empty() => {
            return Reply::failed(format!("{address} has no address"));
        }
        Some(News::Addresses(Ok(addresses))) => addresses,
        Some(News::Addresses(Err(error))) => {
            return Reply::failed(format!("{address} cannot be looked up: {error}"));
        }
        _ => {
            return question.too_slow(&format!("{address} was not looked up within {}s", question.seconds()));
        }
    };
    let tried = addresses.len().min(ADDRESSES_MAX);
    for to in addresses.into_iter().take(ADDRESSES_MAX) {
        let timeout = Duration::from_secs_f64(left().max(0.001));
        if let Err(error) = connect(to, timeout, news.clone(), Arc::clone(alive)) {
            return no_thread(error);
        }
    }
    let mut refusals = Vec::new();
    while refusals.len() < tried {
        match next(&come, left()) {
            Some(News::Tried(to, Ok(()))) => {
                let took = sys.clock.now().awake - began;
                return connected(to, took, max_latency);
            }
            Some(News::Tried(_, Err(error))) if error.kind() == io::ErrorKind::TimedOut => break,
            Some(News::Tried(to, Err(error))) => refusals.push(format!("{to}: {error}")),
            Some(News::Addresses(_)) => {}
            None => break,
        }
    }
    if refusals.len() == tried {
        return Reply::failed(format!("no connection: {}", refusals.join("; ")));
    }
    let mut said = vec![format!("{address} gave no connection within {}s", question.seconds())];
    said.append(&mut refusals);
    question.too_slow(&said.join("; "))
}

fn connected(to: SocketAddr, took: f64, max_latency: Option<Span>) -> Reply {
    let took_ms = (took * 1e3).round();
    match max_latency.filter(|most| took > most.as_secs_f64()) {
        Some(most) => Reply::failed(format!("{to} took {took_ms}ms to connect, allowed {most}")),
        None => Reply::fresh(format!("{to} connects in {took_ms}ms")),
    }
}

fn next(come: &Receiver<News>, left: f64) -> Option<News> {
    come.recv_timeout(Duration::from_secs_f64(left.max(0.0))).ok()
}

fn resolve(address: String, news: SyncSender<News>, alive: Alive) -> io::Result<()> {
    let look_up = move || {
        let found = address.to_socket_addrs().map(Iterator::collect);
        // Nobody may wait for it any more.
        let _ = news.send(News::Addresses(found));
        drop(alive);
    };
    Builder::new().name("probe".to_owned()).spawn(look_up).map(drop)
}

fn connect(to: SocketAddr, timeout: Duration, news: SyncSender<News>, alive: Alive) -> io::Result<()> {
    let connect = move || {
        let came = TcpStream::connect_timeout(&to, timeout).map(drop);
        let _ = news.send(News::Tried(to, came));
        drop(alive);
    };
    Builder::new().name("probe".to_owned()).spawn(connect).map(drop)
}
