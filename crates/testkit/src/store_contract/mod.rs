//! What every implementation of the port [`Store`] promises, one function a promise.
//!
//! The store in memory and the real one have to pass this same suite, so that a test with the former is valid for the
//! latter. Only the port is used. What outlives a process, and what is pruned, each implementation tests itself.

mod chain;
mod claims;
mod contents;
mod cycles;
mod dates;
mod disputes;
mod gists;
mod holdings;
mod intents;
mod ledger;
mod owners;
mod samples;
mod verdicts;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tensorflix_actors::ports::Store;

/// Makes an empty store each time.
type Fresh<'a> = &'a (dyn Fn() -> LocalBoxFuture<'static, Arc<dyn Store>> + 'a);

/// A promise, by its name.
type Promise = (&'static str, for<'a> fn(Fresh<'a>) -> LocalBoxFuture<'a, ()>);

macro_rules! promises {
    ($($topic:ident: $($promise:ident),+;)+) => {
        &[$($((concat!(stringify!($topic), "::", stringify!($promise)),
               |fresh| Box::pin($topic::$promise(fresh)))),+),+]
    };
}

const PROMISES: &[Promise] = promises! {
    chain: the_newest_head_stays, the_newest_subnet_stays_whole, a_reading_is_a_subnet_and_a_head;
    gists: the_newest_finished_round_stays, an_answer_renews_a_gist, a_failure_leaves_the_last_good_content,
        an_answer_that_comes_too_late_changes_nothing, a_gist_that_was_not_asked_for_keeps_its_place,
        documents_are_stored_as_they_are, states_are_in_the_order_of_their_pointers,
        the_last_good_pointer_of_a_hotkey_is_kept;
    owners: the_account_that_was_seen_first_stays, an_older_check_changes_nothing,
        owners_are_in_the_order_of_their_gists, the_same_beginning_has_its_later_end,
        the_newest_ranges_and_the_one_before_the_first_round_are_given;
    holdings: a_hotkey_holds_a_content_from_its_first_sight, only_what_was_read_in_its_round_is_held,
        holdings_without_claims_come_oldest_round_first,
        holdings_under_another_rule_come_oldest_round_first_while_their_gist_holds_them;
    contents: an_observation_is_added_once, the_newest_of_everything_counts_in_any_order,
        of_one_block_what_was_recorded_later_counts_and_first_views_stay,
        an_absence_leaves_what_was_known, numbers_alone_leave_the_details, counts_and_texts_keep_every_bit,
        contents_are_in_the_order_asked_for, details_are_fresh_only_of_what_is_there_and_no_broadcast,
        a_track_has_the_newest_views_and_those_of_an_earlier_block, a_series_has_the_newest_observations;
    ledger: a_budget_is_never_exceeded, what_is_credited_can_be_spent_again, a_used_up_bucket_pays_for_nothing,
        buckets_are_found_by_their_beginning_and_date, no_number_of_units_is_too_large;
    verdicts: of_a_provider_and_a_question_the_newest_stays, what_was_never_observed_has_no_verdict_and_lacks_none,
        what_is_missing_is_replaced_as_a_whole;
    claims: a_claim_keeps_the_earliest_of_each_time_in_any_order, claims_are_found_by_task_and_content,
        a_full_hotkey_makes_room_by_its_oldest_claims, what_has_no_room_is_claimed_otherwise_once_an_hour;
    disputes: who_ties_within_a_round_is_in_dispute, an_earlier_claim_or_pin_ends_a_dispute,
        unnamed_gists_come_first_and_the_others_by_their_text, the_gist_that_was_seen_last_is_told;
    dates: a_date_that_is_known_stays, a_later_look_replaces_an_earlier_one, dates_are_in_order_with_unnamed_gists_first,
        the_first_date_since_a_round_is_found_by_any_spelling, gists_that_were_dated_are_named,
        rivals_of_the_undated_are_those_within_a_round, the_time_of_a_block_stays;
    cycles: cycles_are_counted_from_one, a_cycle_has_the_subnet_it_was_opened_with,
        a_decision_is_kept_bit_for_bit_and_never_replaced, a_decision_without_a_cycle_or_with_no_number_is_refused,
        scores_of_the_newest_cycle_with_any_are_in_force, crashes_are_counted_by_item,
        what_cycles_paid_and_what_is_owed_after_the_newest_is_known;
    intents: a_window_of_a_hotkey_has_one_submission, another_hotkey_has_windows_of_its_own,
        an_outcome_that_is_stored_stays, the_newest_intent_is_that_of_the_newest_window,
        a_commit_is_watched_until_its_reveal_is_known;
};

/// Checks every promise, each with empty stores from `make`.
///
/// # Panics
/// If a promise is broken; all that are broken are named.
pub async fn holds<F, M>(make: M)
where
    F: Future<Output = Arc<dyn Store>> + 'static,
    M: Fn() -> F,
{
    let fresh = || make().boxed_local();
    let mut broken = Vec::new();
    for (name, promise) in PROMISES {
        if AssertUnwindSafe(promise(&fresh)).catch_unwind().await.is_err() {
            broken.push(*name);
        }
    }
    assert!(broken.is_empty(), "{} of {} promises are broken: {broken:#?}", broken.len(), PROMISES.len());
}
