//! A person at a terminal, for the tests of `resume`.

use rexpect::process::WaitStatus;
use rexpect::session::PtySession;

use super::Scratch;

pub(crate) const WHO: &str = "Who are you? [alice] ";
pub(crate) const WHY: &str = "Why is it safe to go on? ";
pub(crate) const LEAVE: &str = ", Enter to leave it: ";

/// A person at a terminal.
pub(crate) struct Person {
    pub(crate) session: PtySession,
    pub(crate) screen: String,
}

impl Person {
    pub(crate) fn at(scratch: &Scratch, args: &[&str]) -> Self {
        let session =
            rexpect::session::spawn_command(scratch.command(args), Some(20_000)).expect("a terminal");
        Self { session, screen: String::new() }
    }

    /// Waits for a question, and returns what came before it.
    pub(crate) fn is_asked(&mut self, question: &str) -> String {
        let before = self
            .session
            .exp_string(question)
            .unwrap_or_else(|error| panic!("{question}: {error}\n{}", self.screen));
        self.screen += &before;
        self.screen += question;
        before
    }

    pub(crate) fn types(&mut self, line: &str) {
        self.screen.extend(["«", line, "»\n"]);
        self.session.send_line(line).expect("typed");
    }

    pub(crate) fn answers(&mut self, question: &str, line: &str) {
        self.is_asked(question);
        self.types(line);
    }

    /// Who and why.
    pub(crate) fn introduces(&mut self) {
        self.answers(WHO, "");
        self.answers(WHY, "the feed is back");
    }

    /// Everything that was shown, and the exit code.
    pub(crate) fn ends(mut self) -> (String, i32) {
        self.screen += &self.session.exp_eof().expect("the end");
        let code = match self.session.process().wait().expect("it ended") {
            WaitStatus::Exited(_, code) => code,
            other => panic!("{other:?}\n{}", self.screen),
        };
        (self.screen, code)
    }
}

/// What the person types to lift this hold.
pub(crate) fn short(id: &str) -> &str {
    &id[id.len() - 6..]
}
