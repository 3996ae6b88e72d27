//! `[overseer]` and `[[service]]`: the trader services that the overseer watches and never owns.

use std::path::PathBuf;

use super::error::Problem;
use super::section::{Read, Section, Value, one_of};
use super::values::{Address, Argv, Url, Whole};
use super::{Auth, Expect, Pointer};
use crate::heartbeat::Name;
use crate::time::Span;

/// How the overseer is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overseer {
    /// The address it listens on.
    pub listen: String,
    /// Host names that requests may carry, besides the address itself and `localhost`.
    pub allowed_hosts: Vec<String>,
    /// Services are started while the circuit is paused, too.
    pub start_while_paused: bool,
}

impl Default for Overseer {
    fn default() -> Self {
        Self { listen: "127.0.0.1:9004".to_owned(), allowed_hosts: Vec::new(), start_while_paused: false }
    }
}

impl Overseer {
    pub(super) fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let section = Section::of("[overseer]", value)?;
        section.only(&["listen", "allowed_hosts", "start_while_paused"])?;
        let default = Self::default();
        Ok(Self {
            listen: section.get("listen")?.map_or(default.listen, |address: Address| address.0),
            allowed_hosts: section.get("allowed_hosts")?.unwrap_or_default(),
            start_while_paused: section.get_or("start_while_paused", false)?,
        })
    }
}

/// A trader service.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Names it; unique.
    pub name: Name,
    /// The port it listens on.
    pub port: Option<u16>,
    /// Where its health is asked for.
    pub health: Option<String>,
    /// How it is started; without this it is only watched.
    pub start: Option<Start>,
    /// What happens when it ends by itself.
    pub restart: Restart,
    /// What its health reply must say for it to be this service.
    pub identity: Option<Expect>,
    /// Its own Holdfast root.
    pub root: Option<PathBuf>,
    /// Which process may be signalled when it was adopted.
    pub process: Option<Process>,
    /// Where its positions are asked for.
    pub positions: Option<Positions>,
    /// Where its equity is asked for.
    pub equity: Option<Equity>,
    /// How we say who we are to it.
    pub auth: Option<Auth>,
    /// How and how often it is asked.
    pub polling: Polling,
    /// Between SIGTERM and SIGKILL.
    pub grace: Span,
}

/// How a service is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// A unit of systemd.
    Unit(String),
    /// A job of launchd.
    Launchd(String),
    /// A command, run so that it belongs to nobody.
    Command {
        /// The program and its arguments.
        command: Vec<String>,
        /// Its working directory.
        cwd: Option<PathBuf>,
    },
}

/// What happens when a service ends by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Restart {
    /// Nothing.
    #[default]
    Never,
    /// It is started again after a failure.
    OnFailure,
    /// It is started again.
    Always,
}

/// A process by what it runs; at least one of the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// The end of its executable's path.
    pub exe: Option<String>,
    /// Found in its arguments.
    pub args: Option<String>,
}

/// How a service is asked, and how often it must agree before its health changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Polling {
    /// This often.
    pub every: Span,
    /// A probe may take this long.
    pub timeout: Span,
    /// Unhealthy after this many failures in a row.
    pub failures: u32,
    /// Healthy again after this many successes in a row.
    pub successes: u32,
}

/// Where positions are asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Positions {
    /// The URL.
    pub url: String,
    /// How the reply is read.
    pub format: PositionsFormat,
}

/// How a reply with positions is read.
#[derive(Clone, Debug, PartialEq)]
pub enum PositionsFormat {
    /// As freqtrade's REST API gives it.
    Freqtrade,
    /// By JSON pointers.
    Pointers {
        /// The list of positions; without it the reply is the list.
        rows: Option<Pointer>,
        /// Within a position: what is held.
        symbol: Pointer,
        /// How much, negative when short.
        quantity: Pointer,
        /// What it is worth.
        value: Option<Pointer>,
    },
}

/// Where equity is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Equity {
    /// The URL.
    pub url: String,
    /// The number in the reply.
    pub pointer: Pointer,
}

const KEYS: [&str; 16] = [
    "name",
    "port",
    "health",
    "start",
    "restart",
    "identity",
    "root",
    "process",
    "positions",
    "equity",
    "auth",
    "every",
    "timeout",
    "failures",
    "successes",
    "grace",
];

impl Service {
    pub(super) fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let section = Section::of("[[service]]", value)?.called_by("name");
        section.only(&KEYS)?;
        let port: Option<Whole<1, 65535>> = section.get("port")?;
        let service = Self {
            name: section.need("name", "\"trader-hl\"")?,
            port: port.map(|port| port.0 as u16),
            health: section.get::<Url>("health")?.map(|url| url.0),
            start: section.get("start")?,
            restart: section.get("restart")?.unwrap_or_default(),
            identity: section.get("identity")?,
            root: section.get("root")?,
            process: section.get("process")?,
            positions: section.get("positions")?,
            equity: section.get("equity")?,
            auth: section.get("auth")?,
            polling: Polling::read(&section)?,
            grace: section.get_or("grace", Span::secs(10))?,
        };
        service.is_found_somehow(&section)?;
        Ok(service)
    }

    fn is_found_somehow(&self, section: &Section<'_, '_>) -> Result<(), Problem> {
        if self.port.is_none() && self.health.is_none() && self.start.is_none() {
            let advice = "add port, health or start: without any of them nothing tells whether it runs";
            return Err(section.problem("name", "it cannot be found", advice));
        }
        if self.identity.is_some() && self.health.is_none() {
            return Err(section.problem(
                "identity",
                "identity without health",
                "add health, whose reply says who it is",
            ));
        }
        if self.restart != Restart::Never && self.start.is_none() {
            return Err(section.problem(
                "restart",
                "restart without start",
                "add start, or take restart out",
            ));
        }
        Ok(())
    }
}

impl Polling {
    fn read(section: &Section<'_, '_>) -> Result<Self, Problem> {
        let failures: Option<Whole<1, 100>> = section.get("failures")?;
        let successes: Option<Whole<1, 100>> = section.get("successes")?;
        Ok(Self {
            every: section.get_or("every", Span::secs(5))?,
            timeout: section.get_or("timeout", Span::secs(3))?,
            failures: failures.map_or(3, |failures| failures.0),
            successes: successes.map_or(2, |successes| successes.0),
        })
    }
}

impl Read for Start {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let section = Section::of("start", value)?;
        section.only(&["unit", "launchd", "command", "cwd"])?;
        let command: Option<Argv> = section.get("command")?;
        let cwd: Option<PathBuf> = section.get("cwd")?;
        match (section.get("unit")?, section.get("launchd")?, command, cwd) {
            (Some(unit), None, None, None) => Ok(Self::Unit(unit)),
            (None, Some(label), None, None) => Ok(Self::Launchd(label)),
            (None, None, Some(command), cwd) => Ok(Self::Command { command: command.0, cwd }),
            _ => {
                let advice = "write one of { unit = \"trader.service\" }, { launchd = \"com.example.trader\" } and { command = [...], cwd = \"…\" }";
                Err(Problem::new(&value.span(), "it is not one way to start a service", advice))
            }
        }
    }
}

impl Read for Restart {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        Ok(match one_of(value, &["never", "on-failure", "always"])? {
            "never" => Self::Never,
            "on-failure" => Self::OnFailure,
            _ => Self::Always,
        })
    }
}

impl Read for Process {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let section = Section::of("process", value)?;
        section.only(&["exe", "args"])?;
        let process = Self { exe: section.get("exe")?, args: section.get("args")? };
        if process.exe.is_none() && process.args.is_none() {
            let advice = "add exe, args or both: any process could be signalled";
            return Err(Problem::new(&value.span(), "it matches every process", advice));
        }
        Ok(process)
    }
}

impl Read for Positions {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let section = Section::of("positions", value)?;
        let format = if let Some(adapter) = section.value("adapter") {
            one_of(adapter, &["freqtrade"]).map_err(|problem| problem.of("adapter of positions"))?;
            section.only(&["url", "adapter"])?;
            PositionsFormat::Freqtrade
        } else {
            section.only(&["url", "adapter", "rows", "symbol", "quantity", "value"])?;
            PositionsFormat::Pointers {
                rows: section.get("rows")?,
                symbol: section.need("symbol", "\"/symbol\", or adapter = \"freqtrade\"")?,
                quantity: section.need("quantity", "\"/quantity\"")?,
                value: section.get("value")?,
            }
        };
        Ok(Self { url: section.need::<Url>("url", "\"http://127.0.0.1:9002/positions\"")?.0, format })
    }
}

impl Read for Equity {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let section = Section::of("equity", value)?;
        section.only(&["url", "pointer"])?;
        Ok(Self {
            url: section.need::<Url>("url", "\"http://127.0.0.1:9002/equity\"")?.0,
            pointer: section.need("pointer", "\"/total\"")?,
        })
    }
}
