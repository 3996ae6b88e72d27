//! A log of decisions that somebody changes (**never-rewritten**): it is found, and named with its line.

use std::path::Path;

use holdfast::watch::Verdict;

use crate::stage::{Damage, LOG, Pack, SEALS, Seen, Stage, Trouble, broken, failed, world};

/// Which decision is changed, from 1. The first seal covers it.
const LINE: usize = 2;
/// The key of who has put his own seals in the place of ours.
const OTHER_KEY: &str = "other_ed25519";

/// The log, line by line.
struct Lines(Vec<String>);

impl Lines {
    fn of(stage: &Stage) -> Self {
        let text = world::text(&stage.path(LOG));
        Self(text.split_inclusive('\n').map(str::to_owned).collect())
    }

    /// Where a line begins. Lines count from 1.
    fn begin(&self, line: usize) -> usize {
        self.0.iter().take(line - 1).map(String::len).sum()
    }

    /// This happened to a line.
    fn damage(&self, kind: &str, line: usize) -> Damage {
        Damage { kind: kind.to_owned(), line: Some(line as u64), byte: Some(self.begin(line) as u64) }
    }

    fn write(&self, stage: &Stage) -> Result<(), Trouble> {
        world::write(&stage.path(LOG), self.0.concat().as_bytes()).map_err(|error| broken(LOG)(&error))
    }
}

pub(super) fn edited(stage: &Stage) -> Result<Seen, Trouble> {
    sealed(stage)?;
    let lines = Lines::of(stage);
    turn(stage, &lines, LINE)?;
    named_by_check(stage, &lines.damage("edited", LINE))
}

pub(super) fn deleted(stage: &Stage) -> Result<Seen, Trouble> {
    sealed(stage)?;
    let mut lines = Lines::of(stage);
    let damage = lines.damage("deleted", LINE);
    lines.0.remove(LINE - 1);
    lines.write(stage)?;
    named_by_check(stage, &damage)
}

pub(super) fn inserted(stage: &Stage) -> Result<Seen, Trouble> {
    sealed(stage)?;
    let mut lines = Lines::of(stage);
    let damage = lines.damage("inserted", LINE);
    lines.0.insert(LINE - 1, "{\"day\":\"2000-05-10\",\"decisions\":[]}\n".to_owned());
    lines.write(stage)?;
    named_by_check(stage, &damage)
}

/// First the log alone, then the seals with it: only what is remembered beside the key can tell then.
pub(super) fn restored(stage: &Stage) -> Result<Seen, Trouble> {
    let (bot, lines) = stage.sealed_once()?;
    let (seals, backup) = (stage.path(SEALS), stage.dir.join("backup"));
    world::copy_folder(&seals, &backup).map_err(|error| broken("a backup")(&error))?;
    stage.sealed_again(bot)?;
    let mut older = Lines::of(stage);
    let cut = older.damage("truncated", lines + 1);
    let back = Damage { byte: None, ..older.damage("rolled-back", lines + 1) };
    older.0.truncate(lines);
    older.write(stage)?;
    stage.named(&["check", LOG], &cut)?;
    stage.signs_nothing(&["seal", LOG])?;
    world::clear(&seals)
        .and_then(|()| world::put_back(&backup, &seals))
        .map_err(|error| broken("the seals cannot be put back")(&error))?;
    stage.named(&["check", LOG], &back)?;
    stage.signs_nothing(&["seal", LOG])?;
    words(format!("{cut}; with its seals, {back}; exit 1, nothing signed"))
}

/// Who may write into the root, and has another key than ours.
pub(super) fn remade(stage: &Stage) -> Result<Seen, Trouble> {
    sealed(stage)?;
    let lines = Lines::of(stage);
    for line in LINE..=lines.0.len() {
        turn(stage, &lines, line)?;
    }
    world::clear(&stage.path(SEALS)).map_err(|error| broken("the seals")(&error))?;
    stage.signs_nothing(&["init", LOG])?;
    stage.make_key(OTHER_KEY)?;
    let other = stage.dir.join(OTHER_KEY).display().to_string();
    stage.audit(&["init", LOG, "--key", &other], 0)?;
    // It fits into itself, but it is not what our key has signed.
    stage.unchanged(&["check", LOG, "--key", &other])?;
    let forked = Damage { kind: "forked".to_owned(), line: Some(1), byte: None };
    stage.named(&["check", LOG], &forked)?;
    stage.signs_nothing(&["seal", LOG])?;
    words(format!("init refused; with seals by another key: {forked}; exit 1, nothing signed"))
}

/// Nobody runs a check: the watchdog looks by itself.
pub(super) fn watched(stage: &Stage) -> Result<Seen, Trouble> {
    stage.prepare_seals()?;
    let _crew = stage.healthy()?;
    // What the last seal does not cover only a whole look sees, and that one names the line.
    stage.begin_seals()?;
    stage.seal_more()?;
    stage.configure_seals(&format!(
        "[[watch]]\nname = \"log\"\nkind = \"log\"\nlog = \"{LOG}\"\nevery = \"1s\"\nwhole_every = \"1s\"\n"
    ))?;
    stage.until("the watchdog finds the log fresh", || {
        let memory = stage.memory()?;
        (memory.watches.get("log")?.verdict == Verdict::Fresh).then_some(())
    })?;
    let lines = Lines::of(stage);
    let injected = stage.now();
    turn(stage, &lines, LINE)?;
    let seen = stage.tripped(&injected, "log", Verdict::Failed)?;
    stage.check_refuses()?;
    let text = seen.text.replace(&format!("{}/", stage.root.path().display()), "");
    let named = format!("edited {LOG}, line {LINE}, at byte {}", lines.begin(LINE));
    if text.contains(&named) {
        Ok(Seen { text, ..seen })
    } else {
        failed(format!("not \"{named}\", but: {text}"))
    }
}

/// On its way to the auditor.
pub(super) fn packed(stage: &Stage) -> Result<Seen, Trouble> {
    let public = stage.prepare_seals()?;
    let bot = stage.bot()?;
    stage.begin_seals()?;
    stage.leave(bot)?;
    let pack = Pack::new(&stage.dir);
    let _told: serde_json::Value = stage.pack(&pack, &public)?;
    stage.unchanged(&pack.verify())?;
    let lines = Lines::of(stage);
    let in_tar = world::find(Path::new(&pack.tar), lines.0.concat().as_bytes());
    let Some(begin) = in_tar.map_err(|error| broken("the pack")(&error))? else {
        return failed("the log does not stand in the pack");
    };
    world::flip(Path::new(&pack.tar), begin + lines.begin(LINE) + 1)
        .map_err(|error| broken("the pack")(&error))?;
    let damage = lines.damage("edited", LINE);
    stage.named(&pack.verify(), &damage)?;
    words(format!("verify: the log in the pack is {damage}; exit 1"))
}

/// A log with two seals, behind which nothing stands; nobody works on it any more.
fn sealed(stage: &Stage) -> Result<(), Trouble> {
    let (bot, _) = stage.sealed_once()?;
    stage.sealed_again(bot)
}

/// Turns the first decision of a line around, in place: the bot may be at work.
fn turn(stage: &Stage, lines: &Lines, line: usize) -> Result<(), Trouble> {
    let text = &lines.0[line - 1];
    let turns = [("\"long\"", "\"flat\""), ("\"flat\"", "\"long\"")];
    let found = turns.iter().filter_map(|(is, other)| Some((text.find(is)?, *other))).min();
    let Some((at, other)) = found else {
        return failed(format!("there is no decision in line {line}: {text}"));
    };
    world::patch(&stage.path(LOG), lines.begin(line) + at, other.as_bytes())
        .map_err(|error| broken(LOG)(&error))
}

fn named_by_check(stage: &Stage, damage: &Damage) -> Result<Seen, Trouble> {
    stage.named(&["check", LOG], damage)?;
    words(format!("check: {damage}; exit 1"))
}

/// Nothing here is about time.
#[expect(clippy::unnecessary_wraps, reason = "what every scenario ends with")]
fn words(text: String) -> Result<Seen, Trouble> {
    Ok(Seen { text, ..Seen::default() })
}
