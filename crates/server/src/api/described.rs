//! What the description says of every route alike, so that no handler has to repeat it: that problems are
//! `application/problem+json`, and what the layers around the routes answer.

use utoipa::openapi::{
    OpenApi, Ref, RefOr, Response, Schema,
    content::ContentBuilder,
    path::{Operation, ParameterIn},
    response::ResponseBuilder,
    security::SecurityRequirement,
};

const JSON: &str = "application/json";
const PROBLEM_JSON: &str = "application/problem+json";
const PROBLEM: &str = "Problem";
/// Clients of OpenAI read its errors.
const OPENAI: &str = "OpenAiError";

const WITH_KEY: &[(&str, &str)] = &[
    ("401", "Nobody knows who calls, or they may not come in."),
    ("403", "The role does not allow it."),
    ("429", "Too many requests, or too many failures from this address: wait as long as `Retry-After` says."),
    ("503", "A part is away, or more is asked than can be answered in time."),
];
const WITH_BODY: &[(&str, &str)] = &[
    ("413", "The body is larger than this server reads."),
    ("415", "The body is not JSON."),
    ("422", "The body is not what it must be."),
];
const WITH_PATH: &[(&str, &str)] = &[("404", "There is none, or it is not the caller's.")];
const WITH_FIELDS: &[(&str, &str)] = &[("422", "The query or a header is not what it must be.")];

/// Completes a description.
pub(super) fn complete(described: &mut OpenApi) {
    for (path, item) in &mut described.paths.paths {
        let openai = path.starts_with("/v1/chat/") || path.starts_with("/v1/models");
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            tell(operation, openai);
        }
    }
}

fn tell(operation: &mut Operation, openai: bool) {
    let told = answers(operation);
    let (shape, kind) = if openai { (OPENAI, JSON) } else { (PROBLEM, PROBLEM_JSON) };
    // What is 422 elsewhere is 400 there, and is told.
    for (status, why) in told.into_iter().filter(|(status, _)| !openai || *status != "422") {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(shape))).build();
        let response = ResponseBuilder::new().description(why).content(kind, content).build();
        operation.responses.responses.entry(status.to_owned()).or_insert(RefOr::T(response));
    }
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            name_problems(response);
        }
    }
}

/// What the layers answer to such an operation.
fn answers(operation: &Operation) -> Vec<(&'static str, &'static str)> {
    let open = SecurityRequirement::default();
    let is_open = operation.security.as_ref().is_some_and(|all| all.iter().all(|one| *one == open));
    let mut told: Vec<(&str, &str)> = Vec::new();
    if !is_open {
        told.extend(WITH_KEY);
    }
    if operation.request_body.is_some() {
        told.extend(WITH_BODY);
    }
    for parameter in operation.parameters.iter().flatten() {
        if let RefOr::T(parameter) = parameter {
            told.extend(if parameter.parameter_in == ParameterIn::Path { WITH_PATH } else { WITH_FIELDS });
        }
    }
    told
}

fn name_problems(response: &mut Response) {
    let is_problem = |schema: &Option<RefOr<Schema>>| matches!(schema, Some(RefOr::Ref(of)) if of.ref_location.ends_with("/Problem"));
    let of = |content: &RefOr<utoipa::openapi::Content>| matches!(content, RefOr::T(content) if is_problem(&content.schema));
    if response.content.get(JSON).is_some_and(of)
        && let Some(content) = response.content.shift_remove(JSON)
    {
        response.content.insert(PROBLEM_JSON.to_owned(), content);
    }
}
