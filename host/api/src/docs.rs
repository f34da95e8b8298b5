//! The OpenAPI document, and two ways to read it in a browser without any other site.

use std::sync::LazyLock;

use pgvigil_storage::Role;
use salvo::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use salvo::oapi::naming::{FlexNamer, set_namer};
use salvo::oapi::redoc::ReDoc;
use salvo::oapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme};
use salvo::oapi::swagger_ui::{Config, SwaggerUi};
use salvo::oapi::{OpenApi, SecurityScheme};
use salvo::prelude::*;
use serde_json::{Value, json};

use crate::permissions::{Access, access};

/// Both pages carry scripts and styles of their own in the text.
const RELAXED_POLICY: &str = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; worker-src 'self' blob:; frame-ancestors 'none'";

/// The web build copies it there.
const REDOC_SCRIPT: &str = "/assets/redoc.standalone.js";

static DOCUMENT: LazyLock<String> = LazyLock::new(build);

/// The API as an OpenAPI 3.1 document, the same for every host of this version.
pub fn openapi_json() -> String {
    DOCUMENT.clone()
}

pub(crate) fn routes() -> Vec<Router> {
    let swagger = SwaggerUi::new(Config::from("/openapi.json").validator_url("none")).title("pgvigil API");
    let redoc = ReDoc::new("/openapi.json").lib_url(REDOC_SCRIPT).title("pgvigil API");
    vec![
        Router::with_path("openapi.json").get(send_document),
        Router::with_hoop(relax_policy).push(swagger.into_router("docs")).push(redoc.into_router("redoc")),
    ]
}

#[handler]
async fn send_document(res: &mut Response) {
    res.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    res.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    res.body(DOCUMENT.as_str());
}

#[handler]
async fn relax_policy(res: &mut Response) {
    res.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(RELAXED_POLICY));
}

fn build() -> String {
    // Before any schema is named: `Server`, not `pgvigil_api.servers.Server`.
    set_namer(FlexNamer::new().short_mode(true));
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer).bearer_format("JWT"));
    let cookie =
        ApiKey::Cookie(ApiKeyValue::with_description("refresh_token", "Set by signing in; scripts cannot read it"));
    let document = OpenApi::new("pgvigil", env!("CARGO_PKG_VERSION"))
        .merge_router(&crate::routes::api())
        .add_security_scheme("bearer", bearer)
        .add_security_scheme("refreshCookie", SecurityScheme::ApiKey(cookie));
    // Maps of texts and schemas always serialise.
    let mut document = serde_json::to_value(document).unwrap_or_default();
    add_permissions(&mut document);
    keep_possible_errors(&mut document);
    readiness_is_told_with_503(&mut document);
    require_answered_fields(&mut document);
    serde_json::to_string_pretty(&document).unwrap_or_default()
}

/// Calls `change` with method, path and description of every operation.
fn each_operation(document: &mut Value, mut change: impl FnMut(&str, &str, &mut Value)) {
    let Some(paths) = document["paths"].as_object_mut() else { return };
    for (path, operations) in paths {
        let Some(operations) = operations.as_object_mut() else { continue };
        for (method, operation) in operations {
            change(&method.to_uppercase(), path.trim_start_matches('/'), operation);
        }
    }
}

/// Authorised by its cookie.
const REFRESH: &str = "api/refresh";

/// Takes from the permission table who may call what, so that the two cannot differ.
fn add_permissions(document: &mut Value) {
    each_operation(document, |method, path, operation| match access(method, path) {
        Some(Access::From(role)) => {
            operation["security"] = json!([{ "bearer": [] }]);
            operation["x-role"] = json!(role.as_str());
        }
        Some(Access::Public) if path == REFRESH => operation["security"] = json!([{ "refreshCookie": [] }]),
        Some(Access::Public) => operation["security"] = json!([]),
        None => {}
    });
}

/// Where attempts are limited.
const LIMITED: [&str; 3] = ["api/token", REFRESH, "api/users/me/password"];

/// Every operation comes with all errors that there are; those that it cannot answer go.
fn keep_possible_errors(document: &mut Value) {
    each_operation(document, |method, path, operation| {
        let access = access(method, path);
        let has_body = operation.get("requestBody").is_some();
        let has_parameters = operation["parameters"].as_array().is_some_and(|parameters| !parameters.is_empty());
        let names_something =
            path.contains('{') || has_parameters && operation["parameters"].to_string().contains("\"server\"");
        let changes_state = method != "GET";
        let is_above_viewer = matches!(access, Some(Access::From(role)) if role > Role::Viewer);
        let is_possible = |status: &str| match status {
            "401" => matches!(access, Some(Access::From(_))) || path == "api/token" || path == REFRESH,
            "403" => changes_state || is_above_viewer,
            "404" => names_something,
            "400" | "422" => has_body || has_parameters,
            "413" => has_body,
            "429" => LIMITED.contains(&path),
            _ => true,
        };
        if let Some(responses) = operation["responses"].as_object_mut() {
            responses.retain(|status, _| is_possible(status));
        }
    });
}

/// The one failure that is not a problem but an answer.
fn readiness_is_told_with_503(document: &mut Value) {
    let responses = &mut document["paths"]["/api/ready"]["get"]["responses"];
    let answer = responses["200"]["content"].clone();
    responses["503"] = json!({ "description": "The host cannot work; `checks` says why", "content": answer });
}

/// What callers send: there a field may be left out.
const INPUTS: [&str; 13] = [
    "CriteriaIn",
    "GenerateKeyIn",
    "ImportKeyIn",
    "KeyFileIn",
    "PasswordChangeIn",
    "RunPluginIn",
    "ServerIn",
    "SettingsIn",
    "SignIn",
    "SshKeyChangesIn",
    "TestIn",
    "UserChangesIn",
    "UserIn",
];

/// Left out of an answer where they mean nothing.
const OMITTED_FIELDS: [(&str, &str); 2] = [("Problem", "errors"), ("TestResult", "auth_type")];

/// Every field of an answer is there, null where unknown; a generated client then need not ask for both.
fn require_answered_fields(document: &mut Value) {
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return };
    for (name, schema) in schemas.iter_mut().filter(|(name, _)| !INPUTS.contains(&name.as_str())) {
        let Some(properties) = schema["properties"].as_object() else { continue };
        let is_answered = |field: &&String| !OMITTED_FIELDS.contains(&(name.as_str(), field.as_str()));
        let required: Vec<&String> = properties.keys().filter(is_answered).collect();
        schema["required"] = json!(required);
    }
}
