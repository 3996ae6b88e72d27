//! Alerts: stored before they are sent, retried until somebody accepts them, and loud when nobody does.
//!
//! * [`Alert`] is what people are told; [`Outbox`] keeps it on disk until it is settled (**no-silent-alert**);
//! * [`Outbox::deliver`] sends everything that is due, each channel beside the others, within a hard budget;
//! * [`Transport`] is how one message goes through one channel; [`Direct`] is the real one;
//! * [`Heads`] are the heads of the sealed logs, with which every message ends;
//! * [`ping()`] tells somebody else's server that all this works;
//! * [`ChannelState`] is what is known of a channel, for whoever keeps it between runs.
//!
//! Delivery is at least once: a crash between a send and its mark sends again, and every message carries the
//! id of its incident. Nothing here writes the journal: what belongs there is returned as [`Event`]s.
//! The files are described in `docs/formats/outbox.md`.

mod alert;
mod command;
mod deadline;
mod deliver;
mod desktop;
mod entry;
mod heads;
mod memo;
mod ntfy;
mod outbox;
mod ping;
mod post;
mod report;
mod secret;
mod smtp;
mod state;
mod telegram;
mod template;
mod token;
mod transport;
mod trial;
mod webhook;

#[cfg(feature = "standin")]
pub mod standin;

pub use alert::{Alert, AlertKind};
pub use entry::{Due, Entry, Moment, Progress};
pub use heads::Heads;
pub use outbox::{Outbox, Pending, Put, PutError, audience};
pub use ping::{ping, ping_fault};
pub use report::{ChannelReport, Delivery, Event, Note};
pub use state::{ChannelState, States, deaf, mute, states_of};
pub use transport::{Answer, Direct, Missed, Reply, Sending, Transport, Verdict, fault};
pub use trial::test_alert;
