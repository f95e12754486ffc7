//! Tables of figures, as they are read in a terminal and in a document.

use std::fmt;

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
