//! Logs the counters of actors.

use crate::wiring::app::App;
use std::sync::Arc;
use std::time::Duration;
use tensorflix_actors::stats::ActorStats;

/// One line of counters per actor.
pub(crate) fn log_metrics(app: &App) {
    for stats in &app.actors.stats {
        tracing::info!("{}", stats.read());
    }
}

/// Writes the counters in each period. Never ends.
pub(crate) async fn report_metrics(stats: Vec<Arc<ActorStats>>, period: Duration) {
    loop {
        tokio::time::sleep(period).await;
        for stats in &stats {
            tracing::info!("{}", stats.read());
        }
    }
}
