//! Fills batches: what waits, for how long, and when it is sent. Pure: it receives events with their time, and returns what to do.
//!
//! - A batch is sent when it is full, when no further item has arrived for [`QUIET`], or after [`LONGEST_WINDOW`]. While the
//!   allowed number of batches is under way, it waits until one of them returns.
//! - Whenever something waits, either its timer is set, or a batch is under way that will send it on return. No order of
//!   arrivals, returns and timers makes it wait forever (see the tests, which try them all).

use std::collections::VecDeque;
use std::time::Duration;

/// A batch waits this long for a further item: long enough for requests that a busy machine reads one after the other, and no
/// longer than a platform takes to answer.
pub const QUIET: Duration = Duration::from_millis(200);
/// Longest time that a batch waits for further items.
pub const LONGEST_WINDOW: Duration = Duration::from_secs(1);

/// Bounds of batches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Items in one batch.
    pub size: usize,
    /// Batches under way at one time.
    pub flights: usize,
}

/// What is to be done.
#[derive(Debug)]
pub(super) struct Step<T> {
    /// Batches to send off.
    pub batches: Vec<Vec<T>>,
    /// A timer to set, after which [`Filling::ticked`] is to be called.
    pub wait: Option<Duration>,
}

/// What waits, and what is under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Filling<T> {
    /// What waits, with the time since when.
    queue: VecDeque<(T, Duration)>,
    flights: usize,
    has_timer: bool,
}

impl<T> Default for Filling<T> {
    fn default() -> Self {
        Self { queue: VecDeque::new(), flights: 0, has_timer: false }
    }
}

impl<T> Filling<T> {
    /// How many wait.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// One more item is waiting.
    pub fn arrived(&mut self, item: T, now: Duration, bounds: Bounds) -> Step<T> {
        self.queue.push_back((item, now));
        self.go_on(now, bounds)
    }

    /// The timer ran out.
    pub fn ticked(&mut self, now: Duration, bounds: Bounds) -> Step<T> {
        self.has_timer = false;
        self.go_on(now, bounds)
    }

    /// This many batches returned.
    pub fn landed(&mut self, flights: usize, now: Duration, bounds: Bounds) -> Step<T> {
        self.flights = self.flights.saturating_sub(flights);
        self.go_on(now, bounds)
    }

    fn go_on(&mut self, now: Duration, bounds: Bounds) -> Step<T> {
        let mut batches = Vec::new();
        let mut left = self.window_left(now);
        while self.flights < bounds.flights
            && left.is_some_and(|left| left.is_zero() || self.queue.len() >= bounds.size)
        {
            let batch = self.queue.drain(..bounds.size.min(self.queue.len()));
            batches.push(batch.map(|(item, _)| item).collect());
            self.flights += 1;
            left = self.window_left(now);
        }
        // A batch with a closed window is sent when another one returns.
        let wait = left.filter(|left| !left.is_zero() && !self.has_timer);
        self.has_timer |= wait.is_some();
        Step { batches, wait }
    }

    /// How long others may still join the waiting batch; `None` if nothing waits.
    fn window_left(&self, now: Duration) -> Option<Duration> {
        let ((_, first), (_, latest)) = (self.queue.front()?, self.queue.back()?);
        Some((*latest + QUIET).min(*first + LONGEST_WINDOW).saturating_sub(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// Time goes on by so much at once.
    const TICK: Duration = Duration::from_millis(100);
    const MOST_ARRIVALS: u32 = 5;

    /// Everything that can differ between two moments.
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Situation {
        filling: Filling<(u32, Duration)>,
        now: Duration,
        /// When the timer runs out.
        timer: Option<Duration>,
        arrived: u32,
        sent: Vec<u32>,
    }

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Event {
        Arrival,
        Landing,
        Timer,
        Time,
    }

    impl Situation {
        fn can(&self, event: Event) -> bool {
            match event {
                Event::Arrival => self.arrived < MOST_ARRIVALS,
                Event::Landing => self.filling.flights > 0,
                // A timer may be late, as on a busy machine.
                Event::Timer => self.timer.is_some_and(|due| due <= self.now),
                Event::Time => true,
            }
        }

        fn after(mut self, event: Event, bounds: Bounds) -> Self {
            let now = self.now;
            let step = match event {
                Event::Time => {
                    self.now += TICK;
                    return self;
                }
                Event::Arrival => {
                    self.arrived += 1;
                    self.filling.arrived((self.arrived, now), now, bounds)
                }
                Event::Landing => self.filling.landed(1, now, bounds),
                Event::Timer => {
                    self.timer = None;
                    self.filling.ticked(now, bounds)
                }
            };
            for batch in &step.batches {
                assert!(!batch.is_empty() && batch.len() <= bounds.size);
                let (first, latest) = (batch[0].1, batch[batch.len() - 1].1);
                let is_due = now >= latest + QUIET || now >= first + LONGEST_WINDOW;
                assert!(batch.len() == bounds.size || is_due, "a window is not cut short");
                self.sent.extend(batch.iter().map(|(number, _)| number));
            }
            if let Some(wait) = step.wait {
                assert!(self.timer.is_none(), "one timer is enough");
                self.timer = Some(now + wait);
            }
            self
        }

        fn check(&self, bounds: Bounds) {
            assert!(self.filling.flights <= bounds.flights);
            assert_eq!(self.sent, (1..).take(self.sent.len()).collect::<Vec<u32>>(), "each once, in order");
            let waits = self.filling.len() > 0;
            assert!(!waits || self.timer.is_some() || self.filling.flights == bounds.flights, "it waits for nothing");
        }

        /// Lets everything happen that is under way, and nothing new.
        fn settled(mut self, bounds: Bounds) -> Self {
            let end = self.now + 10 * LONGEST_WINDOW;
            while self.now < end {
                for event in [Event::Timer, Event::Landing] {
                    while self.can(event) {
                        self = self.after(event, bounds);
                    }
                }
                self = self.after(Event::Time, bounds);
            }
            self
        }
    }

    #[test]
    fn no_order_of_arrivals_landings_and_timers_leaves_anything_lying() {
        for (size, flights) in [(1, 1), (2, 1), (3, 1), (2, 2), (50, 1), (50, 2)] {
            let bounds = Bounds { size, flights };
            let begin = Situation {
                filling: Filling::default(),
                now: Duration::ZERO,
                timer: None,
                arrived: 0,
                sent: Vec::new(),
            };
            let (mut seen, mut open) = (HashSet::from([begin.clone()]), vec![begin]);
            while let Some(situation) = open.pop() {
                situation.check(bounds);
                let settled = situation.clone().settled(bounds);
                assert_eq!(settled.sent.len(), usize::try_from(settled.arrived).expect("few"), "all of it goes");
                for event in [Event::Arrival, Event::Landing, Event::Timer, Event::Time] {
                    if situation.can(event) && situation.now <= 8 * TICK {
                        let next = situation.clone().after(event, bounds);
                        if seen.insert(next.clone()) {
                            open.push(next);
                        }
                    }
                }
            }
            assert!(seen.len() > 300, "{size} {flights}: {} situations", seen.len());
        }
    }

    #[test]
    fn requests_during_the_only_flight_go_out_after_it_landed() {
        let bounds = Bounds { size: 50, flights: 1 };
        let mut filling = Filling::default();
        filling.arrived("a", Duration::ZERO, bounds);
        assert_eq!(filling.ticked(QUIET, bounds).batches, [["a"]]);
        assert_eq!(filling.arrived("b", QUIET, bounds).wait, Some(QUIET));
        assert!(filling.ticked(2 * QUIET, bounds).batches.is_empty(), "the only flight is out");
        filling.arrived("c", 2 * QUIET, bounds);
        let landed = filling.landed(1, 2 * QUIET, bounds);
        let at_once = landed.batches == [["b", "c"]];
        assert!(at_once || landed.wait.is_some() || filling.has_timer, "{landed:?}");
    }
}
