//! Golden files: what a test saw, committed beside it and reviewed like code. `KESE_GOLDEN=write cargo test` writes what
//! really happened; without it, every difference fails.

use std::fs;
use std::path::Path;

/// Where `told` is not what `file` says; none if it is.
pub fn differs(file: &Path, told: &str) -> Option<String> {
    let written = fs::read_to_string(file).unwrap_or_default();
    if written == told {
        return None;
    }
    if std::env::var("KESE_GOLDEN").is_ok_and(|mode| mode == "write") {
        fs::write(file, told).unwrap();
        return None;
    }
    let place = written.lines().zip(told.lines()).position(|(written, told)| written != told);
    let place = place.unwrap_or_else(|| written.lines().count().min(told.lines().count()));
    let line = |text: &str| text.lines().nth(place).unwrap_or("(the end)").to_owned();
    Some(format!("{}:{}\n  written: {}\n  told:    {}", file.display(), place + 1, line(&written), line(told)))
}
