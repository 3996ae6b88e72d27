//! All mistakes of a table at once: each one found is taken out of a copy, and the rest is read again.

use toml::Spanned;
use toml::de::DeValue;

use super::error::{Blame, Problem};
use super::section::{NOWHERE, Value};

/// More mistakes of one table than anybody mends at once.
const MOST: usize = 50;

/// Reads a table, if need be without what is wrong in it, for the sake of what names it.
pub(super) fn read<T>(
    value: &Value<'_>,
    read: impl Fn(&Value<'_>) -> Result<T, Problem>,
) -> (Option<T>, Vec<Problem>) {
    let mut table = None;
    let problems = mend(value, &mut |value| {
        table = Some(read(value)?);
        Ok(())
    });
    (table, problems)
}

/// Tries until it can be read, or nothing more is to be done. Not generic: it would be compiled for each kind of table.
fn mend(value: &Value<'_>, attempt: &mut dyn FnMut(&Value<'_>) -> Result<(), Problem>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut patched = value.clone();
    let mut taken: Vec<String> = Vec::new();
    for _ in 0..MOST {
        let Err(problem) = attempt(&patched) else { break };
        let culprit = culprit(&patched, &problem);
        let blame = problem.blame;
        let news = match blame {
            Blame::Alone => true,
            // What was taken out may be what is missed.
            Blame::Together => taken.is_empty(),
            Blame::Missing(key, _) => !taken.iter().any(|taken| taken == key),
        };
        if news {
            problems.push(problem);
        }
        let DeValue::Table(table) = patched.as_mut() else { break };
        match (blame, culprit) {
            (Blame::Missing(key, example), _) => {
                let Ok(example) = DeValue::parse(example) else { break };
                table.insert(Spanned::new(NOWHERE, key.into()), Spanned::new(NOWHERE, example.into_inner()));
            }
            // Without a kind nothing is known of the other keys.
            (_, Some((key, known))) if key != "kind" => {
                table.remove(key.as_str());
                taken.extend(known.then_some(key));
            }
            _ => break,
        }
    }
    problems
}

/// The key that a problem lies in, and whether that is in its value: then the key itself is known.
fn culprit(table: &Value<'_>, problem: &Problem) -> Option<(String, bool)> {
    let at = problem.at.start;
    table.get_ref().as_table()?.iter().find_map(|(key, value)| {
        let known = value.span().contains(&at);
        (known || key.span().contains(&at)).then(|| (key.get_ref().to_string(), known))
    })
}
