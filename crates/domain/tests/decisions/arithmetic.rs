//! The arithmetic that is recorded with a score is the one by which the score was computed, under every setting.

use super::*;
use tensorflix_domain::defences::Defences;
use tensorflix_domain::evidence::{Origin, SettledViews};
use tensorflix_domain::traffic::TrafficFinding;

/// Two tasks with six miners; their videos trigger every defence.
fn scene() -> Evidence {
    let mut evidence = evidence();
    evidence.tasks.push(task("lone", Platform::YOUTUBE));
    for uid in 3..9_u16 {
        let id = format!("video{uid:06}");
        list(&mut evidence, uid, &[("yt", &id)]);
        let views = u64::from(uid) * 1_000;
        let mut known = seen(views);
        let settled = if uid % 2 == 0 { views / 10 } else { views };
        known.origin = Some(Box::new(Origin {
            first_views: Some(Measurement { at: stamp(60.0), count: views / 20 }),
            settled: Some(SettledViews { time: hour(75.0), count: settled }),
            hides_engagement: uid % 3 == 0,
            ..Origin::default()
        }));
        let authenticity = if uid == 5 { 0.4 } else { 0.95 };
        known.traffic = Some(TrafficFinding { authenticity, signals: Vec::new() });
        video(&mut evidence, &id, known);
    }
    // One that is younger than an hour, one without views, and one that is gone.
    list(
        &mut evidence,
        20,
        &[("yt", "youngyoungy"), ("lone", "zerozerozer"), ("yt", "gonegonegon"), ("lone", "lonelonelon")],
    );
    let mut young = seen(40);
    presence(&mut young).published_at = Some(hour(99.75));
    video(&mut evidence, "youngyoungy", young);
    video(&mut evidence, "zerozerozer", seen(0));
    video(&mut evidence, "lonelonelon", seen(70));
    let mut gone = seen(9);
    gone.latest = Some(LatestSighting { at: stamp(98.0), presence: None });
    video(&mut evidence, "gonegonegon", gone);
    evidence
}

/// Checks every scored submission against its own arithmetic, bit for bit.
#[track_caller]
fn check_arithmetic(name: &str, policy: &Policy) -> Vec<Judged> {
    let evidence = scene();
    let decision = decide(&evidence, policy);
    for judged in &decision.submissions {
        let what = format!("{name}: {}", judged.content_id);
        let Some(arithmetic) = judged.arithmetic.as_deref() else {
            assert_eq!((judged.score, judged.normalized_score), (None, None), "{what}");
            continue;
        };
        let (score, normalized) = (judged.score.expect("a score"), judged.normalized_score.expect("a share"));
        let counted = arithmetic.shown_views - arithmetic.first_sight_views;
        assert_eq!(Some(counted), judged.view_count, "{what}");
        let (observed_at, published_at) = (judged.observed_at.expect("seen"), judged.published_at.expect("known"));
        assert_eq!(arithmetic.passed_hours.to_bits(), observed_at.hours_since(published_at).to_bits(), "{what}");
        assert_eq!(arithmetic.hours.to_bits(), arithmetic.passed_hours.max(policy.min_age_hours).to_bits(), "{what}");
        assert_eq!(score.to_bits(), (counted as f64 / arithmetic.hours).to_bits(), "{what}");
        let part = judged.counted_share.map_or(score, |share| score * share) / arithmetic.divisor;
        let is_straight = arithmetic.exponent.to_bits() == 1.0_f64.to_bits();
        let share = match arithmetic.too_few_owners {
            Some(_) => 0.0,
            None if is_straight => part,
            None => libm::pow(part, arithmetic.exponent),
        };
        assert_eq!(normalized.to_bits(), share.to_bits(), "{what}");
        let json = serde_json::to_string(judged).expect("JSON");
        assert_eq!(serde_json::from_str::<Judged>(&json).expect("a submission"), *judged, "{what}");
    }
    assert!(decision.submissions.iter().filter(|judged| judged.arithmetic.is_some()).count() > 3, "{name}");
    decision.submissions
}

fn under(change: impl Fn(&mut Defences)) -> Policy {
    let mut policy = Policy::default();
    change(&mut policy.defences);
    policy
}

/// A change of the defences.
type Setting = fn(&mut Defences);

#[test]
fn the_recorded_arithmetic_multiplies_out_to_the_scores_under_every_defence() {
    let settings: [(&str, Setting); 11] = [
        ("none", |_| ()),
        ("coldkey", |defences| defences.max_per_coldkey_and_task = 1),
        ("account", |defences| defences.max_per_github_owner_and_task = 1),
        ("channel", |defences| defences.max_per_channel_and_task = 1),
        ("tag", |defences| defences.foreign_tag = tensorflix_domain::defences::ForeignTag::Reject),
        ("settling", |defences| defences.settling_hours = 24.0),
        ("first sight", |defences| defences.first_sight_views = 200),
        ("hidden", |defences| defences.hidden_engagement_share = 0.7),
        ("exponent", |defences| defences.score_exponent = 0.5),
        ("floor", |defences| defences.task_floor_share = 1.0),
        ("owners", |defences| defences.fewest_owners_per_task = 3),
    ];
    let each: Vec<Vec<Judged>> = settings.iter().map(|(name, change)| check_arithmetic(name, &under(change))).collect();
    check_arithmetic("all", &under(|defences| settings.iter().for_each(|(_, change)| change(defences))));
    let shows = |place: usize, what: fn(&tensorflix_domain::views::Arithmetic) -> bool| {
        let count =
            each[place].iter().filter_map(|judged| judged.arithmetic.as_deref()).filter(|one| what(one)).count();
        assert!(count > 0, "{} shows nothing", settings[place].0);
    };
    shows(0, |one| one.hours > one.passed_hours);
    shows(5, |one| one.is_settled);
    shows(6, |one| one.first_sight_views > 0);
    shows(7, |one| one.is_share_of_hidden_engagement);
    shows(8, |one| one.exponent < 1.0);
    shows(9, |one| one.is_floor);
    shows(10, |one| one.too_few_owners == Some(1));
}

#[test]
fn the_time_of_the_observation_is_told_of_everything_that_was_decided_by_one() {
    let submissions = decide(&scene(), &Policy::default()).submissions;
    let of = |id: &str| submissions.iter().find(|judged| judged.content_id == id).expect("listed").observed_at;
    assert_eq!(of("gonegonegon"), Some(hour(98.0)), "when it was found to be gone");
    assert_eq!(of("youngyoungy"), Some(hour(100.0)));
    let settled = decide(&scene(), &under(|defences| defences.settling_hours = 24.0)).submissions;
    let of = |uid: Uid| settled.iter().find(|judged| judged.uid == uid).expect("listed").observed_at;
    assert_eq!([of(4), of(5)], [Some(hour(75.0)), Some(hour(100.0))], "hours run to the views that count");
    let older = with(|known| {
        known.views.as_mut().expect("views").at = stamp(90.0);
        known.latest.as_mut().expect("seen").at = stamp(99.0);
    });
    let judged = check(&Policy::default(), older, Status::Accepted, Some(Reason::AwaitingMetrics));
    assert_eq!(judged.observed_at, Some(hour(90.0)), "the views are those of an earlier observation");
    let stale = with(|known| known.latest.as_mut().expect("seen").at = stamp(1.0));
    let judged = check(&Policy::default(), stale, Status::Pending, Some(Reason::PlatformUnavailable));
    assert_eq!(judged.observed_at, None, "what is too old decides nothing");
}
