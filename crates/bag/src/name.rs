//! Names that mean the same file to every tool, shell and platform.

/// The longest path in a tar, with its top folder, in bytes.
pub const NAME_MAX: usize = 255;
/// The deepest path in a tar: components, with its top folder and the file itself.
pub const DEPTH_MAX: usize = 16;
/// The most files in a bag.
pub const ENTRIES_MAX: usize = 200_000;

/// What is wrong with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// Nothing.
    #[error("the path is empty")]
    Empty,
    /// It begins with `/`.
    #[error("the path is absolute")]
    Absolute,
    /// It goes up or stays.
    #[error("the path has a component `.` or `..`")]
    Dots,
    /// `//`, or `/` at the end.
    #[error("the path has an empty component")]
    EmptyComponent,
    /// A component that a program could take for an option.
    #[error("a component of the path begins with `-`")]
    Dash,
    /// Something else than `A-Z a-z 0-9 . _ / -`.
    #[error("the path has the byte 0x{0:02x}; allowed are A-Z a-z 0-9 . _ / -")]
    Byte(u8),
    /// More than [`NAME_MAX`].
    #[error("the path is {0} bytes long; at most {NAME_MAX} are allowed")]
    Long(usize),
    /// More than [`DEPTH_MAX`].
    #[error("the path is {0} components deep; at most {DEPTH_MAX} are allowed")]
    Deep(usize),
    /// No `/` where a ustar could divide it.
    #[error("the path cannot be divided as ustar divides it: at most 155 bytes, a `/`, at most 100 bytes")]
    Undivided,
}

/// A relative path that is safe everywhere, with or without its top folder.
pub(crate) fn check(path: &[u8]) -> Result<(), NameFault> {
    if path.is_empty() {
        return Err(NameFault::Empty);
    }
    if path.len() > NAME_MAX {
        return Err(NameFault::Long(path.len()));
    }
    if path[0] == b'/' {
        return Err(NameFault::Absolute);
    }
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._/-".contains(byte);
    if let Some(byte) = path.iter().find(|byte| !allowed(byte)) {
        return Err(NameFault::Byte(*byte));
    }
    let mut depth = 0;
    for component in path.split(|byte| *byte == b'/') {
        depth += 1;
        match component {
            b"" => return Err(NameFault::EmptyComponent),
            b"." | b".." => return Err(NameFault::Dots),
            [b'-', ..] => return Err(NameFault::Dash),
            _ => {}
        }
    }
    if depth > DEPTH_MAX { Err(NameFault::Deep(depth)) } else { Ok(()) }
}

/// The first of these sorted paths that is a file and also a folder of another one: no disk can hold both.
pub(crate) fn file_and_folder<'a>(sorted: &[impl AsRef<str> + 'a]) -> Option<usize> {
    let mut before: &str = "";
    for path in sorted.iter().map(AsRef::as_ref) {
        for (at, _) in path.match_indices('/') {
            let folder = &path[..at];
            // Folders of the one before have been looked for.
            let known = before.starts_with(folder) && before.as_bytes().get(at) == Some(&b'/');
            if !known && let Ok(file) = sorted.binary_search_by(|path| path.as_ref().cmp(folder)) {
                return Some(file);
            }
        }
        before = path;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{NameFault, check, file_and_folder};

    #[test]
    fn odd_paths_are_told_by_what_is_odd() {
        for good in ["a", "data/log/x.jsonl", "a/.hidden/..x", "A_z-0.9/b"] {
            assert_eq!(check(good.as_bytes()), Ok(()), "{good}");
        }
        let deep = "a/".repeat(16) + "a";
        for (bad, fault) in [
            ("", NameFault::Empty),
            ("/etc/passwd", NameFault::Absolute),
            ("a/../b", NameFault::Dots),
            ("./a", NameFault::Dots),
            ("a//b", NameFault::EmptyComponent),
            ("a/", NameFault::EmptyComponent),
            ("a/-rf", NameFault::Dash),
            ("a b", NameFault::Byte(b' ')),
            ("a\\b", NameFault::Byte(b'\\')),
            ("a\n", NameFault::Byte(b'\n')),
            ("a%0a", NameFault::Byte(b'%')),
            (deep.as_str(), NameFault::Deep(17)),
        ] {
            assert_eq!(check(bad.as_bytes()), Err(fault), "{bad}");
        }
        assert_eq!(check(&[b'a'; 256]), Err(NameFault::Long(256)));
    }

    #[test]
    fn a_file_cannot_be_a_folder() {
        assert_eq!(file_and_folder(&["data/a", "data/a-b", "data/a.c", "data/a/b"]), Some(0));
        assert_eq!(file_and_folder(&["data/a-b", "data/a.c", "data/a/b", "data/a/c"]), None);
        assert_eq!(file_and_folder(&["data/ab/c", "data/ab/d/e", "data/abc"]), None);
    }
}
