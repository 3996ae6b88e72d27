//! Plans, for four platforms, with everything in their paths that people have in them.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::jobs::Job;
use super::plan::{self, Change, Found, Plan};
use super::scheduler::{Where, questions};
use super::show;
use crate::render::{Platform, Values};

fn place(platform: Platform) -> Where {
    let (dir, domain) = match platform {
        Platform::Launchd => ("/Library/Launch Daemons", "system"),
        Platform::Systemd => ("/etc/systemd/größe 取引", ""),
        Platform::SystemdUser => ("/home/jürgen x/.config/systemd/user/", ""),
        Platform::Windows => (r"C:\Program Data\Prüf & Söhne\", ""),
    };
    Where { platform, dir: dir.to_owned(), domain: domain.to_owned() }
}

fn values(platform: Platform) -> Values {
    let (bin, root, pipeline) = match platform {
        Platform::Windows => (r"C:\Program Files\Prüf", r"D:\größe 取引", r"D:\größe 取引\zyklus 1.cmd"),
        _ => ("/opt/Prüf & Söhne", "/srv/größe 取引", "/srv/größe 取引/zyklus 1.sh"),
    };
    let [user, group, bot_user] = ["holdfast", "trading", "bot"].map(str::to_owned);
    Values { bin: bin.into(), root: root.into(), user, group, bot_user, pipeline: pipeline.into() }
}

/// Nothing is there.
fn nothing(platform: Platform, jobs: &[Job]) -> Vec<Found> {
    let found =
        |job: &Job| Found { job: *job, files: vec![None; job.files(platform).len()], is_loaded: false };
    jobs.iter().map(found).collect()
}

/// What is there when a plan was carried out.
fn after(plan: &Plan, platform: Platform, jobs: &[Job]) -> Vec<Found> {
    let mut files = plan.files.iter();
    let found = |job: &Job| Found {
        job: *job,
        files: job.files(platform).iter().map(|_| Some(files.next().unwrap().text.clone())).collect(),
        is_loaded: true,
    };
    jobs.iter().map(found).collect()
}

fn told(title: &str, plan: &Plan) -> String {
    format!("== {title}\n{}\n", show::words(plan))
}

#[test]
fn plans_say_what_is_written_and_what_is_run() {
    for platform in Platform::ALL {
        let (place, values) = (place(platform), values(platform));
        let first = plan::install(&place, &values, &nothing(platform, &Job::ALL), false).unwrap();
        let mut text = told("install, all of it", &first);

        let installed = after(&first, platform, &Job::ALL);
        let second = plan::install(&place, &values, &installed, false).unwrap();
        assert!(second.is_done(), "{platform:?}: {second:?}");

        let other = Values { bin: format!("{}2", values.bin), ..values.clone() };
        text +=
            &told("install, other programs", &plan::install(&place, &other, &installed[..3], false).unwrap());

        let other = Values { root: format!("{}2", values.root), ..values.clone() };
        text +=
            &told("install, another root", &plan::install(&place, &other, &installed[2..3], false).unwrap());

        let mut ended = installed.clone();
        for job in &mut ended {
            job.is_loaded = false;
        }
        text +=
            &told("install, stopped by hand", &plan::install(&place, &values, &ended[..2], false).unwrap());

        text += &told("uninstall", &plan::uninstall(&place, &installed));
        assert!(plan::uninstall(&place, &nothing(platform, &Job::ALL)).is_done());
        insta::assert_snapshot!(format!("{platform:?}").to_lowercase(), text);
    }
}

#[test]
fn only_what_changes_is_loaded_anew() {
    let platform = Platform::Systemd;
    let (place, values) = (place(platform), values(platform));
    let jobs = [Job::Watchdog, Job::Reminder];
    let first = plan::install(&place, &values, &nothing(platform, &jobs), false).unwrap();
    let mut found = after(&first, platform, &jobs);
    found[0].files[0].as_mut().unwrap().push_str("# mine\n");
    let plan = plan::install(&place, &values, &found, false).unwrap();
    let changes: Vec<Change> = plan.files.iter().map(|file| file.change).collect();
    assert_eq!(changes, [Change::Changed { added: 0, removed: 1 }, Change::Same, Change::Same]);
    let cut_short = plan::install(&place, &values, &after(&first, platform, &jobs), true).unwrap();
    let calls: Vec<String> = cut_short.calls().map(|call| call.argv.join(" ")).collect();
    assert_eq!(
        calls,
        ["systemctl daemon-reload", "systemctl restart holdfast-watchdog.service holdfast-reminder.timer"]
    );
    let calls: Vec<String> = plan.calls().map(|call| call.argv.join(" ")).collect();
    assert_eq!(calls, ["systemctl daemon-reload", "systemctl restart holdfast-watchdog.service"]);
}

#[test]
fn a_file_that_is_not_ours_is_neither_replaced_nor_removed() {
    for platform in Platform::ALL {
        let (place, values) = (place(platform), values(platform));
        let mut found = nothing(platform, &[Job::Watchdog]);
        found[0].files[0] = Some("somebody else's\n".to_owned());
        let plan = plan::install(&place, &values, &found, false).unwrap();
        assert!(plan.blocked[0].contains("is not ours"), "{platform:?}: {:?}", plan.blocked);
        let plan = plan::uninstall(&place, &found);
        assert!(plan.is_done() && plan.removed.is_empty(), "{platform:?}: {plan:?}");
        assert!(plan.notes[0].ends_with("stays: it is not ours"), "{platform:?}: {:?}", plan.notes);
    }
}

#[test]
fn every_template_is_known_as_ours() {
    for template in Platform::ALL.iter().flat_map(|platform| platform.templates()) {
        assert!(plan::is_ours(template.text), "{}", template.name);
    }
}

#[test]
fn a_path_that_a_unit_cannot_name_is_refused() {
    let mut values = values(Platform::Systemd);
    values.root = "/srv/a$b".to_owned();
    let refused =
        plan::install(&place(Platform::Systemd), &values, &nothing(Platform::Systemd, &[Job::Seal]), false);
    assert!(refused.unwrap_err().to_string().starts_with("@ROOT@ is \"/srv/a$b\", and systemd takes"));
}

#[test]
fn a_job_is_asked_for_by_its_name() {
    let asked = |platform| {
        let asked = questions(&place(platform), Job::WatchdogCheck);
        asked.iter().map(|argv| argv.join(" ")).collect::<Vec<_>>()
    };
    assert_eq!(
        asked(Platform::SystemdUser),
        [
            "systemctl --user is-enabled --quiet holdfast-watchdog-check.timer",
            "systemctl --user is-active --quiet holdfast-watchdog-check.timer",
        ]
    );
    assert_eq!(asked(Platform::Launchd), ["launchctl print system/holdfast.watchdog-check"]);
    assert_eq!(asked(Platform::Windows), [r"schtasks /Query /TN \Holdfast\watchdog-check"]);
}

#[test]
fn jobs_are_those_that_are_of_use_here_or_those_named() {
    use Job::{Anchor, Pipeline, Reminder, Seal, Watchdog, WatchdogCheck};
    let chosen = super::chosen;
    assert_eq!(chosen(&[], false, false, false), [Watchdog, WatchdogCheck, Reminder]);
    assert_eq!(chosen(&[], true, true, true), Job::ALL);
    assert_eq!(chosen(&[], true, false, false), [Watchdog, WatchdogCheck, Reminder, Seal]);
    assert_eq!(chosen(&[Anchor, Watchdog], true, false, true), [Watchdog, Anchor]);
    assert_eq!(chosen(&[Pipeline, Pipeline], false, false, false), [Pipeline]);
}
