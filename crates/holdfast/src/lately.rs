//! Has the watchdog completed a check lately? Judged without trusting one clock (**clock-honest**).

use std::fmt;

use crate::heartbeat::{Beat, read_watchdogs};
use crate::root::Root;
use crate::sys::{Now, ReadError, Sys};
use crate::time::{Span, age};

/// Two readings of one clock by two processes may differ by this much, in seconds.
const SLACK: f64 = 1.0;
/// Wall clocks of two boots may differ by this much, in seconds.
const AHEAD_MAX: f64 = 60.0;

/// What the watchdog's own heartbeat says.
#[derive(Clone, Debug, PartialEq)]
pub enum Watchdog {
    /// It completed a check so many seconds ago.
    Checked(f64),
    /// There is no heartbeat of it.
    Never,
    /// Its heartbeat tells nothing: the fact.
    Unclear(String),
}

impl Watchdog {
    /// Looks at `data/watchdog.json`.
    pub fn look(sys: &Sys, root: &Root) -> Self {
        let bytes = match read_watchdogs(sys, root) {
            Ok(bytes) => bytes,
            Err(ReadError::Missing) => return Self::Never,
            Err(error) => return Self::Unclear(error.to_string()),
        };
        match Beat::parse_ours(&bytes) {
            Ok(beat) => Self::of(&beat, &sys.clock.now()),
            Err(error) => Self::Unclear(error.to_string()),
        }
    }

    fn of(beat: &Beat, now: &Now) -> Self {
        let by_wall = now.wall - beat.at;
        // `up` is of this boot where the boot ids agree. Where the system has none it may be of another one:
        // then the larger age counts.
        let age = match beat.up {
            Some(up) if beat.boot.is_some() && beat.boot == now.boot => {
                if up > now.up + SLACK {
                    return Self::Unclear("is ahead of this boot's clock".to_owned());
                }
                now.up - up
            }
            Some(up) if beat.boot.is_none() && now.boot.is_none() && up <= now.up + SLACK => {
                by_wall.max(now.up - up)
            }
            _ => by_wall,
        };
        if age < -AHEAD_MAX {
            return Self::Unclear(format!("is from the future, by {}", crate::time::age(-age)));
        }
        Self::Checked(age.max(0.0))
    }

    /// Why it does not count as running, when a check within `within` is required (**fail-closed**).
    pub fn lacking(&self, within: Span) -> Option<String> {
        match self {
            Self::Checked(seconds) if *seconds <= within.as_secs_f64() => None,
            Self::Checked(seconds) => {
                Some(format!("the watchdog last completed a check {} ago, more than {within}", age(*seconds)))
            }
            other => Some(other.to_string()),
        }
    }
}

impl fmt::Display for Watchdog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checked(seconds) => write!(f, "last completed a check {} ago", age(*seconds)),
            Self::Never => f.write_str("no watchdog has run here: data/watchdog.json is missing"),
            Self::Unclear(what) => {
                write!(f, "nobody knows when the watchdog last ran: data/watchdog.json {what}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Now {
        Now { wall: 10_000.0, up: 500.0, awake: 400.0, boot: Some("this".to_owned()) }
    }

    fn judged(beat: &str, now: &Now) -> Watchdog {
        Watchdog::of(&Beat::parse(beat.as_bytes()).expect(beat), now)
    }

    #[test]
    fn on_one_boot_its_clock_judges_and_across_boots_the_wall_clock() {
        let no_boot_id = Now { boot: None, ..now() };
        for (beat, now, seconds) in [
            (r#"{"at":9990,"status":"ok","up":100,"boot":"this"}"#, now(), 400.0),
            (r#"{"at":99999,"status":"ok","up":490,"boot":"this"}"#, now(), 10.0),
            (r#"{"at":1,"status":"ok","up":500.5,"boot":"this"}"#, now(), 0.0),
            (r#"{"at":9990,"status":"ok","up":100,"boot":"other"}"#, now(), 10.0),
            (r#"{"at":9990,"status":"ok","up":100}"#, now(), 10.0),
            (r#"{"at":9990,"status":"ok"}"#, now(), 10.0),
            (r#"{"at":10030,"status":"ok"}"#, now(), 0.0),
            (r#"{"at":9990,"status":"ok","up":100}"#, no_boot_id.clone(), 400.0),
            (r#"{"at":9500,"status":"ok","up":490}"#, no_boot_id.clone(), 500.0),
            (r#"{"at":9500,"status":"ok","up":900}"#, no_boot_id, 500.0),
        ] {
            assert_eq!(judged(beat, &now), Watchdog::Checked(seconds), "{beat}");
        }
    }

    #[test]
    fn a_check_from_the_future_is_not_believed() {
        for beat in [
            r#"{"at":10000,"status":"ok","up":502,"boot":"this"}"#,
            r#"{"at":10061,"status":"ok"}"#,
            r#"{"at":1e300,"status":"ok","up":100,"boot":"other"}"#,
        ] {
            let judged = judged(beat, &now());
            assert!(matches!(judged, Watchdog::Unclear(_)), "{beat}: {judged:?}");
            assert!(judged.lacking(Span::secs(u64::MAX)).is_some(), "{beat}");
        }
    }

    #[test]
    fn a_check_counts_until_it_is_too_old() {
        assert_eq!(Watchdog::Checked(60.0).lacking(Span::secs(60)), None);
        assert!(Watchdog::Checked(60.1).lacking(Span::secs(60)).is_some());
        assert!(Watchdog::Never.lacking(Span::secs(60)).is_some());
    }
}
