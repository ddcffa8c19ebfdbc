//! `sandbox`: the sandbox world alone, for `run` to work against.

pub(super) mod args;

use super::process::signals::StopSignals;
use crate::adapters::files;
use crate::config::LogSettings;
use crate::console::exit::{Exit, refuse};
use crate::console::stdout::print;
use crate::telemetry;
use crate::telemetry::ConsoleMode;
use crate::wiring::sandbox_config;
use args::SandboxArguments;
use std::io;
use std::path::Path;
use std::time::Duration;
use tensorflix_sandbox::Sandbox;
use tensorflix_sandbox::clock::BLOCK_MS;
use tensorflix_sandbox::node::Pace;

pub(crate) fn run(arguments: SandboxArguments) -> Exit {
    let stop = StopSignals::new();
    if let Some((file, obstacle)) =
        arguments.write_config.as_ref().and_then(|file| Some((file, files::obstacle(file)?)))
    {
        return refuse(&format!("cannot write {}: {obstacle}; pass another file with --write-config", file.display()));
    }
    if let Some(file) = arguments.write_config.as_ref().filter(|file| file.exists() && !arguments.force) {
        let file = file.display();
        return refuse(&format!(
            "{file} exists already: pass another file with --write-config, or add --force to replace it"
        ));
    }
    let pace = if arguments.hold { Pace::Hold } else { pace(arguments.speed) };
    let log = LogSettings { file: None, ..LogSettings::default() };
    let _telemetry = match telemetry::init(&log, ConsoleMode::Logs) {
        Ok(telemetry) => telemetry,
        Err(error) => return refuse(&error),
    };
    actix_rt::System::new().block_on(async move {
        match serve(&arguments, pace, stop).await {
            Ok(exit) => exit,
            Err(error) => {
                tracing::error!(%error, "sandbox failed");
                Exit::Failed
            }
        }
    })
}

/// Real time between blocks at a speed. The bounds prevent a busy loop after a typing error.
fn pace(speed: f64) -> Pace {
    const SHORTEST: Duration = Duration::from_millis(1);
    let real = Duration::from_millis(BLOCK_MS);
    let seconds = if speed > 0.0 { real.as_secs_f64() / speed } else { real.as_secs_f64() };
    Pace::Every(Duration::try_from_secs_f64(seconds).unwrap_or(real).max(SHORTEST))
}

async fn serve(
    arguments: &SandboxArguments,
    pace: Pace,
    mut stop: StopSignals,
) -> Result<Exit, Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start(arguments.world.config(pace)).await?;
    let urls = sandbox.urls();
    let mut text = format!(
        "chain   {}\ngithub  {}\nraw     {}\nyoutube {}\napify   {}\n",
        urls.node, urls.github_api, urls.github_raw, urls.youtube, urls.apify
    );
    if let Some(file) = &arguments.write_config {
        write_config(&sandbox, file)?;
        text += &format!("configuration for `tensorflix run --config {0}`: {0}\n", file.display());
    }
    if let Err(exit) = print(&(text + "Press Ctrl-C to stop the sandbox.\n")) {
        return Ok(exit);
    }
    let exit = stop.wait().await.logged();
    sandbox.stop().await;
    Ok(exit)
}

/// Writes the configuration last and atomically: when the file exists, the sandbox is ready.
fn write_config(sandbox: &Sandbox, file: &Path) -> io::Result<()> {
    let file = std::path::absolute(file)?;
    let folder = file.with_extension("sandbox");
    files::create_folder(&folder)?;
    // A new chain begins at each start, so each start uses a new store.
    let started_ms = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_millis();
    let config = sandbox_config::write(sandbox, &folder, &format!("validator-{started_ms}.db"))?;
    files::write(&file, |writer| writer.write_all(config.to_toml().as_bytes()))
        .map_err(|error| io::Error::other(format!("cannot write {}: {error}", file.display())))
}
