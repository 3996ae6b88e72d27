//! Says what is wrong with a tar, and what it cost to know: the tests measure time and memory with it.
//!
//! `inspect TAR` or `inspect --write BYTES`, which writes a bag with so much payload to nowhere.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use bag::{Bag, Mode, Payload, Recipe, check_all};
use holdfast::sys::Store;
use holdfast::sys::real::RealStore;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let said = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--write", bytes] => write(bytes.parse().unwrap_or(0)),
        [tar] => inspect(Path::new(tar)),
        _ => vec!["inspect TAR | inspect --write BYTES".to_owned()],
    };
    let mut out = io::stdout();
    let cost = format!("cpu_ms: {}\npeak_kib: {}", cpu_ms().unwrap_or(u64::MAX), peak_kib());
    for line in said.iter().chain([&cost]) {
        // Nobody left to tell.
        let _ = writeln!(out, "{line}");
    }
    ExitCode::from(u8::from(!said.is_empty()))
}

fn inspect(path: &Path) -> Vec<String> {
    let tar = match RealStore.open(path) {
        Ok(tar) => tar,
        Err(error) => return vec![format!("{} {error}", path.display())],
    };
    match Bag::open_tar(&*tar, None) {
        Err(error) => vec![error.to_string()],
        Ok(bag) => {
            let findings = check_all(&bag, bag.manifests(), 2, &|_| {});
            let number = (!findings.is_empty()).then(|| format!("findings: {}", findings.count()));
            // The first few are enough to see.
            let first = findings.into_first();
            first.iter().take(20).map(ToString::to_string).chain(number).collect()
        }
    }
}

fn write(len: u64) -> Vec<String> {
    let armour = "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n";
    let recipe = Recipe { name: "big", mtime: 0, info: &[], guide: "" };
    let big = Payload::new("data/big", Mode::Plain, len, move || Ok(Box::new(io::repeat(b'x').take(len))));
    match bag::write(&mut io::sink(), &recipe, vec![big], |_| Ok(armour.to_owned())) {
        Ok(_) => Vec::new(),
        Err(error) => vec![error.to_string()],
    }
}

/// The time that processors spent on this process: it does not depend on what else the machine does.
fn cpu_ms() -> Option<u64> {
    let stat = RealStore.read(Path::new("/proc/self/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    // Behind the name, which is in brackets: user and system time are fields 14 and 15, in hundredths of a second.
    let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
    let ticks = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    Some(ticks * 10)
}

/// The most memory that this process ever had, in KiB.
fn peak_kib() -> String {
    let status = RealStore.read(Path::new("/proc/self/status")).unwrap_or_default();
    let status = String::from_utf8_lossy(&status);
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.map_or("?", |peak| peak.trim().trim_end_matches(" kB")).to_owned()
}
