//! Merges two copies of the same item in one answer: what either copy knows counts, and of two that differ the fuller
//! one.

use tensorflix_domain::observation::{Broadcast, Details, Metrics, Presence};
use tensorflix_domain::verification::PlatformSignals;

/// Merges two copies of an item's statistics.
pub(crate) fn join_metrics(first: Metrics, second: Metrics) -> Metrics {
    let (full, other) = if known(&second) > known(&first) { (second, first) } else { (first, second) };
    Metrics {
        view_count: full.view_count.or(other.view_count),
        play_count: full.play_count.or(other.play_count),
        like_count: full.like_count.or(other.like_count),
        comment_count: full.comment_count.or(other.comment_count),
    }
}

/// Merges two copies of an item.
pub(crate) fn join_copies(first: Presence, second: Presence) -> Presence {
    let metrics = join_metrics(first.metrics, second.metrics);
    let (full, other) = match known_details(&second.details) > known_details(&first.details) {
        true => (second.details, first.details),
        false => (first.details, second.details),
    };
    Presence { metrics, details: join_details(full, other) }
}

fn join_details(full: Details, other: Details) -> Details {
    let text = |full: String, other: String| if full.is_empty() { other } else { full };
    let signals = PlatformSignals {
        synthetic_media: full.signals.synthetic_media.or(other.signals.synthetic_media),
        age_restricted: full.signals.age_restricted.or(other.signals.age_restricted),
        upload_rejected: full.signals.upload_rejected.or(other.signals.upload_rejected),
    };
    Details {
        published_at: full.published_at.or(other.published_at),
        title: text(full.title, other.title),
        description: text(full.description, other.description),
        author: text(full.author, other.author),
        tags: if full.tags.is_empty() { other.tags } else { full.tags },
        duration_secs: full.duration_secs.or(other.duration_secs),
        broadcast: if full.broadcast == Broadcast::None { other.broadcast } else { full.broadcast },
        thumbnail_url: full.thumbnail_url.or(other.thumbnail_url),
        signals,
    }
}

fn known(metrics: &Metrics) -> usize {
    let Metrics { view_count, play_count, like_count, comment_count } = metrics;
    [view_count, play_count, like_count, comment_count].into_iter().filter(|count| count.is_some()).count()
}

fn known_details(details: &Details) -> usize {
    let Details { published_at, title, description, author, tags, duration_secs, thumbnail_url, .. } = details;
    let texts = [title, description, author].into_iter().filter(|text| !text.is_empty()).count();
    let others = [published_at.is_some(), !tags.is_empty(), duration_secs.is_some(), thumbnail_url.is_some()];
    texts + others.into_iter().filter(|is_known| *is_known).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fuller_copy_wins_whatever_the_order_and_gaps_are_filled() {
        let full = Presence {
            metrics: Metrics { view_count: Some(9), like_count: Some(2), ..Metrics::default() },
            details: Details { title: "title".to_owned(), author: "author".to_owned(), ..Details::default() },
        };
        let empty = Presence {
            metrics: Metrics { view_count: Some(1), ..Metrics::default() },
            details: Details { duration_secs: Some(5), ..Details::default() },
        };
        let mut joined = full.clone();
        joined.details.duration_secs = Some(5);
        assert_eq!(join_copies(full.clone(), empty.clone()), joined);
        assert_eq!(join_copies(empty, full.clone()), joined);
        assert_eq!(join_copies(full.clone(), Presence::default()), full);
        assert_eq!(join_copies(Presence::default(), full.clone()), full);
    }
}
