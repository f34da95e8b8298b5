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
    let metrics_token = Http::new(HttpAuthScheme::Bearer).description("The text of PGVIGIL_METRICS_TOKEN");
    let cookie =
        ApiKey::Cookie(ApiKeyValue::with_description("refresh_token", "Set by signing in; scripts cannot read it"));
    let document = OpenApi::new("pgvigil", env!("CARGO_PKG_VERSION"))
        .merge_router(&crate::routes::api())
        .merge_router(&crate::metrics::routes())
        .add_security_scheme("bearer", bearer)
        .add_security_scheme("metricsToken", SecurityScheme::Http(metrics_token))
        .add_security_scheme("refreshCookie", SecurityScheme::ApiKey(cookie));
    // Maps of texts and schemas always serialise.
    let mut document = serde_json::to_value(document).unwrap_or_default();
    add_permissions(&mut document);
    keep_possible_errors(&mut document);
    add_refusals_of_the_server(&mut document);
    add_headers(&mut document);
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
        None if path == METRICS => operation["security"] = json!([{ "bearer": [] }, { "metricsToken": [] }]),
        None => {}
    });
}

/// Not under `/api`, and so not in the table: whoever is signed in may, and whoever has its token.
const METRICS: &str = "metrics";

/// What stored secrets are opened for: these may not open.
const OPENS_SECRETS: [&str; 3] = ["api/servers/test", "api/servers/{name}/test-pg", "api/servers/{name}/test-ssh"];

/// What plugins can refuse in the state in which they are.
const PLUGIN_ACTIONS: [&str; 6] = [
    "api/plugins/reload",
    "api/plugins/{name}/run",
    "api/plugins/{name}/enable",
    "api/plugins/{name}/disable",
    "api/plugins/{name}/rollback",
    "api/plugins/{name}/retry",
];

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
            "401" => access != Some(Access::Public) || path == "api/token" || path == REFRESH,
            "403" => changes_state || is_above_viewer,
            "404" => names_something,
            "409" => OPENS_SECRETS.contains(&path) || PLUGIN_ACTIONS.contains(&path),
            "400" | "422" => has_body || has_parameters,
            "408" | "413" => has_body,
            _ => true,
        };
        if let Some(responses) = operation["responses"].as_object_mut() {
            responses.retain(|status, _| is_possible(status));
        }
    });
}

/// What is refused before any handler sees it, so without a body that says why.
fn add_refusals_of_the_server(document: &mut Value) {
    each_operation(document, |_, _, operation| {
        operation["responses"]["431"] =
            json!({ "description": "More than 100 headers, or more than 64 KiB of them; without a body" });
    });
}

/// (path, status) of answers that set the refresh cookie, or clear it.
const SET_COOKIE: [(&str, &str, &str); 5] = [
    ("api/token", "200", SETS_COOKIE),
    (REFRESH, "200", SETS_COOKIE),
    ("api/users/me/password", "200", SETS_COOKIE),
    ("api/logout", "200", CLEARS_COOKIE),
    (REFRESH, "401", CLEARS_COOKIE),
];
const SETS_COOKIE: &str = "`refresh_token`, HttpOnly, SameSite=Strict, Path=/, Max-Age=604800, and Secure but on a plain page \
    of loopback. Absent while the store takes no writes.";
const CLEARS_COOKIE: &str = "`refresh_token` with Max-Age=0";

fn add_headers(document: &mut Value) {
    each_operation(document, |_, path, operation| {
        let wait = json!({ "description": "Seconds to wait", "required": true, "schema": { "type": "integer", "minimum": 1 } });
        operation["responses"]["429"]["headers"] = json!({ "Retry-After": wait });
        for (_, status, told) in SET_COOKIE.iter().filter(|(setting, ..)| *setting == path) {
            let cookie = json!({ "description": told, "schema": { "type": "string" } });
            operation["responses"][*status]["headers"] = json!({ "Set-Cookie": cookie });
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
