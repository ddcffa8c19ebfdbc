//! Caps on what counts in one task for one owner: a coldkey, a GitHub account or a channel.

use crate::claim::Claim;
use crate::defences::Defences;
use crate::evidence::{ContentEvidence, Evidence, Miner};
use crate::ids::Hotkey;
use crate::judge::Judged;
use crate::verdict::{Reason, Status};
use std::collections::{BTreeMap, HashMap};

/// The owner of an item, as a cap counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Owner {
    Coldkey(Hotkey),
    GithubAccount(u64),
    Channel(u64),
}

/// Rejects accepted submissions beyond the caps, with [`Reason::OwnerLimit`]. Only accepted submissions are counted, so
/// a miner cannot use up another's places with copies of the other's items. However videos are split over hotkeys, no
/// more of them count than with one hotkey.
pub(crate) fn cap(submissions: &mut [Judged], evidence: &Evidence, defences: &Defences) {
    if defences.max_per_coldkey_and_task > 0 {
        let coldkeys = coldkeys(evidence);
        let owner = |judged: &Judged| coldkeys.get(&judged.hotkey).copied().map(Owner::Coldkey);
        cap_by(submissions, defences.max_per_coldkey_and_task, owner, |_| 0);
    }
    if defences.max_per_github_owner_and_task > 0 {
        let accounts = github_accounts(evidence);
        let owner = |judged: &Judged| accounts.get(&judged.hotkey).copied().map(Owner::GithubAccount);
        cap_by(submissions, defences.max_per_github_owner_and_task, owner, |_| 0);
    }
    if defences.max_per_channel_and_task > 0 {
        let claims: HashMap<(&Hotkey, &str, &str), &Claim> = evidence
            .claims
            .iter()
            .map(|bound| {
                let Claim { hotkey, task_id, content_id, .. } = &bound.claim;
                ((hotkey, task_id.as_str(), content_id.as_str()), &bound.claim)
            })
            .collect();
        let owner = |judged: &Judged| channel_of(evidence, judged).map(Owner::Channel);
        let rank = |judged: &Judged| {
            let claim = claims.get(&(&judged.hotkey, judged.task_id.as_str(), judged.content_id.as_str()));
            let since = claim.map_or(u32::MAX, |claim| claim.pinned_at.unwrap_or(claim.round).min(claim.round));
            let is_tagged = known_of(evidence, judged).is_some_and(|known| known.owner_tag == Some(judged.hotkey));
            (!is_tagged, since)
        };
        cap_by(submissions, defences.max_per_channel_and_task, owner, rank);
    }
}

/// Keeps the `most` best-ranked accepted submissions of each owner in each task; of equal rank, the earlier ones.
fn cap_by<R: Ord>(
    submissions: &mut [Judged],
    most: u32,
    owner: impl Fn(&Judged) -> Option<Owner>,
    rank: impl Fn(&Judged) -> R,
) {
    let mut owned: BTreeMap<(String, Owner), Vec<(R, usize)>> = BTreeMap::new();
    for (place, judged) in submissions.iter().enumerate().filter(|(_, judged)| judged.status == Status::Accepted) {
        if let Some(owner) = owner(judged) {
            owned.entry((judged.task_id.clone(), owner)).or_default().push((rank(judged), place));
        }
    }
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    for mut places in owned.into_values() {
        places.sort();
        for (_, place) in places.into_iter().skip(most) {
            let judged = &mut submissions[place];
            judged.status = Status::Rejected;
            judged.reason = Some(Reason::OwnerLimit);
            judged.score = None;
            judged.arithmetic = None;
            judged.counted_share = None;
        }
    }
}

/// The coldkeys of the hotkeys for which the chain reports one.
pub(super) fn coldkeys(evidence: &Evidence) -> HashMap<Hotkey, Hotkey> {
    let of = |miner: &Miner| Some((miner.hotkey, miner.person.as_ref()?.coldkey?));
    evidence.miners.iter().filter_map(of).collect()
}

/// The GitHub accounts of the hotkeys with a gist that has a confirmed owner: a hotkey that merely names another's
/// login does not count as that owner's.
fn github_accounts(evidence: &Evidence) -> HashMap<Hotkey, u64> {
    let confirmed = evidence.miners.iter().filter(|miner| miner.owner_confirmed);
    confirmed.filter_map(|miner| Some((miner.hotkey, miner.person.as_ref()?.github_id?))).collect()
}

fn known_of<'a>(evidence: &'a Evidence, judged: &Judged) -> Option<&'a ContentEvidence> {
    evidence.contents.get(&judged.content()?)
}

fn channel_of(evidence: &Evidence, judged: &Judged) -> Option<u64> {
    known_of(evidence, judged)?.origin.as_ref()?.channel
}
