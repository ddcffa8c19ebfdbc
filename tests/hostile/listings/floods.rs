//! Who lists more than may count.

use crate::subnet::{
    FIRST, Subnet, a_cycle_each_round, by, cast, check_others_unharmed, honest, list, run, submissions, weight,
};
use tensorflix::config::Config;
use tensorflix_domain::verdict::Reason;
use tensorflix_sandbox::Sandbox;
use tensorflix_sandbox::platforms::counters::PlatformsSnapshot;
use tensorflix_sandbox::world::{Conduct, Content, FLOOD_SIZE, Platform};

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
        assert_eq!(units(&subnet), units(&twin), "and it spends no quota");
    });
}

/// Contents that a flood lists behind its miner's own.
const FLOODED: usize = 600;

/// Places of a miner in a task.
const PLACES: usize = 5;

/// Lists a miner's own pairs for our tasks, and behind them well-formed ones that are there and nobody's, in a task of a
/// platform: as many as fill its places, and with `is_flood` hundreds more.
fn list_more(sandbox: &Sandbox, platform: Platform, is_flood: bool) {
    let world = sandbox.world();
    let (own, task, content) = {
        let read = world.read();
        let task = read.tasks().iter().find(|task| task.platform == platform).expect("a task on each platform").clone();
        let mut own = read.listed_first(&read.members()[usize::from(FIRST)]);
        own.retain(|(task_id, _)| read.tasks().iter().any(|task| task.id == *task_id));
        let of_task = own.iter().find(|(task_id, _)| *task_id == task.id).expect("it lists for all tasks");
        let content = read.content(platform, &of_task.1).expect("its own");
        (own, task, content)
    };
    let places = PLACES - own.iter().filter(|(task_id, _)| *task_id == task.id).count();
    let mut pairs = own;
    for number in 0..if is_flood { FLOODED } else { places } {
        let id = format!("0flood{number:05}");
        world.add_content(Content { id: id.clone(), ..content.clone() });
        pairs.push((task.id.clone(), id));
    }
    list(sandbox, FIRST, &serde_json::json!({ "submissions": pairs }).to_string());
}

/// Runs both worlds for some cycles, under a budget that would not last for the flood: everything is the same but what is said
/// of the flood itself.
async fn check_flood(platform: Platform, prepare: fn(&mut Config), spent: fn(&PlatformsSnapshot) -> u64) {
    let start = |is_flood: bool| {
        Subnet::start(honest(5), move |sandbox, config| {
            a_cycle_each_round(config);
            prepare(config);
            list_more(sandbox, platform, is_flood);
        })
    };
    let (mut subnet, mut twin) = (start(true).await, start(false).await);
    let mut cycles = vec![(subnet.cycle().await, twin.cycle().await)];
    for _ in 0..2 {
        cycles.push((subnet.next_cycle().await, twin.next_cycle().await));
    }
    for (flooded, honest) in &cycles {
        let of_flood = by(flooded, FIRST).into_iter().filter(|judged| judged.content_id.starts_with("0flood"));
        let surplus = of_flood.filter(|judged| judged.reason == Some(Reason::TooManySubmissions)).count();
        assert!(surplus >= FLOODED - PLACES, "{surplus}");
        check_others_unharmed(flooded, honest, &[FIRST]);
        assert_eq!(flooded.scores, honest.scores);
        assert_eq!(flooded.evidence.contents, honest.evidence.contents);
        assert!(honest.submissions.iter().all(|judged| judged.reason != Some(Reason::QuotaExhausted)));
    }
    let spent = |subnet: &Subnet| spent(&subnet.sandbox.counters().platforms);
    assert_eq!(spent(&subnet), spent(&twin), "and it costs nothing");
}

/// A day's money for reels would not pay for the flood.
#[test]
fn a_flood_of_reels_costs_nothing_and_takes_no_others_reel_off_the_days_budget() {
    run(async {
        let prepare = |config: &mut Config| {
            config.platforms.set("instagram", "batch_size", 20);
            config.platforms.set("instagram", "max_charge_usd", 0.2);
            config.platforms.set("instagram", "daily_charge_usd", 1.0);
        };
        check_flood(Platform::Instagram, prepare, |platforms| platforms.apify.requests).await;
    });
}

/// A day's units of YouTube would not pay for the flood.
#[test]
fn a_flood_of_videos_costs_no_unit_and_takes_no_others_video_off_the_days_quota() {
    run(async {
        let prepare = |config: &mut Config| config.platforms.set("youtube", "daily_quota", 9);
        check_flood(Platform::YouTube, prepare, |platforms| platforms.youtube.units_of("general")).await;
    });
}
