//! How a score was computed, in words: only figures that the cycle recorded, nothing recomputed.

use super::submission::Story;
use crate::text::visible::visible;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::views::Arithmetic;

/// The arithmetic of a scored submission, from the views to its share of the task's best; `None` if it is not scored.
pub(crate) fn score_words(story: &Story) -> Option<String> {
    let (score, normalized) = (story.score?, story.normalized_score?);
    let Some(arithmetic) = &story.arithmetic else {
        return Some(format!(
            "{score:.6} views per hour, normalised {normalized:.6}; this cycle did not record how they were computed"
        ));
    };
    let mut words = vec![format!(
        "{} / {:.6} hours{} = {score:.6} views per hour",
        views_words(arithmetic),
        arithmetic.hours,
        hours_words(story.observed_at, arithmetic)
    )];
    let mut counted = score;
    if let Some(share) = story.counted_share {
        counted = score * share;
        let why = match arithmetic.is_share_of_hidden_engagement {
            true => "counted while likes are hidden",
            false => "counted as authentic",
        };
        words.push(format!("x {share:.6} {why} = {counted:.6}"));
    }
    if let Some(limit) = arithmetic.untagged_limit.filter(|limit| *limit < counted) {
        words.push(format!("at most {limit:.6} while its text does not name this miner's hotkey"));
    }
    words.push(match arithmetic.too_few_owners {
        Some(count) => few_owners_words(count, normalized),
        None => format!("{} = {normalized:.6}", division_words(story, arithmetic)),
    });
    Some(words.join("; "))
}

/// The views that count, and which of the shown views do not.
fn views_words(arithmetic: &Arithmetic) -> String {
    match arithmetic.first_sight_views {
        0 => format!("{} views", arithmetic.shown_views),
        first => {
            format!("({} views - {first} at first sight = {})", arithmetic.shown_views, arithmetic.counted_views())
        }
    }
}

/// Which observation ends the hours, if it is not the latest; and how many hours passed, if that is below the minimum.
fn hours_words(observed_at: Option<Moment>, arithmetic: &Arithmetic) -> String {
    let mut notes = Vec::new();
    if arithmetic.hours > arithmetic.passed_hours {
        notes.push(format!("{:.6} passed, raised to the minimum of {}", arithmetic.passed_hours, arithmetic.hours));
    }
    if let Some(at) = observed_at.filter(|_| arithmetic.is_settled) {
        notes.push(format!("to {at}: settled views, which have a lower rate than the latest"));
    }
    if notes.is_empty() { String::new() } else { format!(" ({})", notes.join("; ")) }
}

/// The divisor of the counted score, and the exponent on the quotient.
fn division_words(story: &Story, arithmetic: &Arithmetic) -> String {
    let source = match &story.best {
        _ if arithmetic.is_floor => "the task's floor: its best is below the level of the other tasks".to_owned(),
        Some(best) if best.uid == story.uid && best.content_id == story.content_id => {
            "its own, the best of the task".to_owned()
        }
        Some(best) => format!("the best of the task: {} by UID {}", visible(&best.content_id), best.uid),
        None => "the best of the task".to_owned(),
    };
    let power = match arithmetic.exponent.to_bits() == 1.0_f64.to_bits() {
        true => String::new(),
        false => format!(", to the power of {}", arithmetic.exponent),
    };
    format!("/ {:.6} ({source}){power}", arithmetic.divisor)
}

/// Why a task pays nothing, and what changes that.
fn few_owners_words(count: u32, normalized: f64) -> String {
    let owners = if count == 1 { "owner has" } else { "owners have" };
    format!(
        "x 0, because only {count} {owners} an accepted submission in this task and this validator requires more \
         (defences.fewest_owners_per_task) = {normalized:.6}; it pays as soon as enough have one"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Arithmetic = Arithmetic {
        shown_views: 900,
        first_sight_views: 0,
        is_settled: false,
        passed_hours: 4.0,
        hours: 4.0,
        is_share_of_hidden_engagement: false,
        untagged_limit: None,
        too_few_owners: None,
        divisor: 300.0,
        is_floor: false,
        exponent: 1.0,
    };

    #[test]
    fn the_views_and_the_hours_are_those_that_were_recorded() {
        assert_eq!(views_words(&PLAIN), "900 views");
        let seen_late = Arithmetic { first_sight_views: 600, ..PLAIN };
        assert_eq!(views_words(&seen_late), "(900 views - 600 at first sight = 300)");
        let observed_at = Some(Moment::from_unix_ms(3_600_000));
        assert_eq!(hours_words(observed_at, &PLAIN), "");
        let young = Arithmetic { passed_hours: 0.25, hours: 1.0, ..PLAIN };
        assert_eq!(hours_words(observed_at, &young), " (0.250000 passed, raised to the minimum of 1)");
        let settled = Arithmetic { is_settled: true, ..PLAIN };
        let words = " (to 1970-01-01T01:00:00.000Z: settled views, which have a lower rate than the latest)";
        assert_eq!(hours_words(observed_at, &settled), words);
    }
}
