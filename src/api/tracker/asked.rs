//! When items were last requested on behalf of clients, by the monotonic clock.
//!
//! Bounded: the oldest entries are forgotten first. A forgotten item is only requested once more.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tensorflix_domain::ids::ContentId;

/// Contents that are remembered.
const REMEMBERED: usize = 10_000;

/// Pause before an item is requested again after its platform's answer did not mention it.
pub const UNKNOWN_PAUSE: Duration = Duration::from_secs(60);

/// The items that were requested from one platform.
#[derive(Debug, Default)]
pub struct Asked {
    /// When, and whether the platform's answer mentioned the item.
    of: HashMap<ContentId, (Duration, bool)>,
    order: VecDeque<ContentId>,
}

impl Asked {
    /// Records that an answer was stored, or that the platform's answer did not mention the item.
    pub fn note(&mut self, content: &ContentId, now: Duration, is_known: bool) {
        if self.of.insert(content.clone(), (now, is_known)).is_none() {
            self.order.push_back(content.clone());
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.of.remove(&oldest);
        }
    }

    /// Time since the item was last observed for a client.
    pub fn age(&self, content: &ContentId, now: Duration) -> Option<Duration> {
        self.of.get(content).filter(|(_, is_known)| *is_known).map(|(at, _)| now.saturating_sub(*at))
    }

    /// Whether the item was observed for a client at `since` or later: a request that read the store then may have missed it.
    pub fn was_observed_since(&self, content: &ContentId, since: Duration) -> bool {
        self.of.get(content).is_some_and(|(at, is_known)| *is_known && *at >= since)
    }

    /// Whether the platform's answer did not mention it a short time ago.
    pub fn is_unknown(&self, content: &ContentId, now: Duration) -> bool {
        self.of.get(content).is_some_and(|(at, is_known)| !is_known && now.saturating_sub(*at) < UNKNOWN_PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensorflix_domain::platform::Platform;

    #[test]
    fn what_clients_asked_for_is_remembered_in_bounded_memory() {
        let mut asked = Asked::default();
        let content = |number: usize| ContentId::new(Platform::YOUTUBE, &format!("v{number:010}")).expect("an id");
        for number in 0..3 * REMEMBERED {
            asked.note(&content(number), Duration::from_secs(7), true);
            asked.note(&content(number), Duration::from_secs(8), true);
        }
        assert_eq!((asked.of.len(), asked.order.len()), (REMEMBERED, REMEMBERED));
        assert_eq!(asked.age(&content(0), Duration::from_secs(9)), None);
        assert_eq!(asked.age(&content(3 * REMEMBERED - 1), Duration::from_secs(9)), Some(Duration::from_secs(1)));
    }

    #[test]
    fn a_content_that_its_platform_passed_over_is_not_asked_for_again_at_once() {
        let mut asked = Asked::default();
        let content = ContentId::new(Platform::INSTAGRAM, "C8xYz").expect("an id");
        asked.note(&content, Duration::from_secs(100), false);
        assert!(asked.is_unknown(&content, Duration::from_secs(159)));
        assert!(!asked.is_unknown(&content, Duration::from_secs(160)));
        assert_eq!(asked.age(&content, Duration::from_secs(101)), None, "nothing was observed");
    }
}
