//! What is known about a submission that is not in a cycle.

use super::answer::Question;
use crate::commands::stored::recorded::RecordedCycle;
use tensorflix_domain::claim::Claim;
use tensorflix_domain::ids::Uid;
use tensorflix_store::{Store, StoreError};

/// Most claims that are listed.
const MOST_CLAIMS: usize = 5;

/// What is known, and what to do: sentences, ids not escaped yet.
pub(crate) async fn words(
    store: &Store,
    recorded: &RecordedCycle,
    question: &Question,
) -> Result<Vec<String>, StoreError> {
    let (cycle, at) = (recorded.decided.cycle, recorded.decided.evidence.at);
    let Some(content_id) = &question.content_id else {
        return Ok(question.uid.map(|uid| no_neuron(recorded, uid)).unwrap_or_default());
    };
    let miner = question.uid.map(|uid| format!(" by UID {uid}")).unwrap_or_default();
    let mut words =
        vec![format!("Cycle {cycle} (block {}, {}) has no submission of {content_id}{miner}.", at.block, at.time)];
    let claims = store.claims_on(content_id).await?;
    for claim in claims.iter().take(MOST_CLAIMS) {
        words.push(claim_words(recorded, claim));
    }
    words.push(advice(content_id, !claims.is_empty()));
    Ok(words)
}

fn no_neuron(recorded: &RecordedCycle, uid: Uid) -> Vec<String> {
    let (cycle, block) = (recorded.decided.cycle, recorded.subnet.at.block);
    vec![
        format!("UID {uid} is not registered at block {block}, at which cycle {cycle} was decided."),
        format!(
            "The subnet has {} neurons there: `btcli subnets metagraph` shows who holds which UID.",
            recorded.subnet.neurons.len()
        ),
    ]
}

fn claim_words(recorded: &RecordedCycle, claim: &Claim) -> String {
    let Claim { hotkey, task_id, round, .. } = claim;
    let seen = format!("{hotkey} was first seen listing it for task {task_id} in the polling round of block {round}");
    if *round > recorded.decided.evidence.at.block {
        format!("{seen}: after this cycle's block, so a later cycle judges it.")
    } else if recorded.subnet.neuron(hotkey).is_none() {
        format!("{seen}, but it is not registered at this cycle's block.")
    } else {
        format!("{seen}, but when this cycle was decided its gist no longer listed it or could not be read.")
    }
}

fn advice(content_id: &str, is_claimed: bool) -> String {
    if content_id.contains(['/', '?', '=', ':']) {
        return "Pass the id, not the URL, exactly as the gist lists it.".to_owned();
    }
    if is_claimed {
        return "List it in the gist that the hotkey commits, or wait for the next cycle. Use --cycle N for another \
                cycle."
            .to_owned();
    }
    "No gist that this validator has read lists it. Check the id letter by letter (upper and lower case differ), that the \
     gist is public and committed by a registered hotkey, and that it lists the pair; then wait for the next cycle. Use \
     --cycle N for another cycle."
        .to_owned()
}
