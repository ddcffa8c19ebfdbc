//! The queue in which gists in dispute wait to be dated.

use crate::gist_fetcher::messages::WaitingGist;
use crate::ports::{Store, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use tensorflix_domain::chain_time::BLOCKS_PER_HOUR;
use tensorflix_domain::dating::GistDate;
use tensorflix_domain::evidence::digest;
use tensorflix_domain::gist_owner::GistName;
use tensorflix_domain::ids::Block;

/// The gists in line in a round.
#[derive(Default)]
pub(crate) struct Line {
    /// In the order in which they are requested.
    pub gists: Vec<WaitingGist>,
    /// How many of them, the first ones, were not dated within the hour before.
    pub undated: usize,
}

/// The gists in the queue in a round: first those that were not dated within the hour before, then their rivals, then
/// the rest; within each group the longest waiting first, and those that have waited equally long in an order that
/// changes with each round. Gists are identified by their id, since a user name may be written in several ways.
pub(crate) async fn line(
    store: &dyn Store,
    waiting: &[GistDate],
    round: Block,
    round_blocks: u32,
) -> Result<Line, StoreError> {
    let mut since: BTreeMap<&GistName, Block> = BTreeMap::new();
    let mut asked: BTreeSet<&GistName> = BTreeSet::new();
    for date in waiting {
        let Some(gist) = &date.gist else { continue };
        if date.asked_round.is_some_and(|asked| asked >= round) {
            asked.insert(gist);
        }
        let waits_since = date.asked_round.map_or(date.waiting_since, |asked| asked.saturating_add(1));
        let since = since.entry(gist).or_insert(waits_since);
        *since = waits_since.min(*since);
    }
    since.retain(|gist, _| !asked.contains(gist));
    if since.is_empty() {
        return Ok(Line::default());
    }
    let lately = round.saturating_sub(BLOCKS_PER_HOUR);
    let dated = store.gists_dated_since(lately).await?;
    let is_dated = |gist: &GistName| dated.contains(&gist.gist_id);
    let rivals = match since.keys().any(|gist| is_dated(gist)) {
        true => store.rivals_of_undated(lately, round_blocks).await?,
        false => BTreeSet::new(),
    };
    let place = |gist: &GistName| match (is_dated(gist), rivals.contains(gist)) {
        (false, _) => Place::Undated,
        (true, true) => Place::RivalOfUndated,
        (true, false) => Place::DatedLately,
    };
    let mut line: Vec<(Place, Block, u64, &GistName)> =
        since.into_iter().map(|(gist, since)| (place(gist), since, digest(&format!("{round} {gist}")), gist)).collect();
    line.sort_unstable();
    let undated = line.iter().filter(|(place, ..)| *place == Place::Undated).count();
    let waiting = |(place, _, _, gist): (Place, Block, u64, &GistName)| WaitingGist {
        gist: gist.clone(),
        may_use_reserve: place != Place::DatedLately,
    };
    Ok(Line { gists: line.into_iter().map(waiting).collect(), undated })
}

/// The place of a gist in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Undated,
    RivalOfUndated,
    DatedLately,
}
