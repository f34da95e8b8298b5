//! Everything that can go wrong in a request, and the one place where it becomes HTTP (RFC 9457).

use pgvigil_model::ServerName;
use pgvigil_storage::StorageError;
use salvo::http::header::{ALLOW, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use salvo::http::{ParseError, StatusCode};
use salvo::oapi::{Components, Content, EndpointOutRegister, Operation, ToSchema};
use salvo::prelude::*;
use salvo::request_id::RequestIdDepotExt;
use serde::Serialize;

use crate::host::PluginActionError;
use crate::permissions::methods_at;

pub(crate) type ApiResult<T> = Result<T, ApiError>;

#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("{0}")]
    Unauthenticated(AuthFailure),
    #[error("your role is `{role}`, but this needs `{needed}`")]
    Forbidden { role: &'static str, needed: &'static str },
    #[error("origin `{0}` may not change anything here; add it to the allowed origins if it is yours")]
    ForeignOrigin(String),
    #[error("there is no server called `{0}`")]
    NoSuchServer(String),
    #[error("there is no database called `{database}` on server `{server}`")]
    NoSuchDatabase { server: ServerName, database: String },
    #[error("there is no plugin called `{0}` in plugins.toml")]
    NoSuchPlugin(String),
    #[error("no plugin ever declared a metric set called `{0}`; GET /api/metric-sets lists all")]
    NoSuchMetricSet(String),
    #[error("{0}")]
    PluginAction(String),
    #[error("nothing is at this address")]
    NoSuchRoute,
    #[error("there is no user called `{0}`")]
    NoSuchUser(String),
    #[error("there is no SSH key `{0}`")]
    NoSuchSshKey(String),
    #[error("there is no such session of yours; it may have ended by itself")]
    NoSuchSession,
    #[error("there is no such {0} any more")]
    Gone(&'static str),
    #[error("a server called `{0}` exists already")]
    ServerExists(ServerName),
    #[error("a user called `{0}` exists already")]
    UserExists(String),
    #[error("an SSH key called `{0}` exists already")]
    SshKeyExists(String),
    #[error("this very key is stored already (fingerprint {0})")]
    SshKeyKnown(String),
    #[error("the SSH key is in use by {}; let them log in another way first", .0.join(", "))]
    SshKeyInUse(Vec<String>),
    #[error("{0} is taken")]
    Taken(&'static str),
    #[error("you cannot delete your own account; another admin can")]
    OwnAccount,
    #[error("this would leave no active admin; make another user an admin first")]
    LastAdmin,
    #[error("{0}")]
    BadRequest(String),
    #[error("the body must be {0}")]
    WrongMediaType(&'static str),
    #[error("the body is larger than {limit_bytes} bytes")]
    BodyTooLarge { limit_bytes: usize },
    #[error("the body did not come within {seconds} s")]
    BodyTooSlow { seconds: f64 },
    /// Refused with 400 where the predecessor did so.
    #[error("{}", summary(.0))]
    Unacceptable(Vec<FieldError>),
    #[error("{}", summary(.0))]
    Invalid(Vec<FieldError>),
    #[error("too many attempts; try again in {retry_after_seconds} s")]
    TooManyAttempts { retry_after_seconds: u64 },
    #[error("too many requests; try again in {retry_after_seconds} s")]
    TooManyRequests { retry_after_seconds: u64 },
    #[error("the host is busy; try again in {retry_after_seconds} s")]
    Busy { retry_after_seconds: u64 },
    #[error("server `{server}` cannot be asked now: {detail}")]
    ServerAway { server: ServerName, detail: String },
    #[error("server `{server}` did not answer within {timeout_seconds} s")]
    ServerTimedOut { server: String, timeout_seconds: u64 },
    #[error(
        "the stored {0} cannot be decrypted with this host's encryption key; enter it again, or give the host the key back"
    )]
    Sealed(&'static str),
    #[error("the store cannot be used now")]
    Store(#[source] StorageError),
    #[error("the host failed; its log says more under this request id")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Why a caller is not known. Texts and order as the predecessor's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AuthFailure {
    #[error("Not authenticated")]
    Missing,
    #[error("Invalid token")]
    Invalid,
    #[error("Token expired")]
    Expired,
    #[error("Invalid token type")]
    WrongType,
    #[error("Token revoked")]
    Revoked,
    #[error("Invalid credentials")]
    Credentials,
    #[error("Refresh token missing")]
    RefreshMissing,
}

/// One field of a body or a query that is not acceptable, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// Name of the field or parameter; of a nested one its path (`settings.port`).
    pub(crate) field: String,
    pub(crate) message: String,
}

impl FieldError {
    pub(crate) fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

impl ApiError {
    pub(crate) fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(field, message)])
    }

    pub(crate) fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// Status and stable word of each kind of error.
    fn kind(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Unauthenticated(failure) => (
                StatusCode::UNAUTHORIZED,
                match failure {
                    AuthFailure::Missing | AuthFailure::RefreshMissing => "not-authenticated",
                    AuthFailure::Invalid | AuthFailure::WrongType => "token-invalid",
                    AuthFailure::Expired => "token-expired",
                    AuthFailure::Revoked => "session-ended",
                    AuthFailure::Credentials => "credentials-invalid",
                },
            ),
            Self::Forbidden { .. } => (StatusCode::FORBIDDEN, "role-insufficient"),
            Self::ForeignOrigin(_) => (StatusCode::FORBIDDEN, "origin-foreign"),
            Self::NoSuchServer(_) => (StatusCode::NOT_FOUND, "no-such-server"),
            Self::NoSuchDatabase { .. } => (StatusCode::NOT_FOUND, "no-such-database"),
            Self::NoSuchPlugin(_) => (StatusCode::NOT_FOUND, "no-such-plugin"),
            Self::NoSuchMetricSet(_) => (StatusCode::NOT_FOUND, "no-such-metric-set"),
            Self::NoSuchRoute => (StatusCode::NOT_FOUND, "no-such-route"),
            Self::NoSuchUser(_) => (StatusCode::NOT_FOUND, "no-such-user"),
            Self::NoSuchSshKey(_) => (StatusCode::NOT_FOUND, "no-such-ssh-key"),
            Self::NoSuchSession => (StatusCode::NOT_FOUND, "no-such-session"),
            Self::Gone(_) => (StatusCode::NOT_FOUND, "gone"),
            Self::PluginAction(_) => (StatusCode::CONFLICT, "plugin-action-refused"),
            Self::ServerExists(_) => (StatusCode::BAD_REQUEST, "server-exists"),
            Self::UserExists(_) => (StatusCode::BAD_REQUEST, "user-exists"),
            Self::SshKeyExists(_) => (StatusCode::BAD_REQUEST, "ssh-key-exists"),
            Self::SshKeyKnown(_) => (StatusCode::BAD_REQUEST, "ssh-key-known"),
            Self::SshKeyInUse(_) => (StatusCode::BAD_REQUEST, "ssh-key-in-use"),
            Self::Sealed(_) => (StatusCode::CONFLICT, "secret-sealed"),
            Self::Taken(_) => (StatusCode::BAD_REQUEST, "taken"),
            Self::OwnAccount => (StatusCode::BAD_REQUEST, "own-account"),
            Self::LastAdmin => (StatusCode::BAD_REQUEST, "last-admin"),
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, "bad-request"),
            Self::WrongMediaType(_) => (StatusCode::UNPROCESSABLE_ENTITY, "wrong-media-type"),
            Self::BodyTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large"),
            // Not 400: there may be nothing wrong with the request, and it may be sent again.
            Self::BodyTooSlow { .. } => (StatusCode::REQUEST_TIMEOUT, "body-too-slow"),
            Self::Unacceptable(_) => (StatusCode::BAD_REQUEST, "invalid-input"),
            Self::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid-input"),
            Self::TooManyAttempts { .. } => (StatusCode::TOO_MANY_REQUESTS, "too-many-attempts"),
            Self::TooManyRequests { .. } => (StatusCode::TOO_MANY_REQUESTS, "too-many-requests"),
            Self::Busy { .. } => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Self::ServerAway { .. } => (StatusCode::SERVICE_UNAVAILABLE, "server-away"),
            Self::ServerTimedOut { .. } => (StatusCode::SERVICE_UNAVAILABLE, "server-timed-out"),
            Self::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, "store-away"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "host-failed"),
        }
    }

    /// What forms show beside their fields.
    fn fields(self) -> Option<Vec<FieldError>> {
        let field = match self {
            Self::Invalid(errors) | Self::Unacceptable(errors) => return Some(errors),
            Self::ServerExists(_) | Self::SshKeyExists(_) => "name",
            Self::UserExists(_) => "login",
            _ => return None,
        };
        Some(vec![FieldError::new(field, "is taken")])
    }

    fn retry_after_seconds(&self) -> Option<u64> {
        match self {
            Self::TooManyAttempts { retry_after_seconds }
            | Self::TooManyRequests { retry_after_seconds }
            | Self::Busy { retry_after_seconds } => Some(*retry_after_seconds),
            _ => None,
        }
    }

    /// The causes, outermost first; for our log only, since they may name hosts and files.
    fn causes(&self) -> String {
        let mut causes = Vec::new();
        let mut next = std::error::Error::source(self);
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        causes.join(": ")
    }
}

/// All messages as one sentence.
fn summary(errors: &[FieldError]) -> String {
    errors.iter().map(|error| format!("{}: {}", error.field, error.message)).collect::<Vec<_>>().join("; ")
}

/// The body of every failed request, as `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// `urn:pgvigil:problem:` and a stable word.
    #[serde(rename = "type")]
    kind: String,
    /// The status in words.
    title: String,
    status: u16,
    /// For people, in English.
    detail: String,
    /// Also in the header `x-request-id` and in the host's log.
    request_id: String,
    /// Where fields are not acceptable: which, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<FieldError>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(skip))]
    message: Option<&'static str>,
}

impl Problem {
    fn new(status: StatusCode, word: &str, detail: String, depot: &Depot) -> Self {
        Self {
            kind: format!("urn:pgvigil:problem:{word}"),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail,
            request_id: depot.request_id().unwrap_or_default().to_owned(),
            errors: None,
            message: None,
        }
    }

    fn render(self, res: &mut Response) {
        res.status_code(StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
        res.headers_mut().insert("content-type", HeaderValue::from_static("application/problem+json"));
        // A struct of texts and numbers always serialises; an empty body would still carry the status.
        res.body(serde_json::to_vec(&self).unwrap_or_default());
    }
}

#[async_trait]
impl Writer for ApiError {
    async fn write(self, _req: &mut Request, depot: &mut Depot, res: &mut Response) {
        self.render(depot, res);
    }
}

impl ApiError {
    pub(crate) fn render(self, depot: &Depot, res: &mut Response) {
        let (status, word) = self.kind();
        let mut problem = Problem::new(status, word, self.to_string(), depot);
        if status.is_server_error() {
            tracing::warn!(request_id = problem.request_id, problem = word, causes = self.causes(), "{self}");
        }
        if status == StatusCode::UNAUTHORIZED {
            res.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after_seconds() {
            res.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        problem.errors = self.fields();
        problem.render(res);
    }
}

impl From<PluginActionError> for ApiError {
    fn from(refusal: PluginActionError) -> Self {
        Self::PluginAction(refusal.detail)
    }
}

impl From<StorageError> for ApiError {
    /// What a caller can mend is the caller's error; everything else is the store's.
    fn from(cause: StorageError) -> Self {
        match cause {
            StorageError::Taken { what } => Self::Taken(what),
            StorageError::NotFound { what } => Self::Gone(what),
            StorageError::KeyInUse { servers } => Self::SshKeyInUse(servers),
            StorageError::LastAdmin => Self::LastAdmin,
            StorageError::Sealed { what, .. } => Self::Sealed(what),
            cause => Self::Store(cause),
        }
    }
}

/// Never there; the predecessor said so in a field of its own.
const FAVICON: &str = "/api/favicon.ico";

/// Turns what the framework itself refused (no such route, wrong method, panic...) into the same shape.
#[derive(Debug)]
pub(crate) struct CatchFrameworkErrors;

#[async_trait]
impl Handler for CatchFrameworkErrors {
    async fn handle(&self, req: &mut Request, depot: &mut Depot, res: &mut Response, _ctrl: &mut FlowCtrl) {
        let status = res.status_code.unwrap_or(StatusCode::NOT_FOUND);
        if !(res.body.is_none() || res.body.is_error()) || !(status.is_client_error() || status.is_server_error()) {
            return;
        }
        let detail = match status {
            StatusCode::NOT_FOUND => ApiError::NoSuchRoute.to_string(),
            StatusCode::METHOD_NOT_ALLOWED => "this address does not offer this method".to_owned(),
            _ => status.canonical_reason().unwrap_or("the request failed").to_lowercase(),
        };
        if status == StatusCode::METHOD_NOT_ALLOWED
            && let Ok(methods) = HeaderValue::from_str(&methods_at(req.uri().path()))
            && !methods.is_empty()
        {
            res.headers_mut().insert(ALLOW, methods);
        }
        let word = detail_word(status);
        let mut problem = Problem::new(status, &word, detail, depot);
        if req.uri().path() == FAVICON {
            problem.message = Some("Not Found");
        }
        problem.render(res);
    }
}

/// `method-not-allowed` for 405, and so on.
fn detail_word(status: StatusCode) -> String {
    match status {
        StatusCode::NOT_FOUND => ApiError::NoSuchRoute.kind().1.to_owned(),
        _ => status.canonical_reason().unwrap_or("error").to_lowercase().replace(' ', "-"),
    }
}

/// How a body that could not even be read is refused.
pub(crate) fn unreadable(error: &ParseError, limit_bytes: usize) -> ApiError {
    match error {
        ParseError::PayloadTooLarge => ApiError::BodyTooLarge { limit_bytes },
        other => ApiError::BadRequest(format!("the body could not be read: {other}")),
    }
}

impl EndpointOutRegister for ApiError {
    fn register(components: &mut Components, operation: &mut Operation) {
        let schema = Problem::to_schema(components);
        let refusals = [
            ("400", "Not acceptable as it stands"),
            ("401", "Not signed in, or the token is no longer valid"),
            ("403", "The role does not suffice, or the origin is foreign"),
            ("404", "Nothing of this name or id is there"),
            ("408", "The body did not come in time; it may be sent again"),
            ("409", "Not possible in the state in which the plugin or the stored secret is"),
            ("413", "The body is too large"),
            ("422", "Some fields are not acceptable; `errors` says which"),
            ("429", "Too many requests, or too many attempts to sign in; see Retry-After"),
            ("500", "The host failed; its log says more"),
            ("503", "The server, the store or the host itself is not available"),
        ];
        for (status, description) in refusals {
            let response = salvo::oapi::Response::new(description)
                .add_content("application/problem+json", Content::new(schema.clone()));
            operation.responses.insert(status, response);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_of_the_host_does_not_tell_its_cause_to_the_caller() {
        let error = ApiError::internal("connection to 10.0.0.7:5432 refused");
        assert!(!error.to_string().contains("10.0.0.7"));
        assert!(error.causes().contains("10.0.0.7"));
    }

    #[test]
    fn a_refused_body_names_every_field() {
        let error = ApiError::Invalid(vec![FieldError::new("port", "is 0"), FieldError::new("host", "is empty")]);
        assert_eq!(error.to_string(), "port: is 0; host: is empty");
    }
}
