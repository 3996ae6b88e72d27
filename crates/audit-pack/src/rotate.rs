//! `audit-pack rotate`: which files the log was, where that cannot be seen.

use holdfast::Exit;
use tlog::FileName;

use crate::cli::RotateArgs;
use crate::context::{Chosen, Context};
use crate::seal::Sealer;
use crate::sealing;

pub(crate) fn run(args: &RotateArgs, context: &Context<'_>) -> Exit {
    let chosen = match context.choose(std::slice::from_ref(&args.log), args.key.as_deref()) {
        Ok(mut chosen) => Chosen { configured: false, ..chosen.remove(0) },
        Err(exit) => return exit,
    };
    let mut closed = Vec::new();
    for path in &args.closed {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_beside = path.parent().is_none_or(|dir| dir.as_os_str().is_empty() || dir == chosen.log.dir);
        match FileName::new(name) {
            Ok(name) if is_beside && name.as_str() != chosen.log.name => closed.push(name),
            _ => {
                let why = format_args!(
                    "--closed {}: it must be another file beside the log, with a name of A-Z a-z 0-9 . _ -\n  move it \
                     there, or rename it",
                    path.display()
                );
                return context.refuse(&why, Exit::Usage);
            }
        }
    }
    let (result, full) = sealing::seal(context, &chosen, |sealer, signer| {
        Sealer { closed: &closed, guard: sealer.guard.clone(), ..*sealer }.seal(signer)
    });
    sealing::finish(context, &chosen.log, result, full)
}
