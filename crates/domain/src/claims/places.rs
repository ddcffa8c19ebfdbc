//! Places: which pairs of a gist are considered, and in what order.
//!
//! The first few well-formed pairs of each task hold a place; the policy sets how many. A pair of an unknown task is
//! well-formed if any platform accepts its id, and takes a place like any other, so that a task which becomes known
//! later finds its claims made. Which hotkey holds an item has no effect here: duplicates take places too.
//!
//! - Only a pair with a place is claimed, and only the claims of such pairs bind.
//! - Only a placed and claimed pair of a known task is observed, examined or compared with others.
//! - A budget that is not enough for all is spent on one item of each hotkey in turn ([`contents_in_turn`]).
//!
//! Which hotkey holds an item (`claim.rs`) and how a pair is judged (`judge.rs`) is not decided here.

use crate::evidence::{Evidence, Miner, WeightedTask, digest};
use crate::ids::{ContentId, Hotkey, Uid};
use crate::platform::Platform;
use crate::policy::Policy;
use crate::submission::Pair;
use blake2::{Blake2b512, Digest};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

/// What decides which pairs hold a place: the known tasks with their platforms, and the number of places in each task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceRule {
    platforms: BTreeMap<String, Platform>,
    per_task: u32,
}

/// Identifies a [`PlaceRule`]: the store records the rule under which the claims of a gist were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlaceRuleDigest(pub [u8; 32]);

/// The place of a pair among the pairs of its gist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PairPlace {
    /// Its id does not follow the grammar of its task's platform, or of any platform if the task is unknown: it takes
    /// no place.
    Malformed,
    /// All places of its task are taken by earlier pairs.
    Surplus,
    /// It holds a place in a task that is not known.
    PlacedUnknown,
    /// It holds a place in a known task.
    Placed(ContentId),
}

impl PairPlace {
    /// Whether the pair holds a place, and so is claimed.
    pub const fn is_placed(&self) -> bool {
        matches!(self, Self::PlacedUnknown | Self::Placed(_))
    }
}

impl PlaceRule {
    /// The rule for these tasks, with `per_task` places in each.
    pub fn new(tasks: &[WeightedTask], per_task: u32) -> Self {
        let platform = |weighted: &WeightedTask| (weighted.task.id.as_str().to_owned(), weighted.task.platform);
        Self { platforms: tasks.iter().map(platform).collect(), per_task }
    }

    /// The same for the same rule on every machine, and different for any other rule.
    pub fn digest(&self) -> PlaceRuleDigest {
        let mut hasher = Blake2b512::new();
        hasher.update(self.per_task.to_be_bytes());
        for (id, platform) in &self.platforms {
            for text in [id.as_str(), platform.name()] {
                hasher.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
                hasher.update(text);
            }
        }
        let mut first = [0_u8; 32];
        first.copy_from_slice(&hasher.finalize()[..32]);
        PlaceRuleDigest(first)
    }

    /// The standing of each pair of a gist, in the order of the gist.
    pub fn standings(&self, pairs: &[Pair]) -> Vec<PairPlace> {
        let mut taken: HashMap<&str, u32> = HashMap::new();
        let mut standing = |pair| self.standing(pair, &mut taken);
        pairs.iter().map(&mut standing).collect()
    }

    fn standing<'p>(&self, pair: &'p Pair, taken: &mut HashMap<&'p str, u32>) -> PairPlace {
        let placed = match self.platforms.get(&pair.task_id) {
            Some(platform) => match ContentId::new(*platform, &pair.content_id) {
                Ok(content) => PairPlace::Placed(content),
                Err(_) => return PairPlace::Malformed,
            },
            None if Platform::known().iter().any(|platform| platform.accepts(&pair.content_id)) => {
                PairPlace::PlacedUnknown
            }
            None => return PairPlace::Malformed,
        };
        let taken = taken.entry(&pair.task_id).or_default();
        if *taken >= self.per_task {
            return PairPlace::Surplus;
        }
        *taken += 1;
        placed
    }
}

/// A pair of a miner: hotkey, task and item as listed.
pub type ListedPair<'a> = (Hotkey, &'a str, &'a str);

/// The pairs that hold a place in a known task. `standings` are those of the miners, in their order.
pub fn placed_pairs<'a>(miners: &'a [Miner], standings: &[Vec<PairPlace>]) -> HashSet<ListedPair<'a>> {
    let of_miner = |(miner, standings): (&'a Miner, &Vec<PairPlace>)| {
        let pairs = miner.pairs.iter().zip(standings);
        let placed = pairs.filter(|(_, standing)| matches!(standing, PairPlace::Placed(_)));
        placed.map(|(pair, _)| (miner.hotkey, pair.task_id.as_str(), pair.content_id.as_str())).collect::<Vec<_>>()
    };
    miners.iter().zip(standings).flat_map(of_miner).collect()
}

/// An item to be requested, and the miner that has the turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The miner's UID.
    pub uid: Uid,
    /// The item.
    pub content: ContentId,
}

/// The items that a cycle requests, each once: those of placed and claimed pairs of known tasks. On each platform every
/// hotkey has one turn before any has its next one. A hotkey's items come in the order of its gist, and an item that
/// several hotkeys list comes at the first turn of any of them.
///
/// Which hotkey begins follows from the slot of the cycle and the hotkey: the same for all validators, and different in
/// each slot.
pub fn contents_in_turn(evidence: &Evidence, policy: &Policy, slot: u32) -> Vec<Turn> {
    let claimed: HashSet<ListedPair<'_>> = evidence
        .claims
        .iter()
        .map(|bound| (bound.claim.hotkey, bound.claim.task_id.as_str(), bound.claim.content_id.as_str()))
        .collect();
    let rule = PlaceRule::new(&evidence.tasks, policy.max_per_miner_and_task);
    let mut miners: Vec<&Miner> = evidence.miners.iter().collect();
    miners.sort_by_cached_key(|miner| (digest(&format!("{slot} {}", miner.hotkey)), miner.uid));
    let mut queues: BTreeMap<Platform, Vec<(Uid, VecDeque<ContentId>)>> = BTreeMap::new();
    for miner in miners {
        let mut own: BTreeMap<Platform, VecDeque<ContentId>> = BTreeMap::new();
        for (pair, standing) in miner.pairs.iter().zip(rule.standings(&miner.pairs)) {
            let PairPlace::Placed(content) = standing else { continue };
            if claimed.contains(&(miner.hotkey, pair.task_id.as_str(), pair.content_id.as_str())) {
                own.entry(content.platform()).or_default().push_back(content);
            }
        }
        for (platform, contents) in own {
            queues.entry(platform).or_default().push((miner.uid, contents));
        }
    }
    queues.into_values().flat_map(deal).collect()
}

/// Takes one of each queue in turn, until all are empty.
fn deal(mut queues: Vec<(Uid, VecDeque<ContentId>)>) -> Vec<Turn> {
    let (mut turns, mut dealt) = (Vec::new(), HashSet::new());
    while !queues.is_empty() {
        queues.retain_mut(|(uid, contents)| {
            while let Some(content) = contents.pop_front() {
                if dealt.insert(content.clone()) {
                    turns.push(Turn { uid: *uid, content });
                    return true;
                }
            }
            false
        });
    }
    turns
}

/// Puts items in turn: the first of each payer, then the second of each, and so on. Otherwise their order is kept.
pub fn in_turn<T>(items: Vec<T>, payer: impl Fn(&T) -> Option<Uid>) -> Vec<T> {
    let mut seen: HashMap<Option<Uid>, usize> = HashMap::new();
    let ranked = items.into_iter().map(|item| {
        let rank = seen.entry(payer(&item)).or_default();
        *rank += 1;
        (*rank, item)
    });
    let mut ranked: Vec<(usize, T)> = ranked.collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, item)| item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain_time::{BlockStamp, Moment};
    use crate::claim::Claim;
    use crate::dating::Dating;
    use crate::evidence::BoundClaim;
    use crate::rounds::Rounds;
    use crate::task::Task;

    const VIDEO: &str = "aaaaaaaaaa";

    fn weighted(id: &str, platform: Platform) -> WeightedTask {
        let start_at = Moment::from_unix_ms(0);
        let task =
            Task { id: id.parse().expect("an id"), description: String::new(), platform, start_at, end_at: None };
        WeightedTask { task, weight: 1.0 }
    }

    fn pairs(listed: &[(&str, &str)]) -> Vec<Pair> {
        let pair = |(task_id, content_id): &(&str, &str)| Pair {
            task_id: (*task_id).to_owned(),
            content_id: (*content_id).to_owned(),
        };
        listed.iter().map(pair).collect()
    }

    /// `o` holds a place, `u` one in an unknown task, `s` none because there are too many, `m` is malformed.
    #[track_caller]
    fn check(tasks: &[WeightedTask], per_task: u32, listed: &[(&str, &str)], expected: &str) {
        let standings = PlaceRule::new(tasks, per_task).standings(&pairs(listed));
        let letter = |standing: &PairPlace| match standing {
            PairPlace::Malformed => 'm',
            PairPlace::Surplus => 's',
            PairPlace::PlacedUnknown => 'u',
            PairPlace::Placed(_) => 'o',
        };
        assert_eq!(standings.iter().map(letter).collect::<String>(), expected, "{listed:?}");
    }

    #[test]
    fn the_first_well_formed_pairs_of_each_task_hold_its_places() {
        let tasks = [weighted("yt", Platform::YOUTUBE), weighted("ig", Platform::INSTAGRAM)];
        let [a, b, c] = ["aaaaaaaaaa1", "aaaaaaaaaa2", "aaaaaaaaaa3"];
        check(&tasks, 2, &[("yt", a), ("yt", b), ("yt", c)], "oos");
        check(&tasks, 2, &[("yt", "no"), ("yt", a), ("yt", "reel-id"), ("yt", b), ("yt", c)], "momos");
        check(&tasks, 1, &[("yt", a), ("ig", a), ("yt", b), ("ig", b)], "ooss");
        // An unknown task takes what any platform takes, and has as many places.
        check(&tasks, 2, &[("new", "reel-id"), ("new", "../x"), ("new", a), ("new", b), ("yt", a)], "umuso");
        check(&tasks, 2, &[("", a), ("new", ""), ("newer", a)], "umu");
        check(&[], 1, &[("yt", "reel-id"), ("yt", a)], "us");
        // Once the task's platform is known, its places go to the pairs that are well-formed there.
        check(&tasks[..1], 1, &[("yt", "reel-id"), ("yt", a)], "mo");
    }

    #[test]
    fn a_rule_is_named_by_all_that_decides_places_and_nothing_else() {
        let digest = |tasks: &[WeightedTask], per_task| PlaceRule::new(tasks, per_task).digest();
        let [yt, ig] = [weighted("a", Platform::YOUTUBE), weighted("a", Platform::INSTAGRAM)];
        let heavy = WeightedTask { weight: 0.1, ..yt.clone() };
        let known = digest(std::slice::from_ref(&yt), 5);
        assert_eq!(known, digest(&[heavy], 5));
        let b = weighted("b", Platform::YOUTUBE);
        assert_eq!(digest(&[yt.clone(), b.clone()], 5), digest(&[b.clone(), yt.clone()], 5));
        for other in
            [digest(std::slice::from_ref(&yt), 6), digest(&[ig], 5), digest(&[], 5), digest(&[yt, b.clone()], 5)]
        {
            assert_ne!(known, other);
        }
        assert_ne!(digest(&[weighted("ab", Platform::YOUTUBE)], 5), digest(&[weighted("a", Platform::YOUTUBE), b], 5));
    }

    fn evidence(miners: &[(u8, &[(&str, &str)])]) -> Evidence {
        let miner = |(key, listed): &(u8, &[(&str, &str)])| Miner {
            uid: Uid::from(*key),
            hotkey: Hotkey::new([*key; 32]),
            pairs: pairs(listed),
            owner_confirmed: true,
            person: None,
        };
        let miners: Vec<Miner> = miners.iter().map(miner).collect();
        let claim = |miner: &Miner, pair: &Pair| BoundClaim {
            uid: miner.uid,
            claim: Claim {
                task_id: pair.task_id.clone(),
                content_id: pair.content_id.clone(),
                hotkey: miner.hotkey,
                pinned_at: None,
                round: 1,
                committed_at: 1,
                gist: None,
            },
            dating: Dating::NotAsked,
        };
        let claims = miners.iter().flat_map(|miner| miner.pairs.iter().map(move |pair| claim(miner, pair))).collect();
        Evidence {
            at: BlockStamp { block: 1, time: Moment::from_unix_ms(1) },
            tasks: vec![weighted("yt", Platform::YOUTUBE), weighted("ig", Platform::INSTAGRAM)],
            miners,
            claims,
            contents: BTreeMap::new(),
            previous: None,
            recovery: None,
            owner_hotkey: None,
            unwatched: Vec::new(),
            rounds: Rounds::default(),
        }
    }

    fn video(number: usize) -> String {
        format!("{VIDEO}{number}")
    }

    #[test]
    fn every_hotkey_has_a_turn_on_each_platform_before_any_has_its_next_one() {
        let ids: Vec<String> = (0..9).map(video).collect();
        let greedy: Vec<(&str, &str)> = ids[..5].iter().map(|id| ("yt", id.as_str())).collect();
        // 3 lists reels after its videos, and what 1 lists already; 2 lists a reel first.
        let third = [("yt", ids[0].as_str()), ("yt", &ids[5]), ("ig", "reel3"), ("ig", "reel4")];
        let second = [("ig", "reel2"), ("yt", ids[6].as_str())];
        let evidence = evidence(&[(1, &greedy), (2, &second), (3, &third)]);
        for slot in 0..20 {
            let turns = contents_in_turn(&evidence, &Policy::default(), slot);
            let shown: Vec<String> = turns.iter().map(|turn| turn.content.as_str().to_owned()).collect();
            let place = |id: &str| shown.iter().position(|shown| shown == id).expect("asked for");
            assert_eq!(shown.len(), 7 + 3, "each once: {shown:?}");
            assert!(place(&ids[6]) < 3, "2 has its turn first: {shown:?}");
            assert!(place(&ids[0]) < 3 && place(&ids[5]) < 5, "{shown:?}");
            assert!(place(&ids[1]) < place(&ids[4]), "in the order of the gist: {shown:?}");
            assert!(place("reel2") < place("reel4") && place("reel3") < place("reel4"), "{shown:?}");
        }
        let first = |slot| contents_in_turn(&evidence, &Policy::default(), slot)[0].uid;
        let begun: HashSet<Uid> = (0..20).map(first).collect();
        assert_eq!(begun.len(), 3, "nobody begins always");
    }

    #[test]
    fn what_holds_no_place_or_is_not_claimed_is_not_asked_for() {
        let ids: Vec<String> = (0..9).map(video).collect();
        let many: Vec<(&str, &str)> = ids.iter().map(|id| ("yt", id.as_str())).collect();
        let mut evidence = evidence(&[(1, &many), (2, &[("new", VIDEO), ("yt", "../x")])]);
        let asked = |evidence: &Evidence| contents_in_turn(evidence, &Policy::default(), 7).len();
        assert_eq!(asked(&evidence), 5);
        evidence.claims.retain(|bound| bound.claim.content_id != ids[2]);
        assert_eq!(asked(&evidence), 4);
    }

    #[test]
    fn items_are_put_in_turn_and_keep_their_order_otherwise() {
        let items = vec![(1, 'a'), (1, 'b'), (2, 'c'), (1, 'd'), (3, 'e'), (2, 'f')];
        let turned: String = in_turn(items, |(payer, _)| Some(*payer)).iter().map(|(_, letter)| letter).collect();
        assert_eq!(turned, "acebfd");
    }
}
