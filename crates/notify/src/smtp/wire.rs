//! The connection to a mail server, under one deadline, whatever the server sends and however slowly.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;

use holdfast_http::rustls::pki_types::ServerName;
use holdfast_http::rustls::{ClientConnection, StreamOwned};
use holdfast_http::tls;

use crate::deadline::Deadline;

/// The longest line of an answer, in bytes; RFC 5321 has 512.
const LINE_MAX: u64 = 2000;

/// A socket of which no read and no write outlasts the deadline.
struct Timed {
    tcp: TcpStream,
    deadline: Deadline,
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.tcp.set_read_timeout(Some(self.deadline.left()?))?;
        self.tcp.read(buffer).map_err(late)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.tcp.set_write_timeout(Some(self.deadline.left()?))?;
        self.tcp.write(bytes).map_err(late)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush()
    }
}

/// Systems disagree on what a timeout of a socket is called.
fn late(error: io::Error) -> io::Error {
    if error.kind() == ErrorKind::WouldBlock { ErrorKind::TimedOut.into() } else { error }
}

enum Stream {
    Plain(Timed),
    Tls(Box<StreamOwned<ClientConnection, Timed>>),
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(plain) => plain.read(buffer),
            Self::Tls(tls) => tls.read(buffer),
        }
    }
}

/// Lines to and fro.
pub(super) struct Wire(BufReader<Stream>);

impl Wire {
    /// Connects, to the first address that answers.
    pub(super) fn connect(host: &str, port: u16, deadline: Deadline) -> io::Result<Self> {
        let addresses = resolve(host, port, deadline)?;
        let mut failed = io::Error::new(ErrorKind::NotFound, "its name has no address");
        for (tried, address) in addresses.iter().enumerate() {
            // One that swallows everything leaves some of the time to the others.
            let share = deadline.left()? / (addresses.len() - tried) as u32;
            match TcpStream::connect_timeout(address, share) {
                Ok(tcp) => return Ok(Self(BufReader::new(Stream::Plain(Timed { tcp, deadline })))),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    /// Goes on in TLS.
    pub(super) fn encrypt(self, server: &ServerName<'static>) -> io::Result<Self> {
        // What came before the encryption may be a stranger's, and would be taken for the server's.
        if !self.0.buffer().is_empty() {
            return Err(io::Error::new(ErrorKind::InvalidData, "it speaks before the encryption begins"));
        }
        let Stream::Plain(timed) = self.0.into_inner() else {
            return Err(io::Error::new(ErrorKind::InvalidInput, "it is encrypted already"));
        };
        let connection = ClientConnection::new(tls(), server.clone()).map_err(io::Error::other)?;
        let mut tls = StreamOwned::new(connection, timed);
        while tls.conn.is_handshaking() {
            tls.conn.complete_io(&mut tls.sock)?;
        }
        Ok(Self(BufReader::new(Stream::Tls(Box::new(tls)))))
    }

    /// The next line, with its end; empty where the server is gone.
    pub(super) fn line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        self.0.by_ref().take(LINE_MAX).read_until(b'\n', &mut line)?;
        Ok(line)
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let out: &mut dyn Write = match self.0.get_mut() {
            Stream::Plain(plain) => plain,
            Stream::Tls(tls) => tls.as_mut(),
        };
        out.write_all(bytes)?;
        out.flush()
    }
}

/// No system bounds the search for an address, so it has a thread of its own, which is left behind if it hangs.
fn resolve(host: &str, port: u16, deadline: Deadline) -> io::Result<Vec<SocketAddr>> {
    let (found, finds) = mpsc::channel();
    let host = host.to_owned();
    let search = move || {
        // Nobody waits for it any more when it comes too late.
        let _ = found.send((host.as_str(), port).to_socket_addrs().map(Iterator::collect));
    };
    std::thread::Builder::new().name("resolve".to_owned()).spawn(search)?;
    finds.recv_timeout(deadline.left()?).unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
}
