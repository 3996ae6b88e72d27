//! Relative links in documentation resolve, also to headings.

use std::path::{Component, Path, PathBuf};

use super::Finding;
use crate::project::Text;

/// Checks the links of every Markdown file.
pub(super) fn check(top: &Path, texts: &[Text]) -> Vec<Finding> {
    let documents = || texts.iter().filter(|file| file.is("md"));
    let mut findings = Vec::new();
    for file in documents() {
        for (number, target) in targets(&file.text) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let resolved = resolve(&file.path, path);
            let told = format!("{}:{number}", file.path);
            if !top.join(&resolved).exists() {
                findings.push(Finding::error(told, format!("{target} is not there")));
            } else if !heading.is_empty()
                && !documents().any(|document| {
                    Path::new(&document.path) == resolved
                        && anchors(&document.text).any(|anchor| anchor == heading)
                })
            {
                findings.push(Finding::error(told, format!("{target}: no such heading")));
            }
        }
    }
    findings
}

/// `](target)` outside of code, with the line's number.
fn targets(text: &str) -> Vec<(usize, &str)> {
    let mut in_code = false;
    let mut targets = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        // Between backticks is code.
        for prose in line.split('`').step_by(2) {
            let links = prose.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
            targets.extend(links.map(|link| (number, link)));
        }
    }
    targets
}

fn resolve(from: &str, target: &str) -> PathBuf {
    if target.is_empty() {
        return PathBuf::from(from);
    }
    let folder = Path::new(from).parent().unwrap_or(Path::new(""));
    folder.join(target).components().fold(PathBuf::new(), |mut path, component| {
        match component {
            Component::ParentDir => drop(path.pop()),
            Component::CurDir => {}
            part => path.push(part),
        }
        path
    })
}

/// The anchors that a forge makes of headings.
fn anchors(text: &str) -> impl Iterator<Item = String> + '_ {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| {
        let words = line.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::{Text, check};

    #[test]
    fn a_dangling_link_is_told_with_its_line_and_a_good_one_is_not() {
        let top = tempfile::tempdir().unwrap();
        std::fs::create_dir(top.path().join("docs")).unwrap();
        std::fs::write(top.path().join("README.md"), "").unwrap();
        let file = |path: &str, text: &str| Text { path: path.to_owned(), text: text.to_owned() };
        let texts = [
            file("README.md", "# How it works\n"),
            file(
                "docs/a.md",
                "[top](../README.md) [how](../README.md#how-it-works) [web](https://example.org/x)\n\
                 [gone](gone.md)\n[no](../README.md#why) [self](#here)\n`[code](gone.md)`\n```\n[code](gone.md)\n```\n",
            ),
        ];
        std::fs::write(top.path().join("docs/a.md"), "").unwrap();
        let found: Vec<_> =
            check(top.path(), &texts).into_iter().map(|finding| finding.at + " " + &finding.what).collect();
        let expected = [
            "docs/a.md:2 gone.md is not there",
            "docs/a.md:3 ../README.md#why: no such heading",
            "docs/a.md:3 #here: no such heading",
        ];
        assert_eq!(found, expected);
    }
}
