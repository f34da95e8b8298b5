//! The caller's own account: who it is, its password, its sessions.

use std::time::Instant;

use pgvigil_model::Secret;
use pgvigil_storage::{StorageError, StoredSession, User, UserChanges, UserCredentials};
use salvo::oapi::ToSchema;
use salvo::oapi::extract::PathParam;
use salvo::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::auth::Caller;
use crate::error::{ApiError, ApiResult, AuthFailure};
use crate::extract::Body;
use crate::password::PasswordError;
use crate::sessions::{NewTokens, TokenAnswer};
use crate::state::{Api, now};
use crate::users::UserView;
use crate::wire::{Removed, Time};

/// Before `users::routes`, where `me` would be a login.
pub(crate) fn routes() -> Vec<Router> {
    vec![
        Router::with_path("users/me")
            .get(me)
            .push(Router::with_path("password").put(change_own_password))
            .push(Router::with_path("sessions/{id}").delete(end_own_session))
            .push(Router::with_path("sessions").get(list_own_sessions).delete(end_other_sessions)),
    ]
}

/// Who is signed in.
#[endpoint(operation_id = "getMe", tags("account"))]
async fn me(caller: Caller) -> ApiResult<Json<UserView>> {
    Ok(Json(caller.user.into()))
}

#[derive(Debug, Deserialize, ToSchema)]
struct PasswordChangeIn {
    #[salvo(schema(value_type = String, write_only))]
    current_password: Secret,
    /// At least 8 characters with a letter and a digit, at most 72 bytes in UTF-8
    #[salvo(schema(value_type = String, write_only))]
    new_password: Secret,
}

/// Changes the caller's password and ends all of the caller's sessions but a new one, whose tokens are in the answer and the
/// refresh cookie.
#[endpoint(operation_id = "changeOwnPassword", tags("account"))]
async fn change_own_password(
    api: Api,
    caller: Caller,
    body: Body<PasswordChangeIn>,
    req: &mut Request,
    res: &mut Response,
) -> ApiResult<Json<TokenAnswer>> {
    let PasswordChangeIn { current_password, new_password } = body.0;
    let confirmed = confirm_password(&api, &caller, &current_password).await?;
    let hash = api.passwords.hash(&new_password).await.map_err(|error| error.in_field("new_password"))?;
    let as_of = Some(confirmed.credentials_version);
    let changes = UserChanges { password_hash: Some(hash), as_of, ..UserChanges::default() };
    let user = api.store.update_user(&caller.user.login, &changes, now()).await.map_err(|error| match error {
        // Changed by another call a moment ago, which has ended this session.
        StorageError::NotFound { .. } => AuthFailure::Revoked.into(),
        error => ApiError::from(error),
    })?;
    api.audit(caller.did("user_update", format!("{}: own password", user.login))).await;
    let tokens = NewTokens::for_user(&user.login);
    api.store.start_session(&user, &tokens.session(&caller.client), now()).await?;
    tokens.answer(&api, req, res)
}

/// Whoever found an unlocked screen does not know the password, and may not try many.
async fn confirm_password(api: &Api, caller: &Caller, password: &Secret) -> ApiResult<User> {
    let attempt = api
        .limits
        .sign_in(caller.client.address, &caller.user.login, Instant::now())
        .map_err(|retry_after_seconds| ApiError::TooManyAttempts { retry_after_seconds })?;
    match matches_password(api, caller, password).await {
        Ok(Some(user)) => {
            api.limits.forgive(attempt);
            Ok(user)
        }
        Ok(None) => Err(ApiError::invalid("current_password", "is not your password")),
        Err(undecided) => {
            api.limits.withdraw(attempt);
            Err(undecided)
        }
    }
}

/// The user as the password was checked; None where it is wrong.
async fn matches_password(api: &Api, caller: &Caller, password: &Secret) -> ApiResult<Option<User>> {
    let credentials = api.store.user_credentials(&caller.user.login).await?;
    let UserCredentials { password_hash, user } = credentials.ok_or(AuthFailure::Credentials)?;
    match api.passwords.verify(password, Some(password_hash), true).await {
        // Nobody can have such a password.
        Err(PasswordError::TooLong) => Ok(None),
        verified => Ok(verified.map_err(|error| error.in_field("current_password"))?.then_some(user)),
    }
}

/// Somewhere the caller is signed in.
#[derive(Debug, Serialize, ToSchema)]
struct OwnSession {
    id: String,
    /// The session of this very call.
    current: bool,
    signed_in_at: Time,
    /// When its tokens were last renewed.
    renewed_at: Time,
    /// Unless it is renewed before.
    expires_at: Time,
    /// Where the last renewal came from; null: not known.
    ip_address: Option<String>,
    user_agent: Option<String>,
}

/// Where the caller is signed in, the newest renewal first.
#[endpoint(operation_id = "listOwnSessions", tags("account"))]
async fn list_own_sessions(api: Api, caller: Caller) -> ApiResult<Json<Vec<OwnSession>>> {
    let current = api.store.session_of_access(&caller.user.login, caller.jti).await?;
    let sessions = api.store.sessions_of(&caller.user.login, now()).await?;
    Ok(Json(sessions.into_iter().map(|session| view(session, current)).collect()))
}

fn view(session: StoredSession, current: Option<Uuid>) -> OwnSession {
    OwnSession {
        id: session.id.to_string(),
        current: current == Some(session.id),
        signed_in_at: session.started_at.into(),
        renewed_at: session.renewed_at.into(),
        expires_at: session.expires_at.into(),
        ip_address: session.ip_address,
        user_agent: session.user_agent,
    }
}

/// Ends one of the caller's sessions at once. Ending the session of this very call is signing out.
#[endpoint(operation_id = "endOwnSession", tags("account"))]
async fn end_own_session(api: Api, caller: Caller, id: PathParam<String>) -> ApiResult<Json<Removed>> {
    let id: Uuid = id.parse().map_err(|_| ApiError::NoSuchSession)?;
    if !api.store.end_session_of(&caller.user.login, id, now()).await? {
        return Err(ApiError::NoSuchSession);
    }
    api.audit(caller.did("logout", "one session was ended from the list of sessions".to_owned())).await;
    Ok(Json(Removed { message: "The session was ended".to_owned() }))
}

/// Ends all of the caller's sessions but the one of this very call.
#[endpoint(operation_id = "endOtherSessions", tags("account"))]
async fn end_other_sessions(api: Api, caller: Caller) -> ApiResult<Json<Removed>> {
    let current = api.store.session_of_access(&caller.user.login, caller.jti).await?;
    let ended = api.store.end_sessions_but(&caller.user.login, current, now()).await?;
    if ended > 0 {
        api.audit(caller.did("logout", format!("{ended} other sessions were ended"))).await;
    }
    Ok(Json(Removed { message: format!("Sessions ended: {ended}") }))
}
