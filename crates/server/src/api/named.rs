//! The names that a back end may give: of the person and of the sitting that it speaks for.

use contactiq_domain::Permission;

use super::error::ApiError;
use crate::guard::identity::Caller;

/// The longest name, in characters.
const LONGEST: usize = 128;

/// Whether the caller is a back end that speaks for people.
pub(super) fn acts(caller: &Caller) -> bool {
    caller.may(Permission::ActForSubject) && caller.key.is_some()
}

/// The name in this field, `None` where none was given.
///
/// # Errors
/// `not_a_service` when the caller may give none, `name_invalid` when it is no name.
pub(super) fn named(
    caller: &Caller,
    name: Option<String>,
    field: &'static str,
) -> Result<Option<String>, ApiError> {
    let Some(name) = name else { return Ok(None) };
    if !acts(caller) {
        return Err(ApiError::parameter(
            "not_a_service",
            field,
            "only a service key may name it; leave it out",
        ));
    }
    fit(field, name).map(Some)
}

/// A name that people may have here: not that of nobody, which stands where somebody was erased.
///
/// # Errors
/// `name_invalid` when it is no name.
pub(super) fn fit(field: &'static str, name: String) -> Result<String, ApiError> {
    let odd = name.starts_with("erased:") || name.chars().any(char::is_control);
    if !(1..=LONGEST).contains(&name.chars().count()) || odd {
        return Err(ApiError::parameter(
            "name_invalid",
            field,
            format!("1 to {LONGEST} characters without control characters"),
        ));
    }
    Ok(name)
}

/// The subject that a caller speaks for: a back end may name it, everyone else is it.
///
/// # Errors
/// As [`named`].
pub(super) fn whose(caller: &Caller, subject: Option<String>) -> Result<String, ApiError> {
    Ok(named(caller, subject, "subject")?.unwrap_or_else(|| caller.own_subject()))
}
