//! How far a verification is: a bar on a terminal, now and then a line elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use store::Report;
use tokio::time::{Duration, Instant};

/// How often a line is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// What is shown of a run. All of it goes to the standard error.
pub(super) struct Progress {
    bar: ProgressBar,
    /// Without a terminal: when the last line was written; none if nobody wants any.
    line_at: Option<Instant>,
}

impl Progress {
    pub(super) fn new(is_quiet: bool) -> Progress {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let line_at = (bar.is_hidden() && !is_quiet).then(Instant::now);
        Progress { bar, line_at }
    }

    /// About so many items are there, and so many of them are done.
    pub(super) fn begin(&self, items: Option<u64>, done: u64) {
        let style = "{elapsed} {wide_bar} {pos}/{len} items, {msg}";
        if let (Some(items), Ok(style)) = (items.filter(|items| *items > 0), ProgressStyle::with_template(style)) {
            self.bar.set_length(items);
            self.bar.set_style(style);
        }
        self.bar.set_position(done);
    }

    pub(super) fn pass(&self, items: u64) {
        self.bar.inc(items);
    }

    pub(super) fn show(&mut self, report: &Report, findings: u64, units: &str) {
        let Report { accounts, entries, .. } = report;
        let so_far = format!("{accounts} accounts, {entries} entries, {findings} findings, {units} read units");
        if self.line_at.is_some_and(|last| last.elapsed() >= LINE_EVERY) {
            eprintln!("{} items, {so_far}", self.bar.position());
            self.line_at = Some(Instant::now());
        }
        self.bar.set_message(so_far);
    }

    /// Does something that prints, with the bar out of the way.
    pub(super) fn around<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
