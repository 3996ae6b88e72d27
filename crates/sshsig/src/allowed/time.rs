//! Times of validity.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

/// `YYYYMMDD`, `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS`, and a `Z` for UTC, in Unix seconds.
///
/// Without a `Z` it is local time as OpenSSH reads it: by the zone's standard time also in summer.
pub(super) fn moment(text: &str, zone: &TimeZone) -> Option<u64> {
    let (digits, utc) = match text.strip_suffix(['Z', 'z']) {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    let sound = matches!(digits.len(), 8 | 12 | 14) && digits.bytes().all(|b| b.is_ascii_digit());
    let number = |from: usize, len: usize| match digits.get(from..from + len) {
        Some(part) => part.parse::<i16>().ok(),
        None => Some(0),
    };
    let small = |from: usize| number(from, 2).map(|number| number as i8);
    if !sound {
        return None;
    }
    let local =
        DateTime::new(number(0, 4)?, small(4)?, small(6)?, small(8)?, small(10)?, small(12)?, 0).ok()?;
    let offset = if utc { Offset::UTC } else { standard(&local, zone)? };
    offset.to_timestamp(local).ok()?.as_second().try_into().ok()
}

/// The standard offset of a zone around a local time.
fn standard(local: &DateTime, zone: &TimeZone) -> Option<Offset> {
    let about: Timestamp = zone.to_ambiguous_timestamp(*local).compatible().ok()?;
    let there = zone.to_offset_info(about);
    if !there.dst().is_dst() {
        return Some(there.offset());
    }
    let next = zone.following(about).find(|change| !change.dst().is_dst());
    let last = || zone.preceding(about).find(|change| !change.dst().is_dst());
    next.or_else(last).map(|change| change.offset()).or(Some(there.offset()))
}
