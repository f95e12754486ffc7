//! Tables of figures, as they are read in a terminal and in a document, and the document.

use std::fmt::{self, Write as _};
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::Error;
use crate::plot::Plot;

/// Figures with their heads.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// What is measured.
    pub(crate) title: String,
    /// What stands in each column.
    pub(crate) heads: Vec<String>,
    /// The figures; the first of each row says whose they are.
    pub(crate) rows: Vec<Vec<String>>,
    /// What one has to know about them.
    pub(crate) notes: Vec<String>,
}

impl fmt::Display for Table {
    /// As Markdown that can be read as it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| {
            let cells = std::iter::once(&self.heads).chain(&self.rows).filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
        };
        let widths: Vec<_> = (0..self.heads.len()).map(width).collect();
        let line = |f: &mut fmt::Formatter<'_>, row: &[String]| {
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                match column {
                    0 => write!(f, "| {cell:width$} |")?,
                    _ => write!(f, " {cell:>width$} |")?,
                }
            }
            writeln!(f)
        };
        writeln!(f, "### {}\n", self.title)?;
        line(f, &self.heads)?;
        for (column, width) in widths.iter().enumerate() {
            match column {
                0 => write!(f, "|{}|", "-".repeat(width + 2))?,
                _ => write!(f, "{}:|", "-".repeat(width + 1))?,
            }
        }
        writeln!(f)?;
        for row in &self.rows {
            line(f, row)?;
        }
        for note in &self.notes {
            writeln!(f, "\n{note}")?;
        }
        Ok(())
    }
}

pub(crate) fn heads<const N: usize>(heads: [&str; N]) -> Vec<String> {
    heads.map(str::to_owned).to_vec()
}

pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The smallest that so many percent do not exceed.
pub(crate) fn percentile(times: &[Duration], percent: usize) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    let rank = (times.len() * percent).div_ceil(100).max(1);
    times.get(rank - 1).copied().unwrap_or_default()
}

/// Puts what a section came to into a document, in place of what stands there between `<!-- bench: section -->` and
/// `<!-- end -->`, and its plots into the folder that is called like the document.
pub(crate) fn write(document: &Path, section: &str, tables: &[Table], plots: &[Plot]) -> Result<(), Error> {
    let folder = document.with_extension("");
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let mut figures = String::new();
    for table in tables {
        writeln!(figures, "{table}")?;
    }
    for plot in plots {
        plot.write(&folder)?;
        writeln!(figures, "![{}]({name}/{})\n", plot.title, plot.file())?;
    }
    let text = fs::read_to_string(document).map_err(|error| format!("{}: {error}", document.display()))?;
    let text = replace(&text, section, &figures)
        .ok_or_else(|| format!("{} has no place for what is measured under the name {section}", document.display()))?;
    Ok(fs::write(document, text)?)
}

/// The text with other figures of a section; none if it has no place for them.
fn replace(text: &str, section: &str, figures: &str) -> Option<String> {
    let begin = format!("<!-- bench: {section} -->\n");
    let end = "<!-- end -->";
    let (before, rest) = text.split_once(&begin)?;
    let (_, after) = rest.split_once(end)?;
    Some(format!("{before}{begin}\n{figures}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_of_a_section_take_the_place_of_its_last_ones() {
        let text =
            "Before.\n<!-- bench: hot -->\nold\n<!-- end -->\nBetween.\n<!-- bench: cost -->\nkept\n<!-- end -->\n";
        let written =
            "Before.\n<!-- bench: hot -->\n\nnew\n<!-- end -->\nBetween.\n<!-- bench: cost -->\nkept\n<!-- end -->\n";
        assert_eq!(replace(text, "hot", "new\n").as_deref(), Some(written));
        assert_eq!(replace(written, "hot", "new\n").as_deref(), Some(written), "a second time changes nothing");
        assert_eq!(replace(text, "peers", "new\n"), None);
        assert_eq!(replace("<!-- bench: hot -->\n", "hot", "new\n"), None);
    }

    #[test]
    fn the_document_has_a_place_for_every_section() {
        let document = include_str!("../../docs/performance.md");
        for section in <crate::Section as clap::ValueEnum>::value_variants() {
            let figures = replace(document, section.name(), "figures\n");
            assert!(figures.is_some_and(|text| text.contains("figures\n<!-- end -->")), "{}", section.name());
        }
    }

    #[test]
    fn a_percentile_is_the_smallest_that_so_many_do_not_exceed() {
        let times = |range: std::ops::RangeInclusive<u64>| range.rev().map(Duration::from_millis).collect::<Vec<_>>();
        let of = |times: &[Duration], percent| percentile(times, percent).as_millis();
        assert_eq!((of(&times(1..=100), 50), of(&times(1..=100), 99), of(&times(1..=100), 100)), (50, 99, 100));
        assert_eq!((of(&times(1..=3), 50), of(&times(1..=3), 99), of(&times(7..=7), 1)), (2, 3, 7));
        assert_eq!(percentile(&[], 50), Duration::ZERO);
    }

    #[test]
    fn a_table_is_markdown_with_figures_below_each_other() {
        let row = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        let table = Table {
            title: "Spends".to_owned(),
            heads: heads(["", "p50 ms"]),
            rows: vec![row(&["kese", "7.1"]), row(&["größer", "1234567.8"])],
            notes: vec!["In turns.".to_owned()],
        };
        let written = [
            "### Spends",
            "",
            "|        |    p50 ms |",
            "|--------|----------:|",
            "| kese   |       7.1 |",
            "| größer | 1234567.8 |",
            "",
            "In turns.",
            "",
        ];
        assert_eq!(table.to_string(), written.join("\n"));
    }
}
