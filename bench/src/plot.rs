//! Curves, drawn as pictures that every browser shows.

use std::path::Path;

use plotters::coord::ranged1d::ValueFormatter;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use crate::Error;

/// Curves over the same values.
#[derive(Clone, Debug)]
pub(crate) struct Plot {
    /// What its file is called, without an ending.
    pub(crate) name: &'static str,
    /// What it shows.
    pub(crate) title: &'static str,
    /// What grows from left to right, by powers of ten or evenly.
    pub(crate) x: &'static str,
    pub(crate) powers_of_ten: bool,
    /// What grows upwards.
    pub(crate) y: &'static str,
    /// The curves, each with what it is called and its points.
    pub(crate) curves: Vec<(String, Vec<(f64, f64)>)>,
}

const SIZE: (u32, u32) = (760, 420);

/// Told apart by those who cannot tell red from green, too.
const COLOURS: [RGBColor; 5] =
    [RGBColor(0, 114, 178), RGBColor(213, 94, 0), RGBColor(0, 158, 115), RGBColor(204, 121, 167), RGBColor(86, 86, 86)];

impl Plot {
    /// The name of its file.
    pub(crate) fn file(&self) -> String {
        format!("{}.svg", self.name)
    }

    /// Draws it into a folder.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), Error> {
        let mut svg = String::new();
        self.draw(&mut svg)?;
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join(self.file()), svg)?;
        Ok(())
    }

    fn draw(&self, svg: &mut String) -> Result<(), Error> {
        let points = || self.curves.iter().flat_map(|(_, points)| points);
        let most = |of: fn(&(f64, f64)) -> f64| points().map(of).fold(0.0, f64::max);
        let least = points().map(|(x, _)| *x).fold(f64::MAX, f64::min);
        let (right, top) = (most(|(x, _)| *x), most(|(_, y)| *y) * 1.1);

        let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area);
        chart.caption(self.title, ("sans-serif", 20)).margin(12).x_label_area_size(44).y_label_area_size(64);
        // The two kinds of axes are different types.
        if self.powers_of_ten {
            self.draw_on(&mut chart.build_cartesian_2d((least..right).log_scale(), 0.0..top)?)?;
        } else {
            self.draw_on(&mut chart.build_cartesian_2d(least..right, 0.0..top)?)?;
        }
        area.present()?;
        Ok(())
    }

    fn draw_on<'a, X>(
        &self,
        chart: &mut ChartContext<'a, SVGBackend<'a>, Cartesian2d<X, RangedCoordf64>>,
    ) -> Result<(), Error>
    where
        X: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        let figure = |value: &f64| if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") };
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .x_desc(self.x)
            .y_desc(self.y)
            .x_label_formatter(&figure)
            .y_label_formatter(&figure)
            .draw()?;
        for ((name, points), colour) in self.curves.iter().zip(COLOURS.iter().cycle()) {
            let style = colour.stroke_width(2);
            chart
                .draw_series(LineSeries::new(points.iter().copied(), style))?
                .label(name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
        }
        if self.curves.len() > 1 {
            let labels = &mut chart.configure_series_labels();
            labels.position(SeriesLabelPosition::MiddleRight).background_style(WHITE.mix(0.8)).draw()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_drawn_from_left_to_right_and_upwards() {
        for powers_of_ten in [true, false] {
            let plot = Plot {
                name: "pages",
                title: "Pages",
                x: "transactions",
                powers_of_ten,
                y: "read units",
                curves: vec![
                    ("first".to_owned(), vec![(100.0, 1.0), (1000.0, 2.0), (10_000.0, 4.0)]),
                    ("last".to_owned(), vec![(100.0, 1.0), (10_000.0, 1.0)]),
                ],
            };
            let folder = tempfile::tempdir().unwrap();
            plot.write(folder.path()).unwrap();
            let svg = std::fs::read_to_string(folder.path().join("pages.svg")).unwrap();
            for word in ["Pages", "transactions", "read units", "first", "last"] {
                assert!(svg.contains(word), "{word}");
            }
            let curve = svg.split("<polyline").find(|line| line.contains("#0072B2")).unwrap();
            let points = curve.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
            let points: Vec<(i32, i32)> = points
                .split_whitespace()
                .map(|point| point.split_once(',').unwrap())
                .map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()))
                .collect();
            let [first, second, third] = points[..] else { panic!("{points:?}") };
            assert!(first.0 < second.0 && second.0 < third.0 && first.1 > second.1 && second.1 > third.1, "{points:?}");
            let is_even = (second.0 - first.0).abs_diff(third.0 - second.0) <= 1;
            assert_eq!(is_even, powers_of_ten, "{points:?}");
        }
    }
}
