//! Rules about packages and programs.

use std::path::Path;

use super::Finding;
use crate::project::{self, Package, Text};

/// Programs that start in about the time of an empty process.
const SLIM: [&str; 2] = ["hb-write", "circuit-ctl"];

/// TLS, async and HTTP, by the names that their crates go by.
const HEAVY: [&str; 18] = [
    "async-std",
    "aws-lc-rs",
    "futures",
    "futures-core",
    "h2",
    "hyper",
    "lettre",
    "native-tls",
    "openssl",
    "openssl-sys",
    "reqwest",
    "ring",
    "rustls",
    "schannel",
    "smol",
    "tokio",
    "ureq",
    "webpki-roots",
];

/// Where the units are, and where a program without one says why.
const UNITS: [&str; 3] = ["plists/", "systemd/", "windows/"];
const REASONS: &str = "docs/schedulers.md";

/// Every package says what it is.
pub(super) fn described(packages: &[Package]) -> Vec<Finding> {
    let mute = packages
        .iter()
        .filter(|package| package.description.as_ref().is_none_or(|text| text.trim().is_empty()));
    mute.map(|package| Finding::error(format!("{}/Cargo.toml", package.folder), "it needs a description"))
        .collect()
}

/// Every program has a page, and a unit on each platform or a reason to have none.
pub(super) fn documented(packages: &[Package], texts: &[Text]) -> Vec<Finding> {
    let shipped = packages.iter().filter(|package| package.folder.starts_with("crates/"));
    let mut findings = Vec::new();
    for program in shipped.flat_map(|package| &package.programs) {
        let page = format!("docs/{program}.md");
        if !texts.iter().any(|file| file.path == page) {
            findings.push(Finding::error(page, format!("{program} needs this page")));
        }
        let has_reason = texts.iter().any(|file| file.path == REASONS && gives_reason(&file.text, program));
        for folder in UNITS {
            let names = |file: &&Text| file.path.starts_with(folder) && starts(&file.text, program);
            if !has_reason && !texts.iter().any(|file| names(&file)) {
                let what = format!("no unit starts {program}: ship one, or say why not in {REASONS}");
                findings.push(Finding::error(folder, what));
            }
        }
    }
    findings
}

/// A unit names its programs in the folder of programs.
fn starts(unit: &str, program: &str) -> bool {
    let ends = |rest: &str| rest.starts_with(['"', '<', '.']);
    ["@BIN@/", "@BIN@\\"].iter().any(|bin| {
        let called = format!("{bin}{program}");
        unit.match_indices(&called).any(|(at, _)| ends(&unit[at + called.len()..]))
    })
}

/// A line of the list below the heading "Programs without a unit".
fn gives_reason(document: &str, program: &str) -> bool {
    let list = document.lines().skip_while(|line| *line != "## Programs without a unit").skip(1);
    let mut list = list.take_while(|line| !line.starts_with("## "));
    list.any(|line| line.starts_with(&format!("- `{program}`: ")))
}

/// No TLS and no async in the programs that must be small.
pub(super) fn slim(top: &Path, packages: &[Package]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in SLIM {
        if !packages.iter().any(|package| package.name == name) {
            findings.push(Finding::error(name, "the workspace has no such package"));
            continue;
        }
        match project::output(top, env!("CARGO"), &["tree", "-p", name, "-e", "normal", "--prefix", "none"]) {
            Ok(tree) => findings.extend(heavy(&tree).into_iter().map(|found| {
                Finding::error(name, format!("it links {found}, and is to stay without TLS and async"))
            })),
            Err(error) => findings.push(Finding::error(name, error.to_string())),
        }
    }
    findings
}

/// The heavy crates in the output of `cargo tree --prefix none`.
fn heavy(tree: &str) -> Vec<&'static str> {
    let linked: Vec<_> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    HEAVY.into_iter().filter(|heavy| linked.contains(heavy)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Package, Text, described, documented, heavy};

    fn package(name: &str, description: Option<&str>) -> Package {
        Package {
            name: name.to_owned(),
            description: description.map(str::to_owned),
            programs: vec![name.to_owned()],
            folder: format!("crates/{name}"),
        }
    }

    #[test]
    fn a_package_without_a_description_is_told() {
        let packages = [package("a", Some("does it")), package("b", None), package("c", Some(" "))];
        let found: Vec<_> = described(&packages).into_iter().map(|finding| finding.at).collect();
        assert_eq!(found, ["crates/b/Cargo.toml", "crates/c/Cargo.toml"]);
    }

    #[test]
    fn a_program_needs_a_page_and_a_unit_or_a_reason() {
        let file = |path: &str, text: &str| Text { path: path.to_owned(), text: text.to_owned() };
        let units = |program: &str| {
            vec![
                file("plists/x.plist", &format!("<string>@BIN@/{program}</string>")),
                file("systemd/x.service", &format!("ExecStart=\"@BIN@/{program}\" run")),
                file("windows/x.xml", &format!("<Command>\"@BIN@\\{program}.exe\"</Command>")),
                file("docs/dog.md", ""),
            ]
        };
        let told = |texts: &[Text]| documented(&[package("dog", None)], texts).len();
        assert_eq!(told(&units("dog")), 0);
        assert_eq!(told(&units("dogged")), 3, "another program's units");
        assert_eq!(told(&units("dog")[..3]), 1, "no page");
        assert_eq!(told(&units("dog")[1..]), 1, "no unit for one platform");
        let reason = file("docs/schedulers.md", "## Programs without a unit\n\n- `dog`: barks by hand.\n");
        assert_eq!(told(&[reason, file("docs/dog.md", "")]), 0);
        let elsewhere = file("docs/schedulers.md", "## Other\n\n- `dog`: barks by hand.\n");
        assert_eq!(told(&[elsewhere, file("docs/dog.md", "")]), 3);
    }

    #[test]
    fn heavy_crates_are_found_by_their_whole_name() {
        assert_eq!(heavy("hb-write v0.1.0\ntokio v1.4.0\nring v0.17.0 (*)\n"), ["ring", "tokio"]);
        assert_eq!(heavy("hb-write v0.1.0\ntokio-macros-like v1\nstring v1\n"), [""; 0]);
    }
}
