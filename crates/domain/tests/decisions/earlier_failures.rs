//! What went wrong in earlier validators of this subnet and of others, and must not again.

use super::{VIDEO, claim, evidence, hotkey, hour, list, outcome, presence, seen, stamp, video};
use tensorflix_domain::decision::decide;
use tensorflix_domain::evidence::{ContentEvidence, Measurement, PreviousScores};
use tensorflix_domain::judge::Judged;
use tensorflix_domain::ownership::{HOTKEY_PLACE, OwnerTag, owner_tag};
use tensorflix_domain::policy::Policy;
use tensorflix_domain::verdict::{Reason, Status};

/// A video that is observed once, at the hour of its observation, having been published so many hours before.
fn observed(views: u64, observed_hour: f64, age_hours: f64) -> ContentEvidence {
    let mut known = seen(views);
    known.latest.as_mut().expect("latest").at = stamp(observed_hour);
    known.views = Some(Measurement { at: stamp(observed_hour), count: views });
    presence(&mut known).published_at = Some(hour(observed_hour - age_hours));
    known
}

fn judged(known: ContentEvidence) -> Judged {
    let mut evidence = evidence();
    list(&mut evidence, 5, &[("yt", VIDEO)]);
    video(&mut evidence, VIDEO, known);
    decide(&evidence, &Policy::default()).submissions.remove(0)
}

/// Scores once were differences of views, not divided by the time between them: a miner that was observed more rarely
/// earned more.
#[test]
fn a_score_is_per_hour_so_the_same_views_in_half_the_time_are_worth_twice_as_much() {
    for (views, age_hours, score) in [(600, 10.0, 60.0), (600, 20.0, 30.0), (1_200, 20.0, 60.0), (600, 2.0, 300.0)] {
        assert_eq!(judged(observed(views, 100.0, age_hours)).score, Some(score), "{views} views in {age_hours} hours");
    }
}

/// When a validator looks must not matter: a steady video is worth the same seen early and seen late.
#[test]
fn the_hour_of_the_observation_and_not_that_of_the_cycle_ends_the_time() {
    for observed_hour in [60.0, 80.0, 99.0, 100.0] {
        let known = observed(1_000, observed_hour, 20.0);
        assert_eq!(judged(known).score, Some(50.0), "seen at hour {observed_hour}, judged at hour 100");
    }
}

/// Withdrawn content once stayed scored for ever.
#[test]
fn what_its_miner_withdrew_is_not_scored_and_earns_nothing_any_more() {
    let mut evidence = evidence();
    list(&mut evidence, 5, &[("yt", "otherotherx")]);
    evidence.claims.push(claim(5, ("yt", VIDEO), 1));
    evidence.previous = Some(PreviousScores { at: stamp(76.0), scores: [(hotkey(5), 2.0), (hotkey(6), 1.0)].into() });
    video(&mut evidence, VIDEO, seen(900_000));
    video(&mut evidence, "otherotherx", seen(0));
    let decision = decide(&evidence, &Policy::default());
    assert!(decision.submissions.iter().all(|judged| judged.content_id != VIDEO));
    assert!(decision.scores.is_empty(), "neither by its evidence nor by the scores of the cycle before");
}

/// A window of twelve hours once demanded twelve hours of data, which it never had: weights were empty for ever.
#[test]
fn a_single_observation_pays_in_the_very_first_cycle_however_young_the_video() {
    for age_hours in [0.0, 0.01, 0.5, 1.0, 11.0, 400.0] {
        let mut evidence = evidence();
        list(&mut evidence, 5, &[("yt", VIDEO)]);
        let mut known = observed(60, 100.0, age_hours);
        known.seen_before = false;
        // It is judged by the rules alone: the task began before.
        evidence.tasks[0].task.start_at = hour(-1_000.0);
        video(&mut evidence, VIDEO, known);
        assert_eq!(evidence.previous, None, "there was no cycle before");
        let decision = decide(&evidence, &Policy::default());
        assert_eq!(outcome(&decision.submissions[0]), (Status::Accepted, None), "{age_hours} hours old");
        assert_eq!(decision.scores, [(hotkey(5), 1.0)].into(), "{age_hours} hours old");
    }
}

/// Signatures once were five characters of a hotkey: found by trying in minutes, and in every long caption by chance.
#[test]
fn nothing_less_than_a_whole_address_names_an_owner() {
    let whole = hotkey(5).to_string();
    let names = |text: &str| owner_tag(text, HOTKEY_PLACE).hotkey;
    assert_eq!(names(&format!("by {whole}!")), Some(hotkey(5)));
    for length in 1..whole.len() {
        assert_eq!(names(&whole[..length]), None, "the first {length} characters");
        assert_eq!(names(&whole[length..]), None, "without the first {length} characters");
    }
    for place in 0..whole.len() {
        for other in ['1', 'Z', 'a', '7'] {
            let changed = format!("{}{other}{}", &whole[..place], &whole[place + 1..]);
            assert_eq!(names(&changed).is_some(), changed == whole, "{changed}");
        }
        let character = whole.as_bytes()[place] as char;
        if character.is_ascii_alphabetic() {
            let swapped = if character.is_ascii_lowercase() {
                character.to_ascii_uppercase()
            } else {
                character.to_ascii_lowercase()
            };
            let changed = format!("{}{swapped}{}", &whole[..place], &whole[place + 1..]);
            assert_eq!(names(&changed), None, "{changed}");
        }
        assert_eq!(names(&format!("{} {}", &whole[..place], &whole[place..])).is_some(), place == 0);
    }
    assert_eq!(names(&format!("{whole}{whole}")), None);
    assert_eq!(names(&format!("x{whole}")), None);
}

/// A caption once carried the signatures of many miners, and each of them was paid.
#[test]
fn a_caption_with_many_hotkeys_names_only_the_first() {
    let gang: Vec<String> = (5..25).map(|uid| hotkey(uid).to_string()).collect();
    let text = format!("hotkeys: {}", gang.join(" "));
    assert_eq!(owner_tag(&text, HOTKEY_PLACE), OwnerTag { hotkey: Some(hotkey(5)), named_count: 20 });
    // A part of one before the first whole one is no name.
    assert_eq!(owner_tag(&format!("{} {text}", &gang[7][..40]), HOTKEY_PLACE).hotkey, Some(hotkey(5)));

    let mut evidence = evidence();
    for uid in 5..25 {
        list(&mut evidence, uid, &[("yt", VIDEO)]);
    }
    let mut known = seen(500);
    known.owner_tag = owner_tag(&text, HOTKEY_PLACE).hotkey;
    video(&mut evidence, VIDEO, known);
    let decision = decide(&evidence, &Policy::default());
    assert_eq!(decision.scores.into_keys().collect::<Vec<_>>(), [hotkey(5)]);
    let is_duplicate = |judged: &&Judged| judged.reason == Some(Reason::DuplicateSubmission);
    assert_eq!(decision.submissions.iter().filter(is_duplicate).count(), 19);
}
