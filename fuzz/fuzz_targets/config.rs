//! `holdfast.toml`: no text makes the reader panic, an error names a place in the file, a calendar answers at any time.
#![no_main]

use holdfast::config::Config;
use holdfast_fuzz::WALL;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Config::parse(text) {
        Ok(config) => {
            for calendar in config.calendars.values() {
                for wall in [0.0, WALL, 4e9, 1e18, f64::MAX, f64::NAN] {
                    let _ = calendar.session(wall);
                }
            }
            assert_eq!(Config::parse(text).ok(), Some(config), "read twice, it means the same");
        }
        Err(error) => {
            // An editor shows a line after the last newline.
            let lines = text.matches('\n').count() + 1;
            assert!(!error.mistakes.is_empty());
            for mistake in &error.mistakes {
                assert!((1..=lines).contains(&mistake.line), "{mistake:?} of {lines} lines");
                let line = text.split('\n').nth(mistake.line - 1).unwrap_or_default();
                assert!((1..=line.chars().count() + 1).contains(&mistake.column), "{mistake:?} in {line:?}");
                assert!(!mistake.fact.is_empty() && !mistake.advice.is_empty(), "{mistake:?}");
            }
            assert!(error.to_string().contains("holdfast.toml:"));
        }
    }
});
