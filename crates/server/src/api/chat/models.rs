//! The assistants as models: a key is shown those that it may use.

use axum::extract::{Path, State};
use contactiq_domain::Mode;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::ErrorShape;
use crate::{api::error::ApiError, app::App, guard::identity::Caller};

/// When these models came to be, in seconds: clients sort by it.
const CREATED: i64 = 1_795_910_400;

/// One assistant.
#[derive(Serialize, ToSchema)]
pub struct Model {
    /// `contactiq-customer` or `contactiq-banker`.
    #[schema(value_type = String, example = "contactiq-customer")]
    id: &'static str,
    /// `model`.
    #[schema(value_type = String, example = "model")]
    object: &'static str,
    /// When it came to be, in seconds.
    created: i64,
    /// The bank.
    owned_by: String,
}

/// Assistants that the key may use.
#[derive(Serialize, ToSchema)]
pub struct Models {
    /// `list`.
    #[schema(value_type = String, example = "list")]
    object: &'static str,
    /// Which.
    data: Vec<Model>,
}

/// What an assistant is called as a model.
pub(super) const fn name(mode: Mode) -> &'static str {
    match mode {
        Mode::Customer => "contactiq-customer",
        Mode::Banker => "contactiq-banker",
    }
}

/// The assistant of this name.
pub(super) fn mode(model: &str) -> Option<Mode> {
    Mode::ALL.iter().copied().find(|mode| name(*mode) == model)
}

fn model(app: &App, mode: Mode) -> Model {
    Model { id: name(mode), object: "model", created: CREATED, owned_by: app.config.bank.name.clone() }
}

/// List the assistants that the key may use, as OpenAI's clients ask for models.
#[utoipa::path(
    get, path = "/v1/models", tag = "chat",
    responses((status = 200, body = Models), (status = 401, body = ErrorShape))
)]
pub async fn list(State(app): State<App>, caller: Caller) -> axum::Json<Models> {
    let may = Mode::ALL.iter().copied().filter(|mode| caller.may(mode.permission()));
    axum::Json(Models { object: "list", data: may.map(|mode| model(&app, mode)).collect() })
}

/// Read one of them.
#[utoipa::path(
    get, path = "/v1/models/{model}", tag = "chat",
    params(("model" = String, Path, description = "Its id")),
    responses((status = 200, body = Model), (status = 401, body = ErrorShape), (status = 404, body = ErrorShape))
)]
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<Model>, ApiError> {
    let known = mode(&id).filter(|mode| caller.may(mode.permission()));
    Ok(axum::Json(model(&app, known.ok_or(ApiError::NoModel)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_assistant_is_a_model_and_nothing_else_is() {
        for known in Mode::ALL {
            assert_eq!(mode(name(*known)), Some(*known));
        }
        for other in ["", "gpt-4o", "contactiq", "Contactiq-Customer", "contactiq-customer "] {
            assert_eq!(mode(other), None, "{other}");
        }
    }
}
