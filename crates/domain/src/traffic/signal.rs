//! Signals against an item's views, with the figures that show them.

use crate::chain_time::Moment;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The result of the analysis of one item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrafficFinding {
    /// The part of the views that is believed to be authentic: 0 to 1.
    pub authenticity: f64,
    /// The signals against it, the weightiest first.
    pub signals: Vec<Signal>,
}

/// One signal against an item's views.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// By how much it alone lowers the authenticity: 0 to 1.
    pub weight: f64,
    /// What it is.
    #[serde(flatten)]
    pub kind: SignalKind,
}

/// The kinds of signals. Counts are those of the platform; rates are likes or comments for each view.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields are what the words of each kind say")]
pub enum SignalKind {
    /// The count fell and did not recover: the platform removed views.
    ViewsFell { from: Moment, views_before: u64, until: Moment, views_after: u64, lost_share: f64 },
    /// Views came without the likes that came with the item's other views.
    ViewsWithoutLikes { from: Moment, until: Moment, views: u64, likes: u64, share: f64 },
    /// Views surged and stopped abruptly, without the usual likes.
    SurgeStoppedDead { from: Moment, until: Moment, views: u64, share: f64 },
    /// Far fewer likes than comparable items have.
    FewLikes { rate: f64, ordinary: f64, deviations: f64 },
    /// Far more likes than comparable items have.
    ManyLikes { rate: f64, ordinary: f64, deviations: f64 },
    /// Far fewer comments than comparable items have.
    FewComments { rate: f64, ordinary: f64, deviations: f64 },
    /// Far more comments than comparable items have.
    ManyComments { rate: f64, ordinary: f64, deviations: f64 },
    /// Comments in a proportion to likes that comparable items do not have.
    CommentsAgainstLikes { rate: f64, ordinary: f64, deviations: f64 },
    /// Views come as evenly by night as by day.
    NoNights { waver: f64, deviations: f64 },
    /// Each ordinary, and together a doubt, which alone never discounts: how many spreads the likes for each view are
    /// below those of comparable items, by what part of its mean that rate differs from time to time, and how much
    /// views follow when likes come faster or slower (about 1 for an audience). `None` is unknown.
    FaintSigns {
        below: Option<f64>,
        unsteadiness: Option<f64>,
        #[serde(default)]
        elasticity: Option<f64>,
    },
}

impl SignalKind {
    /// The code in JSON.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ViewsFell { .. } => "views_fell",
            Self::ViewsWithoutLikes { .. } => "views_without_likes",
            Self::SurgeStoppedDead { .. } => "surge_stopped_dead",
            Self::FewLikes { .. } => "few_likes",
            Self::ManyLikes { .. } => "many_likes",
            Self::FewComments { .. } => "few_comments",
            Self::ManyComments { .. } => "many_comments",
            Self::CommentsAgainstLikes { .. } => "comments_against_likes",
            Self::NoNights { .. } => "no_nights",
            Self::FaintSigns { .. } => "faint_signs",
        }
    }
}

impl fmt::Display for SignalKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ViewsFell { from, views_before, until, views_after, lost_share } => write!(
                formatter,
                "views fell from {} to {} between {from} and {until} and did not come back: {} of the highest count was lost",
                grouped(views_before),
                grouped(views_after),
                percent(lost_share)
            ),
            Self::ViewsWithoutLikes { from, until, views, likes, share } => write!(
                formatter,
                "{} views between {from} and {until} brought {} likes, far fewer than its other views did; the likes of {} of \
                 all views are missing",
                grouped(views),
                grouped(likes),
                percent(share)
            ),
            Self::SurgeStoppedDead { from, until, views, share } => write!(
                formatter,
                "{} views came at once between {from} and {until}, and then next to none; such surges are {} of all views",
                grouped(views),
                percent(share)
            ),
            Self::FewLikes { rate, ordinary, deviations } => {
                unlike(formatter, "few likes for its views", rate, ordinary, deviations)
            }
            Self::ManyLikes { rate, ordinary, deviations } => {
                unlike(formatter, "many likes for its views", rate, ordinary, deviations)
            }
            Self::FewComments { rate, ordinary, deviations } => {
                unlike(formatter, "few comments for its views", rate, ordinary, deviations)
            }
            Self::ManyComments { rate, ordinary, deviations } => {
                unlike(formatter, "many comments for its views", rate, ordinary, deviations)
            }
            Self::CommentsAgainstLikes { rate, ordinary, deviations } => {
                unlike(formatter, "comments in an odd proportion to likes", rate, ordinary, deviations)
            }
            Self::NoNights { waver, deviations } => write!(
                formatter,
                "views come as evenly by night as by day: their rate wavers by {}, {deviations:.1} spreads less than that of \
                 comparable contents",
                percent(waver)
            ),
            Self::FaintSigns { below, unsteadiness, elasticity } => {
                formatter.write_str("faint signs, which alone change nothing")?;
                if let Some(below) = below.filter(|below| *below > 0.0) {
                    write!(formatter, "; {below:.1} spreads fewer likes for its views than comparable contents")?;
                }
                if let Some(differs) = unsteadiness.filter(|unsteadiness| *unsteadiness > 0.0) {
                    write!(formatter, "; likes for each view differ by {} from time to time", percent(differs))?;
                }
                match elasticity.filter(|elasticity| *elasticity < 1.0) {
                    Some(follows) => {
                        let follows = percent(follows.max(0.0));
                        write!(formatter, "; when likes come faster or slower, views follow by {follows} of it")
                    }
                    None => Ok(()),
                }
            }
        }
    }
}

fn unlike(formatter: &mut fmt::Formatter<'_>, what: &str, rate: f64, ordinary: f64, deviations: f64) -> fmt::Result {
    let (rate, ordinary) = (percent(rate), percent(ordinary));
    write!(
        formatter,
        "{what}: {rate}, where {ordinary} is ordinary for comparable contents and public data ({deviations:.1} spreads away)"
    )
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent < 1.0 { format!("{percent:.3}%") } else { format!("{percent:.1}%") }
}

/// A count with a comma between thousands.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fall_is_told_in_words_that_anybody_understands() {
        let [from, until] =
            ["2026-08-21T00:00:00Z", "2026-08-22T00:00:00Z"].map(|at| Moment::parse(at).expect("a time"));
        let kind = SignalKind::ViewsFell { from, views_before: 12_000, until, views_after: 7_500, lost_share: 0.375 };
        assert_eq!(
            kind.to_string(),
            "views fell from 12,000 to 7,500 between 2026-08-21T00:00:00.000Z and 2026-08-22T00:00:00.000Z and did \
             not come back: 37.5% of the highest count was lost"
        );
        let json = serde_json::to_value(Signal { weight: 0.5, kind }).expect("JSON");
        assert_eq!(json["kind"], kind.code());
        assert_eq!(serde_json::from_value::<Signal>(json).expect("a signal"), Signal { weight: 0.5, kind });
    }

    #[test]
    fn thousands_are_parted() {
        for (count, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(count), text);
        }
    }
}
