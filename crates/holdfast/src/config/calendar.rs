//! `[calendar.X]`: when a market is open.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use toml::de::DeValue;

use super::error::Problem;
use super::near::nearest;
use super::section::{Read, Section, Value, not_a, parsed, said, text};
use super::values::OneOrMore;
use crate::calendar::{self, Calendar, Hours, TimeOfDay, Weekdays, Zone};

pub(super) fn read(name: &str, value: &Value<'_>) -> Result<Calendar, Problem> {
    let section = Section::of(format!("[calendar.{name}]"), value)?;
    section.only(&["zone", "days", "hours", "holidays", "half_days"])?;
    let zone: Zone = section.need("zone", "\"America/New_York\"")?;
    let days: OneOrMore<Weekdays> = section.need("days", "\"Mon-Fri\"")?;
    let hours: Vec<Hours> = section.need("hours", "[\"09:30-16:00\"]")?;
    let holidays: BTreeSet<_> = section.get::<Dates>("holidays")?.map(|dates| dates.0).unwrap_or_default();
    let half_days: BTreeMap<_, _> =
        section.get::<HalfDays>("half_days")?.map(|days| days.0).unwrap_or_default();
    if let Some(both) = half_days.keys().find(|date| holidays.contains(date)) {
        return Err(section.problem(
            "half_days",
            format!("{both} is a holiday and a half day"),
            "keep one of the two",
        ));
    }
    let days = days.0.into_iter().fold(Weekdays::default(), Weekdays::and);
    Ok(Calendar::new(zone, days, hours, holidays, half_days))
}

impl Read for Zone {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let name = text(value)?;
        calendar::zone(name).map_err(|error| {
            let known: Vec<String> = Zone::names().filter(|name| name.contains('/')).collect();
            let mut problem = said(value, &error);
            if let Some(near) = nearest(name, known.iter().map(String::as_str)) {
                problem.advice = format!("did you mean {near:?}? {}", problem.advice);
            }
            problem
        })
    }
}

impl Read for Weekdays {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        parsed(value)
    }
}

impl Read for Hours {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        parsed(value)
    }
}

impl Read for TimeOfDay {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        parsed(value)
    }
}

/// A date in quotes, or TOML's own.
impl Read for NaiveDate {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let date = match value.get_ref() {
            DeValue::Datetime(date) => calendar::date(&date.to_string()),
            DeValue::String(_) => calendar::date(text(value)?),
            _ => return Err(not_a(value, "a date", "write YYYY-MM-DD, such as \"2026-11-26\"")),
        };
        date.map_err(|error| said(value, &error))
    }
}

/// Dates, none twice; an empty list says that somebody looked and there are none.
struct Dates(BTreeSet<NaiveDate>);

impl Read for Dates {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let DeValue::Array(items) = value.get_ref() else {
            return Err(not_a(value, "a list", "write [\"2026-11-26\", \"2026-12-25\"]"));
        };
        let mut dates = BTreeSet::new();
        for item in items {
            let date = NaiveDate::read(item)?;
            if !dates.insert(date) {
                return Err(Problem::new(&item.span(), format!("{date} stands twice"), "take one out"));
            }
        }
        Ok(Self(dates))
    }
}

struct HalfDays(BTreeMap<NaiveDate, TimeOfDay>);

impl Read for HalfDays {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let DeValue::Table(days) = value.get_ref() else {
            return Err(not_a(value, "a table", "write { \"2026-11-27\" = \"13:00\" }"));
        };
        let mut half_days = BTreeMap::new();
        for (key, closing) in days {
            let date = calendar::date(key.get_ref()).map_err(|error| {
                Problem::new(&key.span(), format!("{:?} is not {}", error.text, error.what), error.advice)
            })?;
            half_days.insert(date, TimeOfDay::read(closing)?);
        }
        Ok(Self(half_days))
    }
}
