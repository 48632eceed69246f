//! Charts as geometry that a template only has to write down.
//!
//! Lengths along x are percentages of the drawing's width and heights are pixels, so that the same
//! drawing fits 360 and 1280 pixels and its words keep their size. Every chart carries its numbers
//! as a table too.

/// The numbers of a chart, for those who read rather than look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbers {
    /// Names of the columns.
    pub columns: Vec<&'static str>,
    /// Cells, row by row.
    pub rows: Vec<Vec<String>>,
}

/// What every chart says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caption {
    /// Prefix of the ids inside the drawing.
    pub id: &'static str,
    /// Its name.
    pub title: &'static str,
    /// What it means, in a sentence.
    pub meaning: &'static str,
    /// What it shows, in a sentence, for those who don't see it.
    pub summary: String,
}

/// Pixels from one bar of a [`Bars`] to the next.
const BAR_PITCH: u32 = 40;
/// Height of a [`Columns`] and a [`Lines`] plot.
const PLOT: u32 = 160;
/// Above the plot, for the value on top of the highest column.
const HEADROOM: u32 = 24;

/// Horizontal bars, one under the other, each under its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bars {
    /// What it says about itself.
    pub caption: Caption,
    /// The bars.
    pub bars: Vec<Bar>,
    /// Height of the drawing in pixels.
    pub height: u32,
    /// The same as a table.
    pub numbers: Numbers,
}

/// One bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// What it counts.
    pub label: String,
    /// Its value in words.
    pub value: String,
    /// Its length, in percent.
    pub width: String,
    /// Baseline of its label.
    pub text_y: u32,
    /// Its upper edge.
    pub y: u32,
}

impl Bars {
    /// From label, share of the full width (0 to 1) and value in words.
    #[must_use]
    pub fn new(caption: Caption, bars: Vec<(String, f64, String)>, numbers: Numbers) -> Self {
        let height = BAR_PITCH * bars.len() as u32;
        let bars = bars
            .into_iter()
            .zip(0u32..)
            .map(|((label, share, value), i)| Bar {
                label,
                value,
                width: percent(share),
                text_y: i * BAR_PITCH + 15,
                y: i * BAR_PITCH + 22,
            })
            .collect();
        Self { caption, bars, height, numbers }
    }
}

/// Vertical columns over a scale from 0 to 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// What it says about itself.
    pub caption: Caption,
    /// The columns.
    pub columns: Vec<Column>,
    /// The scale under them: place and words.
    pub ticks: Vec<(String, String)>,
    /// A line across, with its words: the threshold.
    pub mark: (String, String),
    /// Baseline of the plot.
    pub base: u32,
    /// Height of the drawing in pixels.
    pub height: u32,
    /// The same as a table.
    pub numbers: Numbers,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Left edge, in percent.
    pub x: String,
    /// Its middle, in percent.
    pub middle: String,
    /// Upper edge.
    pub y: u32,
    /// Its height.
    pub height: u32,
    /// Baseline of its value.
    pub text_y: u32,
    /// Its value in words; empty for 0.
    pub value: String,
}

impl Columns {
    /// From ten counts, for 0.0 to 0.1 up to 0.9 to 1.0.
    #[must_use]
    pub fn ten(caption: Caption, counts: [u64; 10], mark: f64, numbers: Numbers) -> Self {
        let highest = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
        let base = HEADROOM + PLOT;
        let columns = counts
            .iter()
            .zip(0u32..)
            .map(|(count, i)| {
                // A count of one stays visible beside thousands.
                let floor = if *count > 0 { 2.0 } else { 0.0 };
                let height = (f64::from(PLOT) * *count as f64 / highest).max(floor).round() as u32;
                let y = base.saturating_sub(height);
                Column {
                    x: percent(f64::from(i) / 10.0 + 0.006),
                    middle: percent(f64::from(i) / 10.0 + 0.05),
                    y,
                    height,
                    text_y: y.saturating_sub(6),
                    value: if *count > 0 { super::wording::count(*count) } else { String::new() },
                }
            })
            .collect();
        let ticks = (0..=5).map(|i| f64::from(i) / 5.0).map(|v| (percent(v), format!("{v:.1}"))).collect();
        let mark = (percent(mark), format!("Threshold {mark:.2}"));
        Self { caption, columns, ticks, mark, base, height: base + 28, numbers }
    }

    /// Whether there is nothing to draw.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.columns.iter().all(|c| c.value.is_empty())
    }
}

/// Lines over days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    /// What it says about itself.
    pub caption: Caption,
    /// The lines, the first one lowest.
    pub lines: Vec<Series>,
    /// Horizontal guides: y and words.
    pub guides: Vec<(u32, String)>,
    /// Days under the plot: place, anchor (`start`, `middle`, `end`) and words.
    pub ticks: Vec<(String, &'static str, String)>,
    /// Baseline of the plot.
    pub base: u32,
    /// Height of the drawing in pixels.
    pub height: u32,
    /// The same as a table.
    pub numbers: Numbers,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Its name in the legend.
    pub name: &'static str,
    /// The CSS class of its colour and dashes.
    pub class: &'static str,
    /// Points of the polyline, x from 0 to 100.
    pub points: String,
    /// A dot a day, x in percent; none when there are too many days to tell them apart.
    pub dots: Vec<(String, u32)>,
}

/// More days than this and the dots run together at 360 pixels.
const MOST_DOTS: usize = 31;

impl Lines {
    /// From the days' words and, for each line, its name, class and values.
    #[must_use]
    pub fn new(
        caption: Caption,
        days: &[String],
        lines: &[(&'static str, &'static str, Vec<u64>)],
        numbers: Numbers,
    ) -> Self {
        let top = round_up(lines.iter().flat_map(|(_, _, v)| v.iter().copied()).max().unwrap_or(0));
        let base = HEADROOM + PLOT;
        // The left end stays free for the words of the guides.
        let x = |i: usize| 8.0 + 90.0 * if days.len() > 1 { i as f64 / (days.len() - 1) as f64 } else { 0.5 };
        let y = |v: u64| base.saturating_sub((f64::from(PLOT) * v as f64 / top as f64).round() as u32);
        let series = lines
            .iter()
            .map(|(name, class, values)| Series {
                name,
                class,
                points: values
                    .iter()
                    .enumerate()
                    .map(|(i, v)| format!("{:.2},{}", x(i), y(*v)))
                    .collect::<Vec<_>>()
                    .join(" "),
                dots: values
                    .iter()
                    .enumerate()
                    .filter(|_| values.len() <= MOST_DOTS)
                    .map(|(i, v)| (percent(x(i) / 100.0), y(*v)))
                    .collect(),
            })
            .collect();
        let guides = [top, top / 2, 0].map(|v| (y(v), super::wording::count(v))).to_vec();
        let last = days.len().saturating_sub(1);
        let mut places = vec![(0, "start"), (last / 2, "middle"), (last, "end")];
        match days.len() {
            0 => places.clear(),
            1 => places = vec![(0, "middle")],
            2 => places = vec![(0, "start"), (1, "end")],
            _ => {}
        }
        let ticks = places
            .into_iter()
            .filter_map(|(i, anchor)| days.get(i).map(|day| (percent(x(i) / 100.0), anchor, day.clone())))
            .collect();
        Self { caption, lines: series, guides, ticks, base, height: base + 28, numbers }
    }
}

/// The next even number with one or two leading digits: a round top whose half is whole.
fn round_up(most: u64) -> u64 {
    let mut unit = 1;
    while most / unit >= 20 {
        unit *= 10;
    }
    let step = unit * 2;
    most.div_ceil(step).max(1) * step
}

fn percent(share: f64) -> String {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    format!("{:.2}%", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tops_are_round_and_halve() {
        assert_eq!([0, 1, 7, 20, 21, 199, 1234].map(round_up), [2, 2, 8, 20, 40, 200, 1400]);
    }

    #[test]
    fn lengths_stay_inside_the_drawing() {
        assert_eq!([-1.0, 0.5, 7.0, f64::NAN].map(percent), ["0.00%", "50.00%", "100.00%", "0.00%"]);
    }
}
