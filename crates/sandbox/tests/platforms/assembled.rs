//! The whole sandbox: node, world and platforms agree.

use tensorflix_sandbox::clock::START_BLOCK;
use tensorflix_sandbox::world::Conduct;
use tensorflix_sandbox::{NETUID, Sandbox, SandboxConfig};

use crate::harness::in_time;

#[tokio::test]
async fn the_chain_holds_every_member_with_its_commitment_and_one_clock_rules_all() {
    let sandbox = in_time(Sandbox::start(SandboxConfig::default())).await.unwrap();
    let members = sandbox.world().read().members().to_vec();
    for member in &members {
        assert_eq!(sandbox.node().uid_of(&member.hotkey.public()), Some(member.uid));
        let stored = sandbox.node().commitment(&member.hotkey.public()).map(|stored| stored.text);
        let made = member.commitment.as_ref().map(|commitment| commitment.text.clone().into_bytes());
        assert_eq!(stored, made, "uid {}", member.uid);
    }
    assert!(sandbox.node().weights(NETUID, sandbox.validator().uid).is_empty());
    sandbox.advance_to(START_BLOCK + 10);
    assert_eq!((sandbox.block(), sandbox.node().head().number), (START_BLOCK + 10, START_BLOCK + 10));
    in_time(sandbox.stop()).await;
}

#[tokio::test]
async fn the_other_validators_agree_on_the_honest_miners_from_the_first_block_on() {
    let sandbox = in_time(Sandbox::start(SandboxConfig::default())).await.unwrap();
    let again = in_time(Sandbox::start(SandboxConfig::default())).await.unwrap();
    let (world, consensus) = (sandbox.world().read().clone(), sandbox.node().consensus());
    let others = world.weights_of_others();
    assert_eq!(others.len(), 2);
    assert_ne!(others[0].1, others[1].1, "each errs in its own way");
    for (other, weights) in &others {
        assert_eq!(&sandbox.node().weights(NETUID, other.uid), weights);
        assert_eq!(&again.node().weights(NETUID, other.uid), weights, "the same for the same seed");
        assert_eq!(weights.iter().map(|(_, weight)| *weight).max(), Some(u16::MAX));
    }
    for member in world.members() {
        let agreed = consensus[usize::from(member.uid)] > 0;
        assert_eq!(agreed, member.conducts().contains(&Conduct::Honest), "uid {}", member.uid);
    }
    in_time(sandbox.stop()).await;
    in_time(again.stop()).await;
}

#[tokio::test]
async fn the_validators_keyfile_holds_the_key_that_the_chain_knows() {
    let sandbox = in_time(Sandbox::start(SandboxConfig::default())).await.unwrap();
    let validator = sandbox.validator();
    let keyfile: serde_json::Value = serde_json::from_str(&validator.hotkey_keyfile).unwrap();
    let bytes = |field: &str| hex::decode(keyfile[field].as_str().unwrap().trim_start_matches("0x")).unwrap();
    let secret = schnorrkel::SecretKey::from_bytes(&bytes("privateKey")).unwrap();
    let public = secret.to_public().to_bytes();
    assert_eq!(bytes("publicKey"), public);
    assert_eq!(sandbox.node().uid_of(&public), Some(validator.uid));
    assert_eq!((&keyfile["ss58Address"], &keyfile["cryptoType"]), (&validator.hotkey.as_str().into(), &1.into()));
    for public_file in [&validator.hotkey_public_keyfile, &validator.coldkey_public_keyfile] {
        assert!(!public_file.contains("privateKey"));
    }
    in_time(sandbox.stop()).await;
}

#[tokio::test]
async fn a_sandbox_starts_inside_an_actix_system_too() {
    let started = std::thread::spawn(|| {
        actix_rt::System::new().block_on(async {
            let sandbox = in_time(Sandbox::start(SandboxConfig::default())).await.unwrap();
            let honest = sandbox.world().read().miners_who(Conduct::Honest).count();
            in_time(sandbox.stop()).await;
            honest
        })
    });
    assert_eq!(started.join().unwrap(), 6);
}
