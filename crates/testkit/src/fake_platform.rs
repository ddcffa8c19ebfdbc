//! A platform actor that a test controls: it observes from a table, falls short, panics, or never answers.

use crate::world::World;
use actix::{Actor, Context, Handler, Recipient, ResponseFuture};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tensorflix_actors::platforms::{ContentsObserved, ObserveContents, PollContents};
use tensorflix_actors::ports::Store;
use tensorflix_actors::stats::ActorStats;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::observation::{Observation, Sighting};
use tensorflix_domain::verdict::Reason;

/// How the actor answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conduct {
    /// It observes what its table holds; what is missing there is absent.
    Observe,
    /// It observes nothing, for this reason.
    FallShort(Reason),
    /// It has no budget before this time of the chain, and observes from then on.
    SpentUntil(Moment),
    /// Its handler panics.
    Panic,
    /// It never answers.
    Hang,
}

/// The test's handle of the actor.
#[derive(Clone)]
pub struct FakePlatform {
    /// Receives requests to observe.
    pub recipient: Recipient<ObserveContents>,
    /// Receives requests to poll.
    pub polled: Recipient<PollContents>,
    script: Arc<Mutex<Script>>,
}

struct Script {
    conduct: Conduct,
    sightings: BTreeMap<ContentId, Sighting>,
    requests: Vec<ObserveContents>,
    polls: Vec<PollContents>,
}

struct Worker {
    script: Arc<Mutex<Script>>,
    store: Arc<dyn Store>,
}

impl FakePlatform {
    /// A platform in `world` with these contents.
    pub fn start(world: &World, sightings: impl IntoIterator<Item = (ContentId, Sighting)>) -> Self {
        let sightings = sightings.into_iter().collect();
        let script = Arc::new(Mutex::new(Script {
            conduct: Conduct::Observe,
            sightings,
            requests: Vec::new(),
            polls: Vec::new(),
        }));
        let (shared, store) = (Arc::clone(&script), world.store());
        let worker = move || Worker { script: Arc::clone(&shared), store: Arc::clone(&store) };
        let address = world.start(&ActorStats::new("platform"), worker);
        Self { recipient: address.clone().recipient(), polled: address.recipient(), script }
    }

    /// Sets how it answers from now on.
    pub fn conduct(&self, conduct: Conduct) {
        self.script.lock().expect("no panic while locked").conduct = conduct;
    }

    /// Sets what it shows for a video or reel from now on.
    pub fn show(&self, content: &ContentId, sighting: Sighting) {
        self.script.lock().expect("no panic while locked").sightings.insert(content.clone(), sighting);
    }

    /// The requests that it received.
    pub fn requests(&self) -> Vec<ObserveContents> {
        self.script.lock().expect("no panic while locked").requests.clone()
    }
}

impl FakePlatform {
    /// The polls that were requested.
    pub fn polls(&self) -> Vec<PollContents> {
        self.script.lock().expect("no panic while locked").polls.clone()
    }
}

impl Handler<PollContents> for Worker {
    type Result = ResponseFuture<ContentsObserved>;

    fn handle(&mut self, request: PollContents, _: &mut Self::Context) -> Self::Result {
        let conduct = {
            let mut script = self.script.lock().expect("no panic while locked");
            script.polls.push(request);
            script.conduct
        };
        match conduct {
            Conduct::Panic => panic!("the platform's actor was made to panic"),
            Conduct::Hang => Box::pin(std::future::pending()),
            Conduct::Observe | Conduct::FallShort(_) | Conduct::SpentUntil(_) => {
                Box::pin(async { ContentsObserved::default() })
            }
        }
    }
}

impl Actor for Worker {
    type Context = Context<Self>;
}

tensorflix_actors::supervised!(Worker);

impl Handler<ObserveContents> for Worker {
    type Result = ResponseFuture<ContentsObserved>;

    fn handle(&mut self, request: ObserveContents, _: &mut Self::Context) -> Self::Result {
        let (conduct, observations) = {
            let mut script = self.script.lock().expect("no panic while locked");
            script.requests.push(request.clone());
            let observe = |content: &ContentId| {
                let sighting = script.sightings.get(content).cloned().unwrap_or(Sighting::Absent);
                Observation { content: content.clone(), at: request.as_of, sighting }
            };
            (script.conduct, request.contents.iter().map(observe).collect::<Vec<_>>())
        };
        let store = Arc::clone(&self.store);
        match conduct {
            Conduct::Panic => panic!("the platform's actor was made to panic"),
            Conduct::Hang => Box::pin(std::future::pending()),
            Conduct::FallShort(reason) => Box::pin(async move {
                let shortfalls = request.contents.into_iter().map(|content| (content, reason)).collect();
                ContentsObserved {
                    shortfalls,
                    errors: vec![format!("made to fail: {reason}")],
                    ..ContentsObserved::default()
                }
            }),
            Conduct::SpentUntil(renewed_at) if request.as_of.time < renewed_at => Box::pin(async move {
                let reason = Reason::QuotaExhausted;
                let shortfalls = request.contents.into_iter().map(|content| (content, reason)).collect();
                let budget_renewed_at = Some(renewed_at);
                ContentsObserved { shortfalls, budget_renewed_at, ..ContentsObserved::default() }
            }),
            Conduct::Observe | Conduct::SpentUntil(_) => Box::pin(async move {
                store.record_observations(&observations).await.expect("stored");
                ContentsObserved { observed_count: observations.len(), ..ContentsObserved::default() }
            }),
        }
    }
}
