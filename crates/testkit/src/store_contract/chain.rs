//! Heads and subnets.

use super::Fresh;
use super::samples::ODD;
use crate::subnets::{committed_text, head, hotkey, hyperparameters, neuron, subnet};
use tensorflix_domain::head::Head;
use tensorflix_domain::subnet::{CommitmentRecord, Hyperparameters, Neuron, Subnet};

pub async fn the_newest_head_stays(fresh: Fresh<'_>) {
    let store = fresh().await;
    assert_eq!(store.latest_head().await, Ok(None));
    for (saved, newest) in [(20, 20), (10, 20), (u32::MAX, u32::MAX), (30, u32::MAX)] {
        store.save_head(&head(saved)).await.expect("saved");
        assert_eq!(store.latest_head().await, Ok(Some(head(newest))), "{saved}");
    }
    let store = fresh().await;
    store.note_head(&head(20)).await.expect("noted");
    assert_eq!(store.latest_head().await, Ok(Some(head(20))));
    store.save_head(&head(10)).await.expect("saved");
    store.note_head(&head(15)).await.expect("noted");
    assert_eq!(store.latest_head().await, Ok(Some(head(20))));
    let other = Head { hash: [7; 32], ..head(20) };
    store.save_head(&other).await.expect("saved");
    assert_eq!(store.latest_head().await, Ok(Some(other)), "of one block the later record stays");
}

pub async fn the_newest_subnet_stays_whole(fresh: Fresh<'_>) {
    let store = fresh().await;
    assert_eq!(store.latest_subnet().await, Ok(None));
    let extreme = Neuron {
        coldkey: Some(hotkey(200)),
        stake_rao: u64::MAX,
        last_update: u32::MAX,
        consensus: u16::MAX,
        ..committed_text(neuron(u16::MAX, 1), ODD, u32::MAX)
    };
    let no_text = Neuron { commitment: Some(CommitmentRecord { text: None, block: 7 }), ..neuron(3, 3) };
    let rules = Hyperparameters { weights_version_key: u64::MAX, stake_threshold_rao: u64::MAX, ..hyperparameters() };
    let whole = subnet(20, [neuron(0, 0), no_text, extreme]);
    let whole = Subnet { block_hash: Some([9; 32]), hyperparameters: rules, owner_hotkey: None, ..whole };
    store.save_subnet(&whole).await.expect("saved");
    assert_eq!(store.latest_subnet().await, Ok(Some(whole.clone())));
    store.save_subnet(&subnet(10, [])).await.expect("saved");
    assert_eq!(store.latest_subnet().await, Ok(Some(whole)), "an older one changes nothing");
    for newer in [subnet(20, []), subnet(21, [neuron(1, 1)])] {
        store.save_subnet(&newer).await.expect("saved");
        assert_eq!(store.latest_subnet().await, Ok(Some(newer)));
    }
}

pub async fn a_reading_is_a_subnet_and_a_head(fresh: Fresh<'_>) {
    let store = fresh().await;
    store.save_reading(&subnet(20, []), &head(21)).await.expect("saved");
    store.save_reading(&subnet(10, []), &head(11)).await.expect("saved");
    assert_eq!(store.latest_subnet().await, Ok(Some(subnet(20, []))));
    assert_eq!(store.latest_head().await, Ok(Some(head(21))));
}
