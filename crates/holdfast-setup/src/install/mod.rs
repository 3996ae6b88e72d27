//! `install` and `uninstall`: the units of the scheduler.

mod jobs;
mod perform;
pub(crate) mod place;
mod plan;
mod scheduler;
mod show;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use holdfast::settings::Settings;
use holdfast::sys::Sys;
use holdfast::{Exit, Root};

pub use jobs::Job;
pub(crate) use perform::Performer;
pub(crate) use plan::{Found, is_ours, names_root};
pub(crate) use scheduler::Where;

use crate::cli::{Choice, Cli, InstallArgs, UninstallArgs};
use crate::out::Refusal;
use crate::render::{Platform, Values};
use crate::users;
use plan::Plan;

/// What is done to the units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Install,
    Uninstall,
}

pub(crate) fn install(args: &InstallArgs, cli: &Cli, sys: &Sys) -> Result<Exit, Refusal> {
    let place = place::of(args.choice.scheduler, args.choice.unit_dir.as_deref())?;
    let root =
        Root::find(sys.store, cli.root.as_deref()).map_err(|error| Refusal::new(Exit::Config, error))?;
    let settings = Settings::read(sys, &root);
    let (has_key, has_anchor) = (settings.config.audit.key.is_some(), !settings.config.anchors.is_empty());
    let jobs = chosen(&args.choice.only, has_key, has_anchor, args.pipeline.is_some());
    if jobs.contains(&Job::Pipeline) && args.pipeline.is_none() {
        return Err(Refusal::new(
            Exit::Usage,
            "which pipeline?\n  name the program that runs one cycle: --pipeline PATH",
        ));
    }
    let performer = Performer { sys, place: &place };
    let values = values(args, place.platform, root.path())?;
    let found = performer.look(&jobs)?;
    let mut plan = plan::install(&place, &values, &found, performer.was_cut_short())
        .map_err(|refused| Refusal::new(Exit::Config, refused))?;
    plan.blocked.extend(lacking_programs(sys, &jobs, &values));
    plan.blocked.extend(lacking_users(place.platform, &values, &jobs));
    if let Some(note) = dependence(place.platform, &values, &jobs) {
        plan.notes.push(note);
    }
    finish(Deed::Install, &args.choice, cli, &performer, &plan)
}

pub(crate) fn uninstall(args: &UninstallArgs, cli: &Cli, sys: &Sys) -> Result<Exit, Refusal> {
    let place = place::of(args.choice.scheduler, args.choice.unit_dir.as_deref())?;
    let jobs = if args.choice.only.is_empty() { Job::ALL.to_vec() } else { args.choice.only.clone() };
    let performer = Performer { sys, place: &place };
    let mut plan = plan::uninstall(&place, &performer.look(&jobs)?);
    plan.notes.push("the root, its logs, the key and the users stay".to_owned());
    if !plan.is_done() && jobs.iter().any(|job| matches!(job, Job::Watchdog | Job::WatchdogCheck)) {
        plan.notes.push(
            "circuit-ctl guard runs no pipeline any more once no watchdog has checked for 35m".to_owned(),
        );
    }
    finish(Deed::Uninstall, &args.choice, cli, &performer, &plan)
}

/// Shows the plan, asks, and does it.
fn finish(
    deed: Deed,
    choice: &Choice,
    cli: &Cli,
    performer: &Performer<'_>,
    plan: &Plan,
) -> Result<Exit, Refusal> {
    let platform = performer.place.platform;
    if choice.dry_run {
        return Ok(show::answer(deed, platform, plan, false, cli.json));
    }
    if !plan.blocked.is_empty() {
        return Err(Refusal::new(Exit::Config, plan.blocked.join("\n")));
    }
    if !plan.is_done() && !choice.yes {
        if !show::can_ask(cli.json) {
            return Err(Refusal::new(
                Exit::Usage,
                "nobody is there to be asked, so nothing was done\n  say --yes, or look first with --dry-run",
            ));
        }
        if !show::ask(deed, platform, plan) {
            return Err(Refusal::new(Exit::No, "nothing was done"));
        }
    }
    performer.perform(plan)?;
    Ok(show::answer(deed, platform, plan, true, cli.json))
}

/// The jobs: those named, else those that are of use here.
fn chosen(only: &[Job], has_key: bool, has_anchor: bool, has_pipeline: bool) -> Vec<Job> {
    let is_wanted = |job: &Job| match job {
        _ if !only.is_empty() => only.contains(job),
        Job::Watchdog | Job::WatchdogCheck | Job::Reminder => true,
        Job::Seal => has_key,
        Job::Anchor => has_anchor,
        Job::Pipeline => has_pipeline,
    };
    Job::ALL.into_iter().filter(is_wanted).collect()
}

fn values(args: &InstallArgs, platform: Platform, root: &Path) -> Result<Values, Refusal> {
    let bin = match &args.bin {
        Some(dir) => dir.clone(),
        None => place::own_folder()?,
    };
    Ok(Values {
        bin: place::absolute(platform, &bin)?,
        root: place::absolute(platform, root)?,
        user: args.user.clone(),
        group: args.group.clone(),
        bot_user: args.bot_user.clone(),
        pipeline: args
            .pipeline
            .as_deref()
            .map(|path| place::absolute(platform, path))
            .transpose()?
            .unwrap_or_default(),
    })
}

/// A unit whose program is not there would fail for ever.
fn lacking_programs(sys: &Sys, jobs: &[Job], values: &Values) -> Vec<String> {
    let mut names: Vec<&str> = jobs.iter().flat_map(|job| job.programs()).copied().collect();
    names.sort_unstable();
    names.dedup();
    let dir = PathBuf::from(&values.bin);
    let programs = names.iter().map(|name| dir.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)));
    let pipeline = jobs.contains(&Job::Pipeline).then(|| PathBuf::from(&values.pipeline));
    programs
        .chain(pipeline)
        .filter(
            |path| !matches!(sys.store.stat(path), Ok(Some(stat)) if stat.kind == holdfast::sys::Kind::File),
        )
        .map(|path| {
            format!(
                "there is no program {}\n  put it there, or name the right place with --bin or --pipeline",
                path.display()
            )
        })
        .collect()
}

/// systemd starts nothing for a user who is not there. Other systems name users in ways that are not ours to judge.
fn lacking_users(platform: Platform, values: &Values, jobs: &[Job]) -> Vec<String> {
    if platform != Platform::Systemd {
        return Vec::new();
    }
    let (user, group, bot) = (&values.user, &values.group, &values.bot_user);
    let mut lacking = Vec::new();
    if users::gid(group).is_none() {
        lacking.push(format!("there is no group {group}\n  make it: groupadd --system {group}\n  or name another one with --group"));
    }
    let mut look = |name: &str, option: &str| {
        if users::uid(name).is_none() {
            lacking.push(format!(
                "there is no user {name}\n  make it: useradd --system --gid {group} {name}\n  or name another one with {option}"
            ));
        }
    };
    look(user, "--user");
    if jobs.contains(&Job::Pipeline) {
        look(bot, "--bot-user");
    }
    lacking
}

/// A watchdog under the bot's own user cannot be trusted against it (**independent-witness**).
fn dependence(platform: Platform, values: &Values, jobs: &[Job]) -> Option<String> {
    let is_one_user = match platform {
        Platform::SystemdUser => true,
        _ => jobs.contains(&Job::Pipeline) && values.user == values.bot_user,
    };
    is_one_user.then(|| "same user as the bot: the watchdog is not independent of it".to_owned())
}
