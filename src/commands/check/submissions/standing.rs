//! The state of a hotkey on chain: whether validators would read the gist at all. And the tasks of all validators.

use crate::commands::check::checks::Check;
use crate::commands::tasks::list::TaskList;
use crate::text::visible::visible;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::evidence::WeightedTask;
use tensorflix_domain::ids::{Hotkey, Uid};
use tensorflix_domain::subnet::{Neuron, Subnet};
use tensorflix_domain::task::TaskGist;

/// Most other hotkeys with the same gist that are listed.
const MOST_NAMED: usize = 5;

/// Whether the hotkey is registered, has this UID, and commits this gist.
pub fn check_standing(subnet: &Subnet, hotkey: &Hotkey, uid: Option<Uid>, gist: Option<&GistPointer>) -> Vec<Check> {
    let (netuid, block) = (subnet.netuid, subnet.at.block);
    let Some(neuron) = subnet.neuron(hotkey) else {
        let detail = format!(
            "{hotkey} is not registered on subnet {netuid} (block {block}), so no validator reads its gist: register it \
             (`btcli subnet register --netuid {netuid}`), or pass the right hotkey"
        );
        return vec![Check::wrong("registration", detail)];
    };
    let registration = match uid {
        Some(uid) if uid != neuron.uid => {
            Check::wrong("registration", format!("{hotkey} has UID {}, not {uid} (block {block})", neuron.uid))
        }
        _ => Check::good("registration", format!("UID {} on subnet {netuid} (block {block})", neuron.uid)),
    };
    vec![registration].into_iter().chain(commitment(subnet, neuron, gist)).collect()
}

fn commitment(subnet: &Subnet, neuron: &Neuron, gist: Option<&GistPointer>) -> Vec<Check> {
    let committed = neuron.commitment.as_ref();
    let held = match committed {
        None => "nothing".to_owned(),
        Some(record) => record.text.as_deref().map_or_else(|| "bytes that are not text".to_owned(), visible),
    };
    let Some(gist) = gist else {
        let detail = format!("cannot compare a file with the commitment; the chain holds {held}");
        return vec![Check::not_checked("commitment", detail)];
    };
    let pointer = committed.and_then(|record| record.pointer());
    if pointer.as_ref() != Some(gist) {
        let is_other_revision = pointer
            .as_ref()
            .is_some_and(|pointer| (pointer.username(), pointer.gist_id()) == (gist.username(), gist.gist_id()));
        let remedy = if is_other_revision {
            "it pins another revision than the one checked here, and validators read the pinned one; "
        } else {
            "validators do not read this gist; "
        };
        let detail = format!("the chain holds {held}: {remedy}commit it (`tensorflix commit --commit {gist}`)");
        return vec![Check::wrong("commitment", detail)];
    }
    let good = Check::good("commitment", format!("the chain holds {gist}"));
    std::iter::once(good).chain(shared(subnet, neuron, gist)).collect()
}

/// A gist that others commit too.
fn shared(subnet: &Subnet, own: &Neuron, gist: &GistPointer) -> Option<Check> {
    let others: Vec<String> = subnet
        .neurons
        .iter()
        .filter(|neuron| neuron.uid != own.uid)
        .filter(|neuron| neuron.commitment.as_ref().and_then(|record| record.pointer()).as_ref() == Some(gist))
        .map(|neuron| format!("UID {}", neuron.uid))
        .collect();
    let named = others.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
    (!others.is_empty()).then(|| {
        let detail = format!(
            "{} other hotkeys commit this gist too ({named}): each pair is paid to only one of you",
            others.len()
        );
        Check::warning("commitment", detail)
    })
}

/// The validators that publish a task with this id.
pub fn publishers_of(list: &TaskList, task_id: &str) -> Vec<Uid> {
    let has_it = |gist: &TaskGist| gist.tasks.iter().any(|task| task.id.as_str() == task_id);
    let publishers = list.validators.iter().filter(|validator| validator.content.tasks().is_some_and(has_it));
    publishers.map(|validator| validator.uid).collect()
}

/// The tasks of every validator with a permit, and the check that reports them.
pub fn tasks_of_all(list: &TaskList) -> (Vec<WeightedTask>, Check) {
    let count = list.validators.iter().filter(|validator| validator.content.tasks().is_some()).count();
    let tasks: Vec<WeightedTask> = list.network.values().map(|task| task.weighted.clone()).collect();
    let detail = format!("{} from {count} validators with a permit", tasks.len());
    (tasks, Check::good("tasks", detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::check::checks::CheckResult;
    use tensorflix_testkit::subnets;

    fn subnet(commitments: &[Option<&str>]) -> Subnet {
        let neuron = |(uid, text): (Uid, &Option<&str>)| {
            let neuron = subnets::neuron(uid, u8::try_from(uid).expect("a small UID"));
            match text {
                Some(text) => subnets::committed_text(neuron, text, 5),
                None => neuron,
            }
        };
        subnets::subnet(9, (0..).zip(commitments).map(neuron))
    }

    #[test]
    fn a_gist_that_validators_would_not_come_to_is_wrong() {
        use CheckResult::{Good, NotChecked, Warning, Wrong};
        let pinned = format!("alice:0a@{}", "0".repeat(40));
        let own = "alice:0a".parse::<GistPointer>().expect("a pointer");
        for (commitments, uid, gist, results, piece) in [
            (vec![Some("alice:0a")], None, true, vec![Good, Good], "alice:0a"),
            (vec![Some("alice:0a")], Some(0), true, vec![Good, Good], "UID 0"),
            (vec![Some("alice:0a")], Some(7), true, vec![Wrong, Good], ", not 7"),
            (vec![Some("alice:0b")], None, true, vec![Good, Wrong], "tensorflix commit"),
            (vec![Some(pinned.as_str())], None, true, vec![Good, Wrong], "another revision"),
            (vec![Some("\u{1b}[31m")], None, true, vec![Good, Wrong], "\\u001b"),
            (vec![None], None, true, vec![Good, Wrong], "nothing"),
            (vec![Some("alice:0a")], None, false, vec![Good, NotChecked], "a file"),
            (vec![Some("alice:0a"), Some("alice:0a")], None, true, vec![Good, Good, Warning], "UID 1"),
            (vec![], None, true, vec![Wrong], "not registered"),
        ] {
            let checks = check_standing(&subnet(&commitments), &Hotkey::new([0; 32]), uid, gist.then_some(&own));
            assert_eq!(checks.iter().map(|check| check.result).collect::<Vec<_>>(), results, "{checks:?}");
            assert!(checks.iter().any(|check| check.detail.contains(piece)), "{checks:?}");
        }
    }
}
