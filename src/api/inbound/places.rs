//! How many connections a service may have, and which one is closed when a new one needs its place.
//!
//! A connection that keeps the service waiting is closed first, after a short time for its next step: an attacker who fills all
//! places therefore makes room for the requests of others. Among these, one of the client with the most connections is closed, so
//! that no client can displace others before itself.

use super::phase::{Course, Load};
use crate::adapters::file_limit;
use crate::api::guard::clients::network;
use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::yield_now;
use tokio::time::{Instant, timeout_at};

/// Connections of a service, however many file descriptors there are.
const MAX_CONNECTIONS: usize = 1_536;
/// Time that a client has for its next step before its connection can lose its place.
const LEAST_WAIT: Duration = Duration::from_millis(250);
/// One in this many places of a service is kept free, so that new connections need not wait for others to leave.
const SPARE: usize = 8;
/// Services that a process can have: their share is divided equally among them.
const MOST_SERVICES: usize = 4;
/// All services together may use one in this many of the process's file descriptors; the rest is for the validator itself.
const SHARE_OF_FILES: usize = 2;

/// File descriptors that one service may use for connections, given the limit of the process.
pub(in crate::api) fn share_of_a_service() -> usize {
    share(file_limit::current())
}

fn share(files: usize) -> usize {
    // A connection is accepted before it has a place.
    const LEAST: usize = 2;
    (files / SHARE_OF_FILES / MOST_SERVICES).clamp(LEAST, MAX_CONNECTIONS)
}

/// The places of one service.
pub(in crate::api) struct Places {
    limit: usize,
    /// Up to this number, no connection has to leave.
    comfortable: usize,
    taken: RefCell<BTreeMap<u64, Rc<Course>>>,
    next: Cell<u64>,
    load: Rc<Load>,
}

impl Places {
    /// Places for connections that use at most `files` file descriptors, with the one that waits for a place.
    pub fn new(files: usize) -> Rc<Self> {
        let limit = files.saturating_sub(1).max(1);
        let comfortable = limit - limit / SPARE;
        Rc::new(Self { limit, comfortable, taken: RefCell::default(), next: Cell::new(0), load: Rc::default() })
    }

    /// Gives a connection of this client a place, as soon as there is one.
    pub async fn take(self: &Rc<Self>, client: IpAddr) -> Place {
        loop {
            let next = self.make_room();
            if self.taken.borrow().len() < self.limit {
                break;
            }
            let changed = self.load.changed.notified();
            match next {
                // After that moment or a change, everything is checked again.
                Some(next) => _ = timeout_at(next, changed).await,
                None => changed.await,
            }
        }
        let (number, course) = (self.next.get(), Rc::new(Course::new(network(client), Rc::clone(&self.load))));
        self.next.set(number + 1);
        self.taken.borrow_mut().insert(number, Rc::clone(&course));
        Place { number, places: Rc::clone(self), course }
    }

    /// Whether connections are asked to give way.
    pub(super) fn is_crowded(&self) -> bool {
        self.taken.borrow().len() > self.comfortable
    }

    /// Waits until no connection is left.
    pub async fn emptied(&self) {
        while !self.taken.borrow().is_empty() {
            self.load.changed.notified().await;
        }
    }

    /// Closes enough connections to make room for one more; returns when the next one can be closed, if too few can be closed now.
    fn make_room(&self) -> Option<Instant> {
        let taken = self.taken.borrow();
        let too_many = (taken.len() + 1).saturating_sub(self.comfortable);
        let leaving = taken.values().filter(|course| course.is_leaving()).count();
        for _ in leaving..too_many {
            let course = first_to_go(&taken, |_| true)?;
            let may_go_at = course.waiting_since()? + LEAST_WAIT;
            if may_go_at > Instant::now() {
                return Some(may_go_at);
            }
            course.give_way();
        }
        None
    }

    /// Closes connections until the memory of the others is within its limit, or until one is left.
    pub(super) async fn relieve(&self) {
        while self.load.is_too_much() {
            {
                let taken = self.taken.borrow();
                let holders = taken.values().filter(|course| course.held() > 0).count();
                let is_one_leaving = taken.values().any(|course| course.is_leaving() && course.held() > 0);
                if !is_one_leaving {
                    let first = first_to_go(&taken, |course| course.held() > 0);
                    let Some(course) = first.filter(|_| holders > 1) else { return };
                    course.give_way();
                }
            }
            // It is closed when it has its turn.
            yield_now().await;
        }
    }
}

/// Among connections that keep the service waiting: the one that does so for the longest time, of the client with the most
/// connections.
fn first_to_go(taken: &BTreeMap<u64, Rc<Course>>, may_go: impl Fn(&Course) -> bool) -> Option<&Rc<Course>> {
    let staying = || taken.values().filter(|course| !course.is_leaving());
    let mut counts = BTreeMap::<IpAddr, usize>::new();
    staying().for_each(|course| *counts.entry(course.client).or_default() += 1);
    let waiting =
        staying().filter(|course| may_go(course)).filter_map(|course| Some((course, course.waiting_since()?)));
    // Of two that wait equally long, the last one here is taken, which is the older connection.
    let first = waiting.rev().max_by_key(|(course, since)| (counts.get(&course.client), Reverse(*since)));
    first.map(|(course, _)| course)
}

/// The place of one connection, until it is dropped.
pub(in crate::api) struct Place {
    number: u64,
    pub(super) places: Rc<Places>,
    pub(super) course: Rc<Course>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken.borrow_mut().remove(&self.number);
        self.places.load.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_services_together_leave_half_of_the_file_descriptors_to_the_validator() {
        for (files, expected) in
            [(0, 2), (64, 8), (1_024, 128), (8_192, 1_024), (1_048_576, 1_536), (usize::MAX, 1_536)]
        {
            assert_eq!(share(files), expected, "{files}");
            assert!(files < 64 || share(files) * MOST_SERVICES * SHARE_OF_FILES <= files, "{files}");
        }
    }
}
