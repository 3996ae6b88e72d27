//! How old something is (**clock-honest**).

use serde::{Deserialize, Serialize, Serializer};

use crate::sys::Now;

/// Two clocks that disagree by more than this since the last check have been moved, in seconds.
const STEP: f64 = 60.0;
/// Two readings of one clock by two processes may differ by this much, in seconds.
const SLACK: f64 = 1.0;

/// When this observer first saw something, on its own clocks, and how old that was then.
///
/// From then on its age grows by the observer's boot clock, which counts suspend and cannot be set. Only
/// across a reboot the wall clock judges.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(from = "Kept")]
pub struct Sight {
    boot: Option<String>,
    up: f64,
    awake: f64,
    wall: f64,
    age: f64,
    awake_age: f64,
}

/// A sight as it is kept: a list, because a watchdog of a thousand heartbeats keeps thousands.
#[derive(Deserialize)]
struct Kept(f64, f64, f64, f64, f64, Option<String>);

impl From<Kept> for Sight {
    fn from(Kept(up, awake, wall, age, awake_age, boot): Kept) -> Self {
        Self { boot, up, awake, wall, age, awake_age }
    }
}

impl Serialize for Sight {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { boot, up, awake, wall, age, awake_age } = self;
        (up, awake, wall, age, awake_age, boot).serialize(serializer)
    }
}

/// When something says of itself that it happened.
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'a> {
    /// By the wall clock, in Unix seconds.
    pub wall: f64,
    /// By the boot clock that counts suspend.
    pub up: Option<f64>,
    /// By the boot clock that does not.
    pub awake: Option<f64>,
    /// Which boot.
    pub boot: Option<&'a str>,
}

impl Sight {
    /// Of something that begins now.
    pub fn now(now: &Now) -> Self {
        Self {
            boot: now.boot.clone(),
            up: now.up,
            awake: now.awake,
            wall: now.wall,
            age: 0.0,
            awake_age: 0.0,
        }
    }

    /// Of something that is seen now and says when it happened. `last` is the last look at the same place,
    /// which did not find it: after a step of the wall clock it cannot be older than that.
    pub fn of(now: &Now, last: Option<&Now>, stamp: Stamp) -> Self {
        let own = own_age(now, stamp).or_else(|| own_age_after_a_step(now, last, stamp));
        let own_awake = own.and(stamp.awake).map(|awake| (now.awake - awake).max(0.0));
        let age = own.unwrap_or_else(|| wall_age(now, last, stamp.wall));
        let awake_age = own_awake.unwrap_or_else(|| age - suspended(now, last)).clamp(0.0, age);
        Self { age, awake_age, ..Self::now(now) }
    }

    /// The clocks when this was seen, if it began then.
    pub(super) fn reading(&self) -> Option<Now> {
        let now = Now { wall: self.wall, up: self.up, awake: self.awake, boot: self.boot.clone() };
        (self.age == 0.0).then_some(now)
    }

    /// Of something on another machine, which was awake while this one slept.
    pub(super) fn of_another_host(&self) -> Self {
        Self { awake_age: self.age, ..self.clone() }
    }

    fn of_this_boot(&self, now: &Now) -> bool {
        same_boot(now, self.boot.as_deref(), self.up, Some(self.awake))
    }

    /// The same, told by the clocks of now.
    pub(super) fn anchored(&self, now: &Now) -> Self {
        Self { age: self.age(now), awake_age: self.awake_age(now), ..Self::now(now) }
    }

    /// Its age now, in seconds: the larger of what the clocks say.
    pub fn age(&self, now: &Now) -> f64 {
        if self.of_this_boot(now) {
            self.age + (now.up - self.up).max(0.0)
        } else {
            // It was there before this boot began.
            self.age + now.up.max(now.wall - self.wall)
        }
    }

    /// How long the host was awake in that time, in seconds, as far as it is known.
    pub fn awake_age(&self, now: &Now) -> f64 {
        if self.of_this_boot(now) {
            self.awake_age + (now.awake - self.awake).max(0.0)
        } else {
            self.age(now)
        }
    }
}

/// The age by the boot clocks alone, where the stamp is of this boot.
pub(super) fn own_age(now: &Now, stamp: Stamp) -> Option<f64> {
    let up = stamp.up.filter(|up| same_boot(now, stamp.boot, *up, stamp.awake))?;
    let age = (now.up - up).max(0.0);
    // Somebody else's reading is of this boot if it names it, or where boots have no name if both clocks agree.
    (stamp.boot.is_some() || (now.wall - stamp.wall - age).abs() <= STEP).then_some(age)
}

/// The age by the wall clock. Where that was stepped since the last look, the beat came before the step or after
/// it: the larger age that is no older than the look.
fn wall_age(now: &Now, last: Option<&Now>, wall: f64) -> f64 {
    let age = now.wall - wall;
    let stepped = last.and_then(|last| Some((since_last(now, last)?, clock_step(last, now)?)));
    let Some((since_last, step)) = stepped else { return age.max(0.0) };
    let possible = [age - step, age].into_iter().filter(|age| (-SLACK..=since_last + SLACK).contains(age));
    possible.reduce(f64::max).unwrap_or(age).clamp(0.0, since_last)
}

/// The same where boots have no name and the wall clock was stepped since the last look at this boot: it can then
/// not bear witness, but what came since that look is of this boot.
fn own_age_after_a_step(now: &Now, last: Option<&Now>, stamp: Stamp) -> Option<f64> {
    let last = last.filter(|last| clock_step(last, now).is_some())?;
    let up = stamp.up.filter(|up| same_boot(now, stamp.boot, *up, stamp.awake) && *up >= last.up - SLACK)?;
    Some((now.up - up).max(0.0))
}

/// The stamp's boot clock is ahead of ours although it is the same boot.
pub(super) fn up_ahead(now: &Now, stamp: Stamp) -> bool {
    stamp.boot.is_some()
        && stamp.boot == now.boot.as_deref()
        && stamp.up.is_some_and(|up| up > now.up + SLACK)
}

/// An earlier reading is of this boot. Where the system has no boot id, a boot clock going back means another.
fn same_boot(now: &Now, boot: Option<&str>, up: f64, awake: Option<f64>) -> bool {
    boot == now.boot.as_deref()
        && up <= now.up + SLACK
        && awake.is_none_or(|awake| awake <= now.awake + SLACK)
}

fn since_last(now: &Now, last: &Now) -> Option<f64> {
    // Within the slack the last reading may be the larger one.
    let same = same_boot(now, last.boot.as_deref(), last.up, Some(last.awake));
    same.then_some((now.up - last.up).max(0.0))
}

/// The host was booted anew since the last look.
pub(super) fn rebooted(last: &Now, now: &Now) -> bool {
    since_last(now, last).is_none()
}

/// How long the host was suspended between two looks, in seconds.
pub(super) fn suspended(now: &Now, last: Option<&Now>) -> f64 {
    let between = last.and_then(|last| Some(since_last(now, last)? - (now.awake - last.awake)));
    between.unwrap_or(0.0).max(0.0)
}

/// By how many seconds the wall clock was moved against the boot clock between two looks on one boot; `None`
/// if by less than a minute.
pub fn clock_step(last: &Now, now: &Now) -> Option<f64> {
    let step = (now.wall - last.wall) - since_last(now, last)?;
    (step.abs() > STEP).then_some(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(wall: f64, up: f64, awake: f64, boot: &str) -> Now {
        Now { wall, up, awake, boot: Some(boot.to_owned()) }
    }

    fn stamp(wall: f64) -> Stamp<'static> {
        Stamp { wall, up: None, awake: None, boot: None }
    }

    #[test]
    fn an_age_is_the_larger_of_two_clocks() {
        let now = at(10_000.0, 500.0, 500.0, "a");
        let own = Stamp { up: Some(100.0), boot: Some("a"), ..stamp(9_990.0) };
        assert!((Sight::of(&now, None, own).age(&now) - 400.0).abs() < 1e-9, "the boot clock cannot be set");
        assert!(
            (Sight::of(&now, None, stamp(9_900.0)).age(&now) - 100.0).abs() < 1e-9,
            "else the wall clock"
        );
        assert!(Sight::of(&now, None, stamp(99_999.0)).age(&now).abs() < 1e-9, "the future is now");
        let later = at(9_000.0, 700.0, 600.0, "a");
        let sight = Sight::of(&now, None, stamp(9_900.0));
        assert!((sight.age(&later) - 300.0).abs() < 1e-9, "a wall step changes nothing");
        assert!((sight.awake_age(&later) - 200.0).abs() < 1e-9);
    }

    #[test]
    fn after_a_step_an_unknown_beat_is_not_older_than_the_last_look() {
        let last = at(10_000.0, 500.0, 500.0, "a");
        let now = at(13_700.0, 600.0, 600.0, "a");
        assert!(clock_step(&last, &now).is_some());
        let before_the_step = Sight::of(&now, Some(&last), stamp(10_050.0));
        assert!((before_the_step.age(&now) - 50.0).abs() < 1e-9);
        let either = Sight::of(&now, Some(&last), stamp(13_650.0));
        assert!((either.age(&now) - 50.0).abs() < 1e-9);
        let neither = Sight::of(&now, Some(&last), stamp(0.0));
        assert!((neither.age(&now) - 100.0).abs() < 1e-9);
        let unmoved = at(10_100.0, 600.0, 600.0, "a");
        assert!((Sight::of(&unmoved, Some(&last), stamp(9_000.0)).age(&unmoved) - 1_100.0).abs() < 1e-9);
    }

    #[test]
    fn a_look_that_seems_to_be_a_moment_ahead_is_no_panic() {
        let unnamed = |wall, up| Now { boot: None, ..at(wall, up, up, "") };
        let (last, now) = (unnamed(10_000.0, 10.7), unnamed(14_000.0, 10.0));
        assert!(Sight::of(&now, Some(&last), stamp(9_000.0)).age(&now).abs() < 1e-9);
    }

    #[test]
    fn after_a_step_a_beat_since_the_last_look_is_of_this_boot_where_boots_have_no_name() {
        let unnamed = |wall, up, awake| Now { boot: None, ..at(wall, up, awake, "") };
        let last = unnamed(10_000.0, 500.0, 500.0);
        // Asleep for 30,000 s, then a beat, then the wall clock is set forward by an hour.
        let now = unnamed(45_100.0, 32_000.0, 2000.0);
        let beat = Stamp { up: Some(30_600.0), awake: Some(600.0), ..stamp(40_100.0) };
        let sight = Sight::of(&now, Some(&last), beat);
        assert!((sight.age(&now) - 1400.0).abs() < 1e-9);
        assert!((sight.awake_age(&now) - 1400.0).abs() < 1e-9, "it has not slept since");
        let earlier = Stamp { up: Some(400.0), awake: Some(400.0), ..stamp(40_100.0) };
        assert!(
            (Sight::of(&now, Some(&last), earlier).age(&now) - 5000.0).abs() < 1e-9,
            "may be another boot's"
        );
    }

    #[test]
    fn after_a_reboot_it_is_at_least_as_old_as_the_boot() {
        let sight = Sight::now(&at(10_000.0, 500.0, 500.0, "a"));
        let back_in_time = at(9_000.0, 70.0, 70.0, "b");
        assert!((sight.age(&back_in_time) - 70.0).abs() < 1e-9);
        let honest = at(20_000.0, 70.0, 70.0, "b");
        assert!((sight.age(&honest) - 10_000.0).abs() < 1e-9);
    }

    #[test]
    fn suspend_before_the_first_sight_is_known_from_the_last_look() {
        let last = at(10_000.0, 500.0, 500.0, "a");
        let woken = at(38_900.0, 29_400.0, 600.0, "a");
        let sight = Sight::of(&woken, Some(&last), stamp(10_060.0));
        assert!((sight.age(&woken) - 28_840.0).abs() < 1e-6);
        assert!(sight.awake_age(&woken) < 100.0);
    }
}
