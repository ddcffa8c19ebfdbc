//! The results of rounds, as `/health` reports them.

use super::{Fetch, Setup, miners};
use tensorflix_actors::gist_fetcher::round_tally::{GISTS, TASK_GIST};
use tensorflix_actors::stats::outcomes::Outcome;
use tensorflix_testkit::gists::pointer;
use tensorflix_testkit::scripted_services::http::Reply;
use tensorflix_testkit::time::simulate;

fn of(fetch: &Fetch, subject: &str) -> Outcome {
    fetch.stats.outcomes().read().remove(subject).unwrap_or_default()
}

#[test]
fn rounds_in_which_every_gist_failed_are_counted_until_one_is_read() {
    simulate(async {
        let mut fetch = Fetch::start(Setup::default());
        let (first, second) = (pointer("first", 1), pointer("second", 2));
        let missing = || Reply::new(404, "");
        fetch.serve(&first, [missing(), missing(), Reply::new(200, "one")]);
        fetch.serve(&second, [missing()]);
        for (block, rounds) in [(100, 1), (125, 2)] {
            fetch.round(block, miners(&[&first, &second])).await;
            let outcome = of(&fetch, GISTS);
            assert_eq!((outcome.failures_in_a_row, outcome.parts, outcome.failed_parts), (rounds, 2, 2));
            assert!(outcome.error.is_some_and(|error| !error.is_empty()));
        }
        // What is not there is asked for ever more rarely.
        fetch.round(500, miners(&[&first, &second])).await;
        let outcome = of(&fetch, GISTS);
        assert_eq!((outcome.failures_in_a_row, outcome.parts, outcome.failed_parts), (0, 2, 1), "partly is not failed");
        assert_eq!((outcome.succeeded, outcome.failed), (1, 2));
    });
}

#[test]
fn a_round_without_requests_counts_as_none_and_the_task_gist_is_counted_by_itself() {
    simulate(async {
        let task_gist = pointer("owner", 9);
        let mut fetch = Fetch::start(Setup { task_gist: Some(task_gist.clone()), ..Setup::default() });
        let gist = pointer("alice", 1);
        fetch.serve(&task_gist, [Reply::new(404, ""), Reply::new(200, "tasks")]);
        fetch.serve(&gist, [Reply::new(200, "one")]);
        fetch.round(100, miners(&[&gist])).await;
        assert_eq!((of(&fetch, GISTS).failures_in_a_row, of(&fetch, TASK_GIST).failures_in_a_row), (0, 1));
        fetch.round(125, miners(&[&gist])).await;
        assert_eq!(of(&fetch, TASK_GIST).failures_in_a_row, 0);

        let mut idle = Fetch::start(Setup::default());
        idle.round(100, miners(&[])).await;
        assert_eq!(of(&idle, GISTS), Outcome::default());
    });
}
