//! Each channel that has a server, against each way in which a network fails.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use holdfast::config::Channel;

use crate::webhook::Receiver;
use crate::{World, error_of, is_failing, kinds, ntfy, smtp, telegram, webhook};

/// What a connection meets.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// It is accepted, and nothing ever comes.
    HalfOpen,
    /// The beginning of an answer, and then a byte each 50 ms for ever.
    Trickle,
    /// The beginning of an answer, and then as much as can be sent for ever, without an end of a line.
    Flood,
    /// Half an answer, and then a reset.
    Reset,
    /// Closed at once.
    Closed,
    /// What is no protocol at all.
    Garbage,
}

const FAULTS: [Fault; 6] =
    [Fault::HalfOpen, Fault::Trickle, Fault::Flood, Fault::Reset, Fault::Closed, Fault::Garbage];

/// A server with a fault, until it is dropped.
struct Faulty {
    address: SocketAddr,
    over: Arc<AtomicBool>,
}

impl Faulty {
    fn start(fault: Fault, beginning: &'static [u8]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&over);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if ends.load(Ordering::Relaxed) {
                    return;
                }
                let ends = Arc::clone(&ends);
                // A client that has had enough of it goes away.
                std::thread::spawn(move || serve(fault, stream, beginning, &ends));
            }
        });
        Self { address, over }
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(fault: Fault, mut stream: TcpStream, beginning: &[u8], over: &AtomicBool) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_millis(50)))?;
    let goes_on = |stream: &mut TcpStream| {
        // What the client says is read; a pause where it says nothing.
        !over.load(Ordering::Relaxed) && !matches!(stream.read(&mut [0; 4096]), Ok(0))
    };
    match fault {
        Fault::HalfOpen => while goes_on(&mut stream) {},
        Fault::Trickle => {
            stream.write_all(beginning)?;
            while goes_on(&mut stream) {
                stream.write_all(b"x")?;
            }
        }
        Fault::Flood => {
            stream.write_all(beginning)?;
            while !over.load(Ordering::Relaxed) {
                stream.write_all(&[b'x'; 4096])?;
            }
        }
        Fault::Reset => {
            stream.write_all(beginning)?;
            stream.shutdown(Shutdown::Both)?;
        }
        Fault::Closed => {}
        Fault::Garbage => {
            goes_on(&mut stream);
            stream.write_all(b"\x15\x03\x01\x00\x02\x02\x16 neither\r\n\r\n")?;
        }
    }
    Ok(())
}

/// A channel to an address, and how its server begins to answer.
struct Kind {
    name: &'static str,
    to: fn(&str, u16) -> Channel,
    beginning: &'static [u8],
}

const HTTP: &[u8] = b"HTTP/1.1 200 OK\r\nx-filler: ";

const KINDS: [Kind; 4] = [
    Kind { name: "telegram", to: |host, port| telegram(format!("http://{host}:{port}")), beginning: HTTP },
    Kind { name: "webhook", to: |host, port| webhook(format!("http://{host}:{port}")), beginning: HTTP },
    Kind { name: "ntfy", to: |host, port| ntfy(format!("http://{host}:{port}")), beginning: HTTP },
    Kind { name: "smtp", to: smtp, beginning: b"220-sink " },
];

/// Sends once, within the channel's timeout of 2 s, and hears no more than what may pass.
fn fails(what: &str, channel: Channel, says: &[&str]) {
    let world = World::new();
    let (name, channels) = (channel.name.clone(), [channel]);
    world.put(&world.alert("a"), &channels);
    let before = world.sys.clock.now().up;
    let delivery = world.deliver_within(&channels, Duration::from_millis(2900));
    let took = world.sys.clock.now().up - before;
    let error = error_of(&delivery, &name);
    assert!(says.iter().any(|says| error.contains(says)), "{what}: {error}");
    assert!(
        !error.contains("within the time of this run"),
        "{what}: the channel did not end by itself: {error}"
    );
    assert!(is_failing(&delivery, &name), "{what}: {error}");
    assert!(took < 4.0, "{what}: {took}s");
    assert!(delivery.unheard == ["a"] && world.outbox().contains(&"a.json".to_owned()), "{what}");
}

#[test]
fn no_fault_of_a_network_breaks_a_channel_or_holds_it_up() {
    std::thread::scope(|scope| {
        for kind in &KINDS {
            for fault in FAULTS {
                scope.spawn(move || {
                    let faulty = Faulty::start(fault, kind.beginning);
                    let says: &[&str] = match fault {
                        Fault::HalfOpen | Fault::Trickle => &["gave no answer within 2.0s"],
                        Fault::Flood => &["header is too big", "not as a mail server does"],
                        _ => &["127.0.0.1:"],
                    };
                    let what = format!("{} {fault:?}", kind.name);
                    fails(&what, (kind.to)("127.0.0.1", faulty.address.port()), says);
                });
            }
        }
    });
}

#[test]
fn a_server_that_is_not_there_may_come() {
    // A port that nothing listens at, and a name that nobody has.
    let free = TcpListener::bind(("127.0.0.1", 0)).expect("a port").local_addr().expect("an address").port();
    std::thread::scope(|scope| {
        for kind in &KINDS {
            scope.spawn(move || {
                let what = format!("{}, closed port", kind.name);
                fails(&what, (kind.to)("127.0.0.1", free), &["refused", "127.0.0.1:"]);
            });
            // Mail does not take a name that can be known to be nobody's without asking a name server.
            if kind.name != "smtp" {
                scope.spawn(move || {
                    let what = format!("{}, unknown name", kind.name);
                    // Its first part is too long for one: no name server is asked.
                    let nobody = format!("{}.invalid", "n".repeat(64));
                    fails(&what, (kind.to)(&nobody, 9), &["lookup", "resolve", "Name", "name", "dns"]);
                });
            }
        }
    });
}

#[test]
fn what_passes_is_sent_in_the_same_run() {
    // The fault of each channel is over with the second connection.
    for kind in &KINDS[1..3] {
        let world = World::new();
        let server = Receiver::start({
            let asked = std::sync::atomic::AtomicUsize::new(0);
            move |_| match asked.fetch_add(1, Ordering::Relaxed) {
                0 => holdfast_http::standin::Answer::cut(),
                _ => holdfast_http::standin::Answer::new(200, "{\"id\":\"x\",\"event\":\"message\"}"),
            }
        });
        let channels = [(kind.to)("127.0.0.1", server.server.address().port())];
        world.put(&world.alert("a"), &channels);
        assert_eq!(kinds(&world.deliver(&channels)), ["alert-accepted"], "{}", kind.name);
        assert_eq!(server.asked().len(), 2, "{}", kind.name);
    }
}
