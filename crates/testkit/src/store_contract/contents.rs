//! Observations, and what follows from them.

use super::Fresh;
use super::samples::{ODD, absent, counted, measured, seen, seen_with};
use crate::gists::{reel, video};
use crate::subnets::{moment, stamp};
use std::sync::Arc;
use tensorflix_actors::ports::Store;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::evidence::{LatestSighting, Origin, SeenContent};
use tensorflix_domain::freshness::Track;
use tensorflix_domain::ids::{Block, ContentId};
use tensorflix_domain::observation::{Broadcast, Details, Metrics, Observation, Presence, Sighting};
use tensorflix_domain::observed::ObservedContent;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::traffic::{Point, Series};

async fn observed(store: &Arc<dyn Store>, content: &ContentId) -> ObservedContent {
    let found = store.observed_contents(std::slice::from_ref(content)).await.expect("read");
    let [observed] = &found[..] else { panic!("one record: {found:?}") };
    observed.clone()
}

/// Points, oldest first.
async fn points(store: &Arc<dyn Store>, content: &ContentId, newest: u32) -> Vec<Point> {
    let series = store.traffic_series(std::slice::from_ref(content), newest).await.expect("read");
    let mut points = series.into_iter().next().expect("a series").points;
    points.sort_unstable();
    points
}

fn point(block: Block, views: Option<u64>) -> Point {
    Point { at: stamp(block).time, views, plays: None, likes: Some(3), comments: None }
}

pub async fn an_observation_is_added_once(fresh: Fresh<'_>) {
    let store = fresh().await;
    let one = seen(&video(1), 10, Some(5), None);
    let other = Observation { content: reel(1), ..seen(&video(1), 10, Some(5), None) };
    store.record_observations(&[]).await.expect("stored");
    store.record_observations(&[one.clone(), one.clone(), other]).await.expect("stored");
    store.record_observations(std::slice::from_ref(&one)).await.expect("stored");
    assert_eq!(points(&store, &video(1), 100).await, [point(10, Some(5))]);
    store.record_observations(&[seen(&video(1), 10, Some(6), None), absent(&video(1), 10)]).await.expect("stored");
    assert_eq!(points(&store, &video(1), 100).await.len(), 3, "another answer at the same block is another one");
    // What was recorded last counts, also where the same was recorded before.
    store.record_observations(&[one]).await.expect("stored");
    assert_eq!(
        observed(&store, &video(1)).await.evidence.latest,
        Some(LatestSighting { at: stamp(10), presence: None })
    );
}

pub async fn the_newest_of_everything_counts_in_any_order(fresh: Fresh<'_>) {
    let all = [
        seen(&video(1), 10, Some(5), Some(50)),
        seen(&video(1), 20, Some(4), None),
        counted(&video(1), 30, Some(7)),
        absent(&video(1), 15),
        counted(&video(1), 40, None),
    ];
    let mut found = Vec::new();
    for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 0, 4, 1, 3]] {
        for batch in [1, 2, 5] {
            let store = fresh().await;
            let observations: Vec<Observation> = order.iter().map(|place| all[*place].clone()).collect();
            for chunk in observations.chunks(batch) {
                store.record_observations(chunk).await.expect("stored");
            }
            let tracks = store.tracks(&[video(1)]).await.expect("read");
            found.push((observed(&store, &video(1)).await, points(&store, &video(1), 100).await, tracks));
        }
    }
    let (first, ..) = &found[0];
    let evidence = &first.evidence;
    let presence = Some(SeenContent { published_at: Some(moment(-20.0)), broadcast: Broadcast::None });
    assert_eq!(evidence.latest, Some(LatestSighting { at: stamp(40), presence }));
    assert_eq!((evidence.views, evidence.plays, evidence.seen_before), (measured(30, 7), measured(10, 50), true));
    let origin = Origin {
        first_views: measured(10, 5),
        first_plays: measured(10, 50),
        ..Origin::of("someone", "title of 20", Some(61))
    };
    assert_eq!(evidence.origin.as_deref(), Some(&origin));
    assert_eq!(first.text, format!("title of 20\n{ODD}"));
    assert_eq!((first.duration_secs, first.thumbnail_url.as_deref()), (Some(61), Some("https://pictures.test/20")));
    assert_eq!((first.signals.synthetic_media, first.signals.age_restricted), (Some(true), None));
    assert!(found.iter().all(|other| other == &found[0]), "{found:#?}");
}

pub async fn of_one_block_what_was_recorded_later_counts_and_first_views_stay(fresh: Fresh<'_>) {
    let store = fresh().await;
    let titled = |title: &str| seen_with(&video(1), 10, |details| details.title = title.to_owned());
    store.record_observations(&[seen(&video(1), 10, Some(5), None), titled("a")]).await.expect("stored");
    store.record_observations(&[titled("b"), counted(&video(1), 10, Some(9))]).await.expect("stored");
    let known = observed(&store, &video(1)).await;
    assert_eq!(known.text, format!("b\n{ODD}"));
    assert_eq!(known.evidence.views, measured(10, 9));
    assert_eq!(known.evidence.origin.and_then(|origin| origin.first_views), measured(10, 5));
    // The same text as two before is new again.
    store
        .record_observations(&[seen_with(&video(1), 11, |details| details.title = "a".to_owned())])
        .await
        .expect("stored");
    assert_eq!(observed(&store, &video(1)).await.text, format!("a\n{ODD}"));
}

pub async fn an_absence_leaves_what_was_known(fresh: Fresh<'_>) {
    let store = fresh().await;
    store.record_observations(&[absent(&video(1), 10)]).await.expect("stored");
    let never = observed(&store, &video(1)).await;
    let latest = Some(LatestSighting { at: stamp(10), presence: None });
    assert_eq!((never.evidence.latest, never.evidence.seen_before, never.evidence.origin), (latest, false, None));
    assert_eq!(never.text, "");
    store.record_observations(&[seen(&video(1), 20, Some(0), None), absent(&video(1), 30)]).await.expect("stored");
    let gone = observed(&store, &video(1)).await;
    assert_eq!(gone.evidence.latest, Some(LatestSighting { at: stamp(30), presence: None }));
    assert_eq!((gone.evidence.views, gone.evidence.seen_before), (measured(20, 0), true));
    assert!(gone.evidence.origin.is_some());
    assert_eq!(gone.text, format!("title of 20\n{ODD}"));
}

pub async fn numbers_alone_leave_the_details(fresh: Fresh<'_>) {
    let store = fresh().await;
    store.record_observations(&[counted(&video(1), 10, Some(5))]).await.expect("stored");
    let known = observed(&store, &video(1)).await;
    let presence = Some(SeenContent::default());
    assert_eq!(known.evidence.latest, Some(LatestSighting { at: stamp(10), presence }));
    let origin = Origin { first_views: measured(10, 5), ..Origin::default() };
    assert_eq!(known.evidence.origin.as_deref(), Some(&origin));
    assert_eq!((known.text.as_str(), known.duration_secs, known.thumbnail_url), ("", None, None));
    // Statistics that are all unknown are not an absence.
    store.record_observations(&[absent(&video(1), 20), counted(&video(1), 20, None)]).await.expect("stored");
    assert!(observed(&store, &video(1)).await.evidence.latest.is_some_and(|latest| latest.presence.is_some()));
}

pub async fn counts_and_texts_keep_every_bit(fresh: Fresh<'_>) {
    let store = fresh().await;
    for (number, count) in (0..).zip([0, 1, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX]) {
        let content = reel(number);
        let metrics = Metrics {
            view_count: Some(count),
            play_count: Some(count),
            like_count: Some(count),
            comment_count: Some(count),
        };
        let details = Details {
            published_at: Some(Moment::from_unix_ms(-1)),
            title: ODD.to_owned(),
            description: "\0".to_owned(),
            thumbnail_url: Some(ODD.to_owned()),
            duration_secs: Some(u32::MAX),
            ..Details::default()
        };
        let sighting = Sighting::Present(Box::new(Presence { metrics, details }));
        let observation = Observation { content: content.clone(), at: stamp(u32::MAX), sighting };
        store.record_observations(&[observation]).await.expect("stored");
        let known = observed(&store, &content).await;
        assert_eq!(
            (known.evidence.views, known.evidence.plays),
            (measured(u32::MAX, count), measured(u32::MAX, count))
        );
        assert_eq!(known.text, format!("{ODD}\n\0"));
        assert_eq!((known.duration_secs, known.thumbnail_url.as_deref()), (Some(u32::MAX), Some(ODD)));
        let counts = Some(count);
        let at = stamp(u32::MAX).time;
        let expected = Point { at, views: counts, plays: counts, likes: counts, comments: counts };
        assert_eq!(points(&store, &content, 1).await, [expected]);
    }
}

pub async fn contents_are_in_the_order_asked_for(fresh: Fresh<'_>) {
    let store = fresh().await;
    let asked = [video(3), reel(2), video(9), video(1)];
    let recorded = [seen(&video(1), 10, Some(1), None), seen(&reel(2), 20, Some(2), None), absent(&video(3), 30)];
    store.record_observations(&recorded).await.expect("stored");
    let blocks = |found: &[ObservedContent]| -> Vec<Option<Block>> {
        found.iter().map(|known| known.evidence.latest.as_ref().map(|latest| latest.at.block)).collect()
    };
    let found = store.observed_contents(&asked).await.expect("read");
    assert_eq!(blocks(&found), [Some(30), Some(20), None, Some(10)]);
    assert_eq!(found[2], ObservedContent::default());
    for (since, expected) in [(0, vec![video(3), reel(2), video(1)]), (20, vec![video(3), reel(2)]), (31, vec![])] {
        assert_eq!(store.observed_since(&asked, since).await, Ok(expected), "{since}");
    }
    let tracks = store.tracks(&asked).await.expect("read");
    assert_eq!(tracks.into_iter().map(|(content, _)| content).collect::<Vec<_>>(), [video(3), reel(2), video(1)]);
    let series = store.traffic_series(&asked, 9).await.expect("read");
    assert_eq!(series.iter().map(|one| one.points.len()).collect::<Vec<_>>(), [1, 1, 0, 1]);
    let unknown = Series { platform: Platform::YOUTUBE, published_at: None, duration_secs: None, points: Vec::new() };
    assert_eq!(series[2], unknown);
    assert_eq!(store.details_since(&asked, 0).await, Ok(vec![reel(2), video(1)]));
    assert_eq!(store.observed_contents(&[]).await, Ok(vec![]));
}

pub async fn details_are_fresh_only_of_what_is_there_and_no_broadcast(fresh: Fresh<'_>) {
    let store = fresh().await;
    let broadcast = |number, broadcast| seen_with(&video(number), 50, |details| details.broadcast = broadcast);
    let recorded = [
        seen(&video(0), 50, None, None),
        broadcast(1, Broadcast::Live),
        broadcast(2, Broadcast::Upcoming),
        broadcast(3, Broadcast::Ended),
        seen_with(&video(4), 50, |details| details.published_at = None),
        seen(&video(5), 40, None, None),
        counted(&video(5), 50, Some(1)),
        seen(&video(6), 50, None, None),
        absent(&video(6), 60),
        counted(&video(7), 50, Some(1)),
    ];
    store.record_observations(&recorded).await.expect("stored");
    let asked: Vec<ContentId> = (0..9).rev().map(video).collect();
    assert_eq!(store.details_since(&asked, 50).await, Ok(vec![video(3), video(0)]));
    assert_eq!(store.details_since(&asked, 40).await, Ok(vec![video(5), video(3), video(0)]));
    assert_eq!(store.details_since(&asked, 51).await, Ok(vec![]));
}

pub async fn a_track_has_the_newest_views_and_those_of_an_earlier_block(fresh: Fresh<'_>) {
    let store = fresh().await;
    let track = async || store.tracks(&[video(1)]).await.expect("read").first().map(|(_, track)| *track);
    let expected = |published, observed: Block, newest, earlier| {
        let published_at = Some(moment(published));
        Some(Track { published_at, observed_at: stamp(observed).time, newest, earlier })
    };
    assert_eq!(track().await, None);
    store.record_observations(&[seen(&video(1), 10, None, Some(9))]).await.expect("stored");
    assert_eq!(track().await, expected(-10.0, 10, None, None));
    store.record_observations(&[seen(&video(1), 20, Some(5), None)]).await.expect("stored");
    assert_eq!(track().await, expected(-20.0, 20, measured(20, 5), None));
    let more = [seen(&video(1), 20, Some(6), None), counted(&video(1), 30, Some(8)), counted(&video(1), 40, None)];
    store.record_observations(&more).await.expect("stored");
    assert_eq!(track().await, expected(-20.0, 40, measured(30, 8), measured(20, 6)));
    store.record_observations(&[counted(&video(1), 30, Some(9)), absent(&video(1), 50)]).await.expect("stored");
    assert_eq!(track().await, expected(-20.0, 50, measured(30, 9), measured(20, 6)), "of one block the later record");
}

pub async fn a_series_has_the_newest_observations(fresh: Fresh<'_>) {
    let store = fresh().await;
    let recorded = [30, 10, 20].map(|block| seen(&video(1), block, Some(block.into()), None));
    store.record_observations(&recorded).await.expect("stored");
    store.record_observations(&[absent(&video(1), 40)]).await.expect("stored");
    let gone = Point { at: stamp(40).time, views: None, plays: None, likes: None, comments: None };
    assert_eq!(points(&store, &video(1), 0).await, []);
    assert_eq!(points(&store, &video(1), 2).await, [point(30, Some(30)), gone]);
    let all = [point(10, Some(10)), point(20, Some(20)), point(30, Some(30)), gone];
    assert_eq!(points(&store, &video(1), u32::MAX).await, all);
    let series = store.traffic_series(&[video(1)], 1).await.expect("read");
    assert_eq!((series[0].published_at, series[0].duration_secs), (Some(moment(-30.0)), Some(61)));
}
