//! What the reel scraper writes into a dataset: an item for each reel, or an error item.
//!
//! Fields as observed in public samples; Apify publishes no schema. Hidden likes are -1, unknown views are null, and
//! the order is not that of the input: join by `shortCode`.

use serde_json::{Value, json};

use crate::world::{Content, Counts, Platform, World, milliseconds};

/// The order of the items follows from their codes under this hash's offset basis (FNV-1a, 64 bits).
const SHUFFLE_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const SHUFFLE_PRIME: u64 = 0x0000_0100_0000_01b3;

/// The short code in the address of a reel or post; none in anything else.
pub(super) fn short_code(address: &str) -> Option<&str> {
    let (_, path) = address.split_once("instagram.com/")?;
    let mut segments = path.split(['/', '?']).filter(|segment| !segment.is_empty());
    let kind = segments.next()?;
    matches!(kind, "reel" | "reels" | "p").then(|| segments.next())?
}

/// The items for these addresses, in an order of their own.
pub(super) fn scraped(world: &World, block: u32, addresses: &[&str], is_blocked: impl Fn(&str) -> bool) -> Vec<Value> {
    let mut ordered: Vec<&str> = addresses.to_vec();
    ordered.sort_by_key(|address| shuffled(address));
    ordered.dedup();
    ordered
        .into_iter()
        .map(|address| match short_code(address) {
            Some(code) if is_blocked(code) => {
                error_item(address, "no_items", "Empty or private data for provided input")
            }
            Some(code) => match world.visible_content(Platform::Instagram, code, block) {
                Some(reel) => item(&reel, world.counts(&reel, block), address),
                None => error_item(address, "not_found", "Post does not exist"),
            },
            // The name of a profile, or an address of something else.
            None => error_item(address, "no_items", "Empty or private data for provided input"),
        })
        .collect()
}

/// Whether an item reports an error instead of a reel.
pub(super) fn is_error(item: &Value) -> bool {
    item.get("error").is_some()
}

fn item(reel: &Content, counts: Counts, input_url: &str) -> Value {
    json!({
        "id": shuffled(&reel.id).to_string(),
        "type": "Video",
        "productType": "clips",
        "shortCode": reel.id,
        "url": format!("https://www.instagram.com/reel/{}/", reel.id),
        "inputUrl": input_url,
        "caption": reel.text,
        "hashtags": [],
        "mentions": [],
        "timestamp": milliseconds(reel.published_ms),
        "ownerUsername": reel.author,
        "ownerFullName": reel.author,
        "likesCount": counts.likes.map_or(json!(-1), |likes| json!(likes)),
        "commentsCount": counts.comments,
        "videoViewCount": counts.views,
        "videoPlayCount": counts.plays,
        "videoDuration": reel.duration_secs,
        "displayUrl": format!("https://scontent.cdninstagram.com/{}.jpg", reel.id),
        "isSponsored": false,
    })
}

fn error_item(input_url: &str, error: &str, description: &str) -> Value {
    json!({"inputUrl": input_url, "url": input_url, "error": error, "errorDescription": description})
}

fn shuffled(text: &str) -> u64 {
    text.bytes().rev().fold(SHUFFLE_BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(SHUFFLE_PRIME))
}
