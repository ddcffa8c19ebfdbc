//! The OpenAPI document of the platform tracker: the common paths, and one for each platform.

use crate::api::front;
use crate::api::guard::refusal::Detail;
use crate::api::watch::health::HealthReport;
use tensorflix_actors::platforms::{AnswerSchema, PlatformSpec};
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ContentBuilder, PathItem, Ref, Required, ResponseBuilder, schema};
use utoipa::{OpenApi, PartialSchema, ToSchema};

/// What the service publishes of itself, whichever platforms it serves.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "TensorFlix platform tracker",
        description = "Public metrics of videos and reels: from the store while they are fresh, else from the platform."
    ),
    paths(front::health, front::metrics, front::openapi),
    components(schemas(HealthReport, Detail))
)]
struct Common;

/// The document for these platforms.
pub fn of_platforms(specs: impl Iterator<Item = &'static PlatformSpec>) -> utoipa::openapi::OpenApi {
    let mut document = Common::openapi();
    for spec in specs {
        let AnswerSchema { name, schemas } = (spec.tracker.schema)();
        let item = PathItem::new(HttpMethod::Get, operation(spec, &name));
        document.paths.paths.insert(spec.tracker.path.to_owned(), item);
        document.components.get_or_insert_default().schemas.extend(schemas);
    }
    document
}

fn operation(spec: &PlatformSpec, answer: &str) -> OperationBuilder {
    let rules = spec.platform.rules();
    let (title, content) = (rules.title, rules.content);
    let id = ParameterBuilder::new()
        .name(spec.tracker.parameter)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(spec.platform.grammar()))
        .schema(Some(String::schema()));
    let refusals = [
        ("400", "the request has a body, or no valid Host".to_owned()),
        ("403", "sent by a web page of another site, and not stored".to_owned()),
        ("404", format!("{title} has no such {content}")),
        ("421", "sent to a host name that is not served here".to_owned()),
        ("422", format!("not the id of a {content}")),
        ("429", "too many requests from this address".to_owned()),
        ("503", format!("{title} or its budget is unavailable: try again after Retry-After")),
    ];
    let operation = OperationBuilder::new()
        .summary(Some(format!("Metrics of one {content} on {title}.")))
        .operation_id(Some(format!("{}_{content}", rules.name)))
        .parameter(id)
        .response("200", response(format!("what {title} says about the {content}"), answer));
    refusals
        .into_iter()
        .fold(operation, |operation, (status, words)| operation.response(status, response(words, &Detail::name())))
}

fn response(words: String, answer: &str) -> ResponseBuilder {
    let schema: Ref = schema::Ref::from_schema_name(answer);
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new().description(words).content("application/json", content)
}
