//! The platform tracker: public metrics of one video or reel.

use super::compatibility;
use super::contents::{InstagramReel, LiveBroadcast, YoutubeVideo};
use super::desk::{Desk, Found};
use crate::api::front;
use crate::api::front::read_only;
use crate::api::guard::refusal::{Detail, Refusal};
use crate::api::watch::health::HealthReport;
use crate::config::Compatibility;
use actix_web::HttpRequest;
use actix_web::web::{self, Data, Json, ServiceConfig};
use serde_json::Value;
use std::collections::BTreeMap;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::platform::Platform;
use utoipa::OpenApi;

/// Name of the id in the path of a video.
const VIDEO_ID: &str = "video_id";
/// Name of the id in the path of a reel.
const REEL_ID: &str = "reel_id";

/// The desks of all platforms, and the form of their answers.
pub struct Desks(pub BTreeMap<Platform, Desk>, pub Compatibility);

/// What the service publishes of itself.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "TensorFlix platform tracker",
        description = "Public metrics of videos and reels: stored ones while they are fresh, else asked of the platform."
    ),
    paths(youtube_video, instagram_reel, front::health, front::metrics, front::openapi),
    components(schemas(YoutubeVideo, LiveBroadcast, InstagramReel, HealthReport, Detail))
)]
pub struct Document;

/// Registers its addresses.
pub fn configure(desks: &Data<Desks>) -> impl Fn(&mut ServiceConfig) + Send + Clone + 'static {
    let desks = desks.clone();
    move |config| {
        config
            .app_data(desks.clone())
            .service(read_only("/youtube/video/{video_id}", web::to(youtube_video)))
            .service(read_only("/instagram/reel/{reel_id}", web::to(instagram_reel)));
    }
}

/// A YouTube video.
///
/// # Errors
/// [`Refusal`], as documented for clients.
#[utoipa::path(get, path = "/youtube/video/{video_id}",
    params(("video_id" = String, Path, description = "11 of A-Z a-z 0-9 _ -")),
    responses(
        (status = 200, description = "what YouTube says of it", body = YoutubeVideo),
        (status = 400, description = "a body, or no Host that could be one", body = Detail),
        (status = 403, description = "asked by a page of another site, and not stored", body = Detail),
        (status = 404, description = "YouTube has no such video", body = Detail),
        (status = 421, description = "sent to a host name that is not served here", body = Detail),
        (status = 422, description = "not the id of a video", body = Detail),
        (status = 429, description = "too many requests from this address", body = Detail),
        (status = 503, description = "YouTube or the quota is out: come again after Retry-After", body = Detail),
    ))]
pub async fn youtube_video(request: HttpRequest, desks: Data<Desks>) -> Result<Json<Value>, Refusal> {
    let (content, found) = look_up(&desks, Platform::YOUTUBE, &request, VIDEO_ID).await?;
    Ok(Json(compatibility::answer(&YoutubeVideo::new(&content, found), desks.1)))
}

/// An Instagram reel.
///
/// # Errors
/// [`Refusal`], as documented for clients.
#[utoipa::path(get, path = "/instagram/reel/{reel_id}",
    params(("reel_id" = String, Path, description = "5 to 40 of A-Z a-z 0-9 _ -")),
    responses(
        (status = 200, description = "what Instagram says of it", body = InstagramReel),
        (status = 400, description = "a body, or no Host that could be one", body = Detail),
        (status = 403, description = "asked by a page of another site, and not stored", body = Detail),
        (status = 404, description = "Instagram has no such reel", body = Detail),
        (status = 421, description = "sent to a host name that is not served here", body = Detail),
        (status = 422, description = "not the id of a reel", body = Detail),
        (status = 429, description = "too many requests from this address", body = Detail),
        (status = 503, description = "Apify or the budget is out: come again after Retry-After", body = Detail),
    ))]
pub async fn instagram_reel(request: HttpRequest, desks: Data<Desks>) -> Result<Json<Value>, Refusal> {
    let (content, found) = look_up(&desks, Platform::INSTAGRAM, &request, REEL_ID).await?;
    Ok(Json(compatibility::answer(&InstagramReel::new(&content, found), desks.1)))
}

async fn look_up(
    desks: &Desks,
    platform: Platform,
    request: &HttpRequest,
    id: &str,
) -> Result<(ContentId, Found), Refusal> {
    let content = ContentId::new(platform, request.match_info().query(id)).map_err(|_| {
        let rules = platform.rules();
        let article = if rules.title.starts_with(['A', 'E', 'I', 'O', 'U']) { "an" } else { "a" };
        let (title, content, grammar) = (rules.title, rules.content, platform.grammar());
        Refusal::not_valid(format!("not the id of {article} {title} {content}, which is {grammar}"))
    })?;
    let desk = desks.0.get(&platform).ok_or_else(|| Refusal::not_found("this platform is not served"))?;
    let found = desk.look_up(&content, front::is_foreign(request)).await?;
    Ok((content, found))
}
