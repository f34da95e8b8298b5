//! Signing in, staying signed in, signing out.

use std::time::Instant;

use pgvigil_model::Secret;
use pgvigil_storage::{LogEntry, LogLevel, NewSession, Rotation, StorageError, User, UserCredentials};
use salvo::extract::{Extractible, Metadata};
use salvo::http::cookie::{Cookie, SameSite, time::Duration};
use salvo::oapi::{Components, Content, EndpointArgRegister, Operation, RequestBody, Required, ToSchema};
use salvo::prelude::*;
use serde::Serialize;

use crate::auth::{ACCESS_TOKEN_SECONDS, Claims, REFRESH_TOKEN_SECONDS, TokenKind, bearer};
use crate::client::{Client, wants_secure_cookie};
use crate::error::{ApiError, ApiResult, AuthFailure};
use crate::extract::{check_announced, in_time};
use crate::form::{not_utf8, parts};
use crate::interim::{self, Ended};
use crate::password::PasswordError;
use crate::state::{Api, Record, now};

const REFRESH_COOKIE: &str = "refresh_token";

/// A form with a name and a password.
const FORM_BYTES_MAX: usize = 4 * 1024;

/// Longer logins cannot exist; neither can such with control characters.
const LOGIN_CHARS_MAX: usize = 128;

pub(crate) fn routes() -> Vec<Router> {
    vec![
        Router::with_path("token").post(sign_in),
        Router::with_path("refresh").post(refresh_session),
        Router::with_path("logout").post(sign_out),
    ]
}

/// As the OAuth 2 password form; other fields are ignored.
#[derive(Debug, ToSchema)]
struct SignIn {
    username: String,
    #[salvo(schema(value_type = String, write_only))]
    password: Secret,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenAnswer {
    /// For the header `Authorization: Bearer ...`.
    access_token: String,
    token_type: &'static str,
    /// Seconds that the access token is good for.
    expires_in: i64,
    /// Whether a refresh cookie renews it. There is none while the store takes no writes: sign in again when the token expires.
    renewable: bool,
}

impl TokenAnswer {
    pub(crate) fn new(access_token: String, expires_in: i64, renewable: bool) -> Self {
        Self { access_token, token_type: "bearer", expires_in, renewable }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct SignedOut {
    detail: &'static str,
    /// False while the store takes no writes: the session has ended, but a host that is killed before the store does would not
    /// know of it any more.
    recorded: bool,
}

/// Signs in; the answer also sets the refresh cookie. While the store takes no writes there is none, and the token is short-lived.
#[endpoint(operation_id = "signIn", tags("session"))]
async fn sign_in(api: Api, form: SignIn, req: &mut Request, res: &mut Response) -> ApiResult<Json<TokenAnswer>> {
    let client = Client::of(req, &api.config);
    let attempt = match api.limits.sign_in(client.address, &form.username, Instant::now()) {
        Ok(attempt) => attempt,
        Err(wait) => return Err(must_wait(&api, &form, &client, wait).await),
    };
    let verified = match verified_login(&api, &form, &client).await {
        Ok(verified) => verified,
        Err(undecided) => {
            api.limits.withdraw(attempt);
            return Err(undecided);
        }
    };
    let Some(user) = verified else {
        audit_refusal(&api, "login_failed", &form, &client, None).await;
        return Err(AuthFailure::Credentials.into());
    };
    api.limits.forgive(attempt);
    let login = &user.login;
    let tokens = NewTokens::for_user(login);
    match api.store.start_session(&user, &tokens.session(&client), now()).await {
        Err(failure) if failure.is_passing() => return interim::sign_in(&api, &user, &client, failure).await,
        // Removed or changed a moment ago.
        Err(StorageError::NotFound { .. }) => return Err(AuthFailure::Credentials.into()),
        begun => begun?,
    }
    api.store.set_last_login(login, now()).await?;
    let jti = Some(tokens.access.jti.to_string());
    api.audit(Record { event_type: "login_success", username: login, client: &client, jti, details: None }).await;
    tokens.answer(&api, req, res)
}

/// After too many failures, whatever the password is.
async fn must_wait(api: &Api, form: &SignIn, client: &Client, retry_after_seconds: u64) -> ApiError {
    if api.limits.is_to_be_told(client.address, Instant::now()) {
        let details = "too many failures; more refusals of this address within a minute are not told".to_owned();
        audit_refusal(api, "login_limited", form, client, Some(details)).await;
    }
    ApiError::TooManyAttempts { retry_after_seconds }
}

async fn audit_refusal(api: &Api, event_type: &'static str, form: &SignIn, client: &Client, details: Option<String>) {
    let username: String = form.username.chars().filter(|c| !c.is_control()).take(LOGIN_CHARS_MAX).collect();
    api.audit(Record { event_type, username: &username, client, jti: None, details }).await;
}

/// Who it is, where the password is right and the user may sign in. Takes the same time where there is no such user.
async fn verified_login(api: &Api, form: &SignIn, client: &Client) -> ApiResult<Option<User>> {
    let possible = form.username.chars().count() <= LOGIN_CHARS_MAX && !form.username.chars().any(char::is_control);
    let credentials = if possible { api.store.user_credentials(&form.username).await? } else { None };
    let is_familiar = possible && api.store.has_begun_session_from(&form.username, &client.address.to_string()).await?;
    let (user, hash) = match credentials {
        Some(UserCredentials { user, password_hash }) => (Some(user), Some(password_hash)),
        None => (None, None),
    };
    let matches = match api.passwords.verify(&form.password, hash, is_familiar).await {
        Ok(matches) => matches,
        // Nobody can have such a password.
        Err(PasswordError::TooLong) => false,
        Err(error) => return Err(error.in_field("password")),
    };
    Ok(user.filter(|user| matches && user.is_active))
}

/// Trades the refresh cookie for a new one and a new access token. A token that was used before ends its whole family.
#[endpoint(operation_id = "refreshSession", tags("session"))]
async fn refresh_session(api: Api, req: &mut Request, res: &mut Response) -> ApiResult<Json<TokenAnswer>> {
    let client = Client::of(req, &api.config);
    let shown = shown_token(&api, req);
    // Whoever shares an address with one who guesses need not wait: what we have signed is no guess.
    if shown.is_err() {
        let counted = api.limits.refused_refresh(client.address, Instant::now());
        counted.map_err(|retry_after_seconds| ApiError::TooManyAttempts { retry_after_seconds })?;
    }
    let answer = match shown {
        Err(refusal) => Err(refusal.into()),
        Ok(shown) => match rotate(&api, &shown, &client).await {
            Ok(tokens) => tokens.answer(&api, req, res),
            Err(ApiError::Store(failure)) if failure.is_passing() => {
                interim::renew(&api, shown.jti, &client, failure).await
            }
            Err(refusal) => Err(refusal),
        },
    };
    // A store that is away does not make the cookie worthless.
    if let Err(ApiError::Unauthenticated(_)) = &answer {
        clear_cookie(&api, req, res);
    }
    answer
}

/// The refresh token of the cookie.
fn shown_token(api: &Api, req: &Request) -> Result<Claims, AuthFailure> {
    let shown = req.cookie(REFRESH_COOKIE).ok_or(AuthFailure::RefreshMissing)?;
    api.tokens.read(shown.value(), TokenKind::Refresh)
}

async fn rotate(api: &Api, shown: &Claims, client: &Client) -> ApiResult<NewTokens> {
    let tokens = NewTokens::for_user(&shown.sub);
    match api.store.rotate_session(shown.jti, &tokens.session(client), now()).await? {
        Rotation::Rotated { user } => {
            let jti = Some(tokens.access.jti.to_string());
            api.audit(Record { event_type: "refresh", username: &user.login, client, jti, details: None }).await;
            Ok(tokens)
        }
        Rotation::Reused { login } => {
            report_reuse(api, &login, client, shown.jti.to_string()).await;
            Err(AuthFailure::Revoked.into())
        }
        Rotation::Revoked => Err(AuthFailure::Revoked.into()),
        Rotation::Expired => Err(AuthFailure::Expired.into()),
        Rotation::Unknown => Err(AuthFailure::Invalid.into()),
        Rotation::Inactive { .. } => Err(AuthFailure::Credentials.into()),
    }
}

/// Somebody has a copy of the token; operators are to see it.
async fn report_reuse(api: &Api, login: &str, client: &Client, jti: String) {
    let details = Some("a used refresh token was shown again; the session was ended".to_owned());
    api.audit(Record { event_type: "refresh_reused", username: login, client, jti: Some(jti), details }).await;
    let entry = LogEntry {
        at: now(),
        level: LogLevel::Warning,
        source: "system".to_owned(),
        message: format!("A used refresh token of `{login}` was shown again; the session was ended"),
        details: Some(format!("from {}", client.address)),
    };
    if let Err(error) = api.store.insert_log(&entry).await {
        tracing::error!(?entry, %error, "a reused refresh token could not be entered in the system log");
    }
}

/// Ends the session of the cookie and of the access token, as far as they are there. Answers 200 without either.
#[endpoint(operation_id = "signOut", tags("session"))]
async fn sign_out(api: Api, req: &mut Request, res: &mut Response) -> ApiResult<Json<SignedOut>> {
    let client = Client::of(req, &api.config);
    clear_cookie(&api, req, res);
    let refresh = shown_token(&api, req).ok();
    let access = bearer(req).and_then(|token| api.tokens.read(token, TokenKind::Access).ok());
    let mut recorded = true;
    if let Some(refresh) = &refresh {
        recorded &= interim::end_session(&api, refresh).await? == Ended::Stored;
    }
    if let Some(access) = &access {
        recorded &= interim::revoke_access(&api, access).await? == Ended::Stored;
    }
    let username = access.as_ref().or(refresh.as_ref()).map_or("unknown", |claims| claims.sub.as_str());
    let jti = access.as_ref().map(|claims| claims.jti.to_string());
    api.audit(Record { event_type: "logout", username, client: &client, jti, details: None }).await;
    Ok(Json(SignedOut { detail: "Logged out", recorded }))
}

/// An access token and the refresh token that goes with it.
pub(crate) struct NewTokens {
    access: Claims,
    refresh: Claims,
}

impl NewTokens {
    pub(crate) fn for_user(login: &str) -> Self {
        Self {
            access: Claims::new(login, TokenKind::Access, now()),
            refresh: Claims::new(login, TokenKind::Refresh, now()),
        }
    }

    pub(crate) fn session(&self, client: &Client) -> NewSession {
        NewSession {
            refresh_jti: self.refresh.jti,
            refresh_expires_at: self.refresh.expires_at(),
            access_jti: self.access.jti,
            access_expires_at: self.access.expires_at(),
            ip_address: Some(client.address.to_string()),
            user_agent: client.user_agent.clone(),
        }
    }

    pub(crate) fn answer(&self, api: &Api, req: &Request, res: &mut Response) -> ApiResult<Json<TokenAnswer>> {
        let cookie = cookie(api, req, api.tokens.sign(&self.refresh)?, REFRESH_TOKEN_SECONDS);
        res.add_cookie(cookie);
        let access_token = api.tokens.sign(&self.access)?;
        Ok(Json(TokenAnswer::new(access_token, ACCESS_TOKEN_SECONDS, true)))
    }
}

fn cookie(api: &Api, req: &Request, value: String, max_age_seconds: i64) -> Cookie<'static> {
    Cookie::build((REFRESH_COOKIE, value))
        .http_only(true)
        .secure(wants_secure_cookie(req, &api.config))
        .same_site(SameSite::Strict)
        .path("/")
        .max_age(Duration::seconds(max_age_seconds))
        .build()
}

fn clear_cookie(api: &Api, req: &Request, res: &mut Response) {
    res.add_cookie(cookie(api, req, String::new(), 0));
}

impl<'ex> Extractible<'ex> for SignIn {
    fn metadata() -> &'static Metadata {
        static METADATA: Metadata = Metadata::new("");
        &METADATA
    }

    #[allow(refining_impl_trait, reason = "the precise type is what handlers want")]
    async fn extract(req: &'ex mut Request, depot: &'ex mut Depot) -> Result<Self, ApiError> {
        let kind = req.content_type().map(|kind| kind.subtype().to_string());
        let (username, password) = match kind.as_deref() {
            Some("x-www-form-urlencoded") => {
                check_announced(req, FORM_BYTES_MAX)?;
                let form = in_time(depot, req.form_data_max_size(FORM_BYTES_MAX), FORM_BYTES_MAX).await?;
                (form.fields.get("username").cloned(), form.fields.get("password").cloned())
            }
            Some("form-data") => {
                let mut fields = (None, None);
                for part in parts(req, depot, FORM_BYTES_MAX).await? {
                    if part.is("username") {
                        fields.0 = Some(part.text(not_utf8)?);
                    } else if part.is("password") {
                        fields.1 = Some(part.text(not_utf8)?);
                    }
                }
                fields
            }
            _ => return Err(ApiError::WrongMediaType(FORM_TYPES[0])),
        };
        let given = |name: &str, value: Option<String>| value.ok_or_else(|| ApiError::invalid(name, "is missing"));
        Ok(Self { username: given("username", username)?, password: Secret::new(given("password", password)?) })
    }
}

/// As the predecessor took it.
const FORM_TYPES: [&str; 2] = ["application/x-www-form-urlencoded", "multipart/form-data"];

impl EndpointArgRegister for SignIn {
    fn register(components: &mut Components, operation: &mut Operation, _arg: &str) {
        let content = Content::new(Self::to_schema(components));
        let body = FORM_TYPES
            .into_iter()
            .fold(RequestBody::new(), |body, form_type| body.add_content(form_type, content.clone()));
        operation.request_body = Some(body.required(Required::True));
    }
}
