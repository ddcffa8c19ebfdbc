//! Who lists more than may count.

use super::subnet::{FIRST, Subnet, by, cast, check_others_unharmed, list, run, submissions, weight};
use tensorflix_domain::verdict::Reason;
use tensorflix_sandbox::world::{Conduct, FLOOD_SIZE};

/// A miner lists many good videos for one task, to sum up their scores.
#[test]
fn a_flood_of_one_task_earns_what_its_first_few_earn() {
    run(async {
        let world = || cast(&[Conduct::FloodsTask, Conduct::Honest, Conduct::Honest, Conduct::Honest]);
        let mut subnet = Subnet::start(world(), |_, _| ()).await;
        let flooded = subnet.cycle().await;
        let most = subnet.config.rules.max_per_miner_and_task as usize;
        let flood = by(&flooded, FIRST);
        assert_eq!(flood.len(), FLOOD_SIZE as usize);
        for (place, judged) in flood.iter().enumerate() {
            let is_over = judged.reason == Some(Reason::TooManySubmissions);
            assert_eq!(is_over, place >= most, "the first ones stand: {judged:?}");
        }

        let few = submissions(flood[..most].iter().copied());
        let mut twin = Subnet::start(world(), |sandbox, _| drop(list(sandbox, FIRST, &few))).await;
        let honest = twin.cycle().await;
        assert_eq!(weight(&flooded, FIRST).to_bits(), weight(&honest, FIRST).to_bits());
        assert_eq!(flooded.scores, honest.scores);
        check_others_unharmed(&flooded, &honest, &[FIRST]);
        let asked = |subnet: &Subnet| subnet.sandbox.counters().platforms;
        let units = |subnet: &Subnet| (asked(subnet).youtube.units_of("general"), asked(subnet).apify.requests);
        assert_eq!(units(&subnet), units(&twin), "and it costs no quota");
    });
}
