//! The requests reserved for new disputes: who may use them, and who is dated first.

use super::{Dater, commits, dated};
use crate::{CATS, OPENING, Stage, miner};
use tensorflix_actors::ports::Store;
use tensorflix_testkit::gists::{pointer, submissions, video};
use tensorflix_testkit::time::simulate;

#[test]
fn a_gist_that_was_dated_since_a_claim_was_made_is_not_asked_for_again() {
    simulate(async {
        let dater = Dater::answering([1, 2, 9].map(|number| (number, dated(OPENING + 20 + number))), 99);
        let stage = Stage::contested(&dater);
        let (one, both) = ([(CATS, &video(1))], [(CATS, &video(1)), (CATS, &video(2))]);
        stage.whole_round(OPENING - 100, &[miner(9, &one)]).await;
        stage.whole_round(OPENING - 75, &[miner(9, &both), miner(1, &one)]).await;
        let all = [miner(9, &both), miner(1, &one), miner(2, &[(CATS, &video(2))])];
        stage.whole_round(OPENING - 50, &all).await;
        let mut asked = dater.asked();
        asked.iter_mut().for_each(|(_, gists)| gists.sort_unstable());
        assert_eq!(asked, [(OPENING - 75, vec![1, 9]), (OPENING - 50, vec![2])]);
        assert!(stage.world.store.gists_to_date().await.expect("read").is_empty(), "both disputes are dated");
    });
}

#[test]
fn who_is_copied_again_and_again_may_use_the_same_requests_as_a_new_copier() {
    simulate(async {
        let dater = Dater::answering([1, 2, 9].map(|number| (number, dated(OPENING))), 99);
        let stage = Stage::contested(&dater);
        let (one, both) = ([(CATS, &video(1))], [(CATS, &video(1)), (CATS, &video(2))]);
        let with_reserve = || dater.0.lock().expect("one thread").with_reserve.clone();
        stage.whole_round(OPENING - 100, &[miner(9, &one), miner(1, &one)]).await;
        assert_eq!(with_reserve(), [1, 9].into());
        // Those who were dated within the hour leave it to others, as long as no other is their rival.
        stage.whole_round(OPENING - 50, &[miner(9, &both), miner(1, &both)]).await;
        assert_eq!(with_reserve(), [].into());
        let more = [(CATS, &video(1)), (CATS, &video(2)), (CATS, &video(3))];
        stage.whole_round(OPENING, &[miner(9, &more), miner(2, &[(CATS, &video(3))])]).await;
        assert_eq!(with_reserve(), [2, 9].into());
    });
}

#[test]
fn a_new_dispute_opens_the_reserve_to_its_own_rivals_alone() {
    simulate(async {
        let dater = Dater::answering([1, 5, 6, 9].map(|number| (number, dated(OPENING))), 99);
        let stage = Stage::contested(&dater);
        let (one, both) = ([(CATS, &video(1))], [(CATS, &video(1)), (CATS, &video(2))]);
        stage.whole_round(OPENING - 100, &[miner(9, &one), miner(1, &one)]).await;
        let other = [(CATS, &video(3))];
        let all = [miner(9, &both), miner(1, &both), miner(5, &other), miner(6, &other)];
        stage.whole_round(OPENING - 50, &all).await;
        let with_reserve = dater.0.lock().expect("one thread").with_reserve.clone();
        assert_eq!(with_reserve, [5, 6].into(), "of the same round, about another video");
    });
}

#[test]
fn gists_not_dated_lately_go_before_rivals_that_were_however_long_those_waited() {
    simulate(async {
        let dater = Dater::answering([1, 5, 6, 9].map(|number| (number, dated(OPENING))), 2);
        let stage = Stage::contested(&dater);
        let budget = |gists: usize| dater.0.lock().expect("one thread").budget = gists;
        let (one, both) = ([(CATS, &video(1))], [(CATS, &video(1)), (CATS, &video(2))]);
        stage.whole_round(OPENING - 100, &[miner(9, &one), miner(1, &one)]).await;
        budget(0);
        stage.whole_round(OPENING - 75, &[miner(9, &both), miner(1, &both)]).await;
        budget(2);
        let copies = [(CATS, &video(2))];
        let all = [miner(9, &both), miner(1, &both), miner(5, &copies), miner(6, &copies)];
        stage.whole_round(OPENING - 50, &all).await;
        let mut asked = dater.asked();
        asked.retain(|(_, gists)| !gists.is_empty());
        asked.iter_mut().for_each(|(_, gists)| gists.sort_unstable());
        assert_eq!(asked, [(OPENING - 100, vec![1, 9]), (OPENING - 50, vec![5, 6])]);
        assert_eq!(dater.0.lock().expect("one thread").with_reserve, [1, 5, 6, 9].into(), "all of them may use it");
    });
}

#[test]
fn a_gist_that_was_dated_lately_is_no_new_one_by_another_spelling_of_its_user() {
    simulate(async {
        let dater = Dater::answering([1, 9].map(|number| (number, dated(OPENING))), 99);
        let stage = Stage::contested(&dater);
        let (one, both) = ([(CATS, &video(1))], [(CATS, &video(1)), (CATS, &video(2))]);
        stage.whole_round(OPENING - 100, &[miner(9, &one), miner(1, &one)]).await;
        let spelt = |uid: u8| commits(uid, &pointer(&format!("MINER{uid}"), uid.into()), 50, submissions(&both));
        stage.whole_round(OPENING - 50, &[spelt(9), spelt(1)]).await;
        assert_eq!(dater.0.lock().expect("one thread").with_reserve, [].into());
    });
}
