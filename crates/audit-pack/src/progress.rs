//! A bar for who watches.

use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work that is shorter needs no bar, in bytes.
const SHOWN_MIN: u64 = 64 << 20;

/// How far a long piece of work is. Shown on a terminal only.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// For so many bytes.
    pub(crate) fn bytes(total: u64, what: &str) -> Self {
        if total < SHOWN_MIN || !std::io::stderr().is_terminal() {
            return Self::hidden();
        }
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        let style = "{msg} {wide_bar} {bytes}/{total_bytes} {eta}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        Self(bar)
    }

    pub(crate) fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    /// Counts what is written.
    pub(crate) fn of_writes<'w>(&self, out: &'w mut dyn Write) -> impl Write + 'w {
        self.0.wrap_write(out)
    }

    pub(crate) fn add(&self, bytes: u64) {
        self.0.inc(bytes);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
