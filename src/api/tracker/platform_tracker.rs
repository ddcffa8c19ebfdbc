//! The platform tracker: public metrics of one video or reel.

use super::compatibility;
use super::desk::Desk;
use crate::api::front;
use crate::api::front::read_only;
use crate::api::guard::refusal::Refusal;
use crate::config::Compatibility;
use actix_web::HttpRequest;
use actix_web::web::{self, Data, Json, ServiceConfig};
use serde_json::Value;
use std::collections::BTreeMap;
use tensorflix_actors::platforms::{Found, PlatformSpec, TrackerRoute, spec_of};
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::platform::Platform;

/// The desks of all platforms, and the format of their answers.
pub struct Desks(pub BTreeMap<Platform, Desk>, pub Compatibility);

/// Registers its paths: one for each platform.
pub fn configure(desks: &Data<Desks>) -> impl Fn(&mut ServiceConfig) + Send + Clone + 'static {
    let desks = desks.clone();
    move |config| {
        config.app_data(desks.clone());
        for platform in desks.0.keys() {
            let Some(spec) = spec_of(*platform) else { continue };
            let handler = move |request: HttpRequest, desks: Data<Desks>| answer(spec, request, desks);
            config.service(read_only(spec.tracker.path, web::to(handler)));
        }
    }
}

/// The answer for one video or reel.
///
/// # Errors
/// [`Refusal`], as documented for clients.
async fn answer(spec: &'static PlatformSpec, request: HttpRequest, desks: Data<Desks>) -> Result<Json<Value>, Refusal> {
    let TrackerRoute { parameter, answer, .. } = spec.tracker;
    let (content, found) = look_up(&desks, spec.platform, &request, parameter).await?;
    Ok(Json(compatibility::answer(answer(&content, found), desks.1)))
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
