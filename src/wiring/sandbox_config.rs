//! A configuration that makes `run` work against a sandbox: addresses, a throwaway wallet, keys, a store.

use crate::adapters::files;
use crate::config::Config;
use std::io;
use std::path::Path;
use tensorflix_actors::platforms::KEY_FILE;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::verification::CheckMode;
use tensorflix_sandbox::{
    APIFY_API_KEY, NETUID, OPENAI_API_KEY, SIGHTENGINE_API_SECRET, SIGHTENGINE_API_USER, Sandbox, SandboxUrls,
    WEBHOOK_TOKEN, YOUTUBE_API_KEY,
};

/// Name of the wallet and of its hotkey.
const WALLET: &str = "sandbox";

/// Writes wallet and key files into `folder`, which must be the sandbox's own, and gives the configuration that uses
/// them, with the store beside them.
///
/// # Errors
/// If a file cannot be written.
pub fn write(sandbox: &Sandbox, folder: &Path, store_name: &str) -> io::Result<Config> {
    let (urls, validator) = (sandbox.urls(), sandbox.validator());
    let wallet = folder.join("wallets").join(WALLET);
    for folder in [folder.join("wallets"), wallet.clone(), wallet.join("hotkeys")] {
        files::create_folder(&folder)?;
    }
    write_private(&wallet.join("hotkeys").join(WALLET), &validator.hotkey_keyfile)?;
    write_private(&wallet.join("hotkeys").join(format!("{WALLET}pub.txt")), &validator.hotkey_public_keyfile)?;
    write_private(&wallet.join("coldkeypub.txt"), &validator.coldkey_public_keyfile)?;

    let mut config = Config::default();
    config.network.netuid = NETUID;
    config.network.network.clone_from(&urls.node);
    config.wallet.path = text(&folder.join("wallets"))?;
    WALLET.clone_into(&mut config.wallet.name);
    WALLET.clone_into(&mut config.wallet.hotkey);
    config.validator.username = validator.username;
    config.validator.gist_id = validator.gist_id;
    config.github.api_url = url(&urls.github_api)?;
    config.github.raw_url = url(&urls.github_raw)?;
    for (platform, address, key) in
        [(Platform::YOUTUBE, &urls.youtube, YOUTUBE_API_KEY), (Platform::INSTAGRAM, &urls.apify, APIFY_API_KEY)]
    {
        let file = folder.join(format!("{platform}.key"));
        write_private(&file, key)?;
        let platforms = &mut config.platforms;
        platforms.try_set(platform.name(), "api_url", address.as_str()).map_err(io::Error::other)?;
        platforms.try_set(platform.name(), KEY_FILE, text(&file)?).map_err(io::Error::other)?;
        platforms.set(platform.name(), "requests_per_second", LOOPBACK_REQUESTS_PER_SECOND);
        config.secrets.platform_keys.insert(platform, vec![key.to_owned().into()]);
    }
    config.github.requests_per_second = LOOPBACK_REQUESTS_PER_SECOND;
    config.network.requests_per_second = LOOPBACK_REQUESTS_PER_SECOND;
    detectors(&mut config, &urls, folder)?;
    config.store.url = format!("sqlite://{}", text(&folder.join(store_name))?);
    Ok(config)
}

/// Every check is enforced, by the sandbox's detectors.
fn detectors(config: &mut Config, urls: &SandboxUrls, folder: &Path) -> io::Result<()> {
    let files = [
        ("sightengine.user", SIGHTENGINE_API_USER),
        ("sightengine.key", SIGHTENGINE_API_SECRET),
        ("openai.key", OPENAI_API_KEY),
        ("webhook.token", WEBHOOK_TOKEN),
    ];
    let [user, secret, openai, token] = files.map(|(name, secret)| {
        let file = folder.join(name);
        write_private(&file, secret).map(|()| Some(file))
    });
    (config.sightengine.api_user_file, config.sightengine.api_secret_file) = (user?, secret?);
    (config.openai.api_key_file, config.webhook.token_file) = (openai?, token?);
    config.sightengine.api_url = url(&urls.sightengine)?;
    config.openai.api_url = url(&urls.openai)?;
    config.webhook.url = Some(url(&urls.webhook)?);
    config.sightengine.requests_per_second = LOOPBACK_REQUESTS_PER_SECOND;
    config.openai.requests_per_second = LOOPBACK_REQUESTS_PER_SECOND;
    config.webhook.requests_per_second = LOOPBACK_REQUESTS_PER_SECOND;
    config.secrets.sightengine_api_user = Some(SIGHTENGINE_API_USER.to_owned().into());
    config.secrets.sightengine_api_secret = Some(SIGHTENGINE_API_SECRET.to_owned().into());
    config.secrets.openai_api_key = Some(OPENAI_API_KEY.to_owned().into());
    config.secrets.webhook_token = Some(WEBHOOK_TOKEN.to_owned().into());
    (config.verifier.ai, config.verifier.illicit) = (CheckMode::Enforce, CheckMode::Enforce);
    config.verifier.topic = CheckMode::Enforce;
    Ok(())
}

/// A sandbox on loopback has no other clients to be considerate of.
const LOOPBACK_REQUESTS_PER_SECOND: f64 = 1_000.0;

fn url(text: &str) -> io::Result<url::Url> {
    text.parse().map_err(|error| io::Error::other(format!("the sandbox's address {text} is not a URL: {error}")))
}

fn text(path: &Path) -> io::Result<String> {
    path.to_str()
        .map(str::to_owned)
        .ok_or_else(|| io::Error::other(format!("{} cannot be written into a configuration", path.display())))
}

/// Writes a file that only its owner can read.
fn write_private(path: &Path, content: &str) -> io::Result<()> {
    files::write(path, |writer| writer.write_all(content.as_bytes()))
        .map_err(|error| io::Error::other(format!("{} cannot be written: {error}", path.display())))
}
