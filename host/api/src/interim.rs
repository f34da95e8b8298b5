//! Signing in, staying signed in and signing out while the store takes no writes, because its disk is full for example: who is
//! to mend it must get in. What is to be written then is kept in memory, and written as soon as it can be.

use std::time::Duration;

use pgvigil_storage::{InterimSession, StorageError, User};
use salvo::prelude::*;
use uuid::Uuid;

use crate::auth::{Claims, INTERIM_TOKEN_SECONDS, TokenKind};
use crate::client::Client;
use crate::error::{ApiError, ApiResult};
use crate::sessions::TokenAnswer;
use crate::state::{Api, Record, now};

/// How often it is tried to write what is kept.
const SETTLE_INTERVAL: Duration = Duration::from_secs(5);
/// When the host stops.
const LAST_SETTLE_TIMEOUT: Duration = Duration::from_millis(200);

const WHILE_NO_WRITES: &str = "while the store took no writes";

/// An access token for a few minutes. `failure` is why there is no session.
pub(crate) async fn sign_in(
    api: &Api,
    user: &User,
    client: &Client,
    failure: StorageError,
) -> ApiResult<Json<TokenAnswer>> {
    let answer = begin(api, user, None, &failure)?;
    audit(api, "login_success", &user.login, client, answer.1).await;
    Ok(Json(answer.0))
}

/// The same for who has a good refresh cookie, which stays as it is.
pub(crate) async fn renew(
    api: &Api,
    shown: Uuid,
    client: &Client,
    failure: StorageError,
) -> ApiResult<Json<TokenAnswer>> {
    let Some((user, family)) = api.store.refresh_in_interim(shown, now()).await? else { return Err(failure.into()) };
    let answer = begin(api, &user, Some(family), &failure)?;
    audit(api, "refresh", &user.login, client, answer.1).await;
    Ok(Json(answer.0))
}

fn begin(api: &Api, user: &User, family: Option<Uuid>, failure: &StorageError) -> ApiResult<(TokenAnswer, Uuid)> {
    let claims = Claims::interim(&user.login, now());
    let session = InterimSession {
        login: user.login.clone(),
        credentials_version: user.credentials_version,
        family,
        access_jti: claims.jti,
        access_expires_at: claims.expires_at(),
        began_at: now(),
    };
    let access_token = api.tokens.sign(&claims)?;
    api.store.begin_interim(session);
    let login = &user.login;
    tracing::warn!(%login, "`{login}` signed in for {INTERIM_TOKEN_SECONDS} s, because the store takes no writes: {failure}");
    Ok((TokenAnswer::new(access_token, INTERIM_TOKEN_SECONDS, family.is_some()), claims.jti))
}

async fn audit(api: &Api, event_type: &'static str, username: &str, client: &Client, jti: Uuid) {
    let details = Some(WHILE_NO_WRITES.to_owned());
    api.audit(Record { event_type, username, client, jti: Some(jti.to_string()), details }).await;
}

/// Whether what ended is in the store, or only in memory until the store takes writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Stored,
    Kept,
}

/// Ends the session of a refresh token.
pub(crate) async fn end_session(api: &Api, refresh: &Claims) -> ApiResult<Ended> {
    match api.store.end_session(refresh.jti, now()).await {
        Err(failure) if failure.is_passing() => {
            kept(api.store.end_in_interim(&refresh.sub, refresh.jti, now()).await?, failure)
        }
        ended => ended.map(|_| Ended::Stored).map_err(ApiError::from),
    }
}

pub(crate) async fn revoke_access(api: &Api, access: &Claims) -> ApiResult<Ended> {
    debug_assert_eq!(access.kind, TokenKind::Access);
    match api.store.revoke_access(access.jti, access.expires_at()).await {
        Err(failure) if failure.is_passing() => {
            kept(api.store.revoke_in_interim(&access.sub, access.jti, access.expires_at()), failure)
        }
        revoked => revoked.map(|()| Ended::Stored).map_err(ApiError::from),
    }
}

fn kept(is_kept: bool, failure: StorageError) -> ApiResult<Ended> {
    if is_kept { Ok(Ended::Kept) } else { Err(failure.into()) }
}

/// Writes what is kept when the store takes writes again. Never ends.
pub(crate) async fn settle(api: &Api) {
    loop {
        tokio::time::sleep(SETTLE_INTERVAL).await;
        if api.store.trouble().is_none() && api.store.kept() == 0 {
            continue;
        }
        match api.store.settle(now()).await {
            Ok(0) => tracing::info!("the store takes writes again"),
            Ok(written) => {
                tracing::info!(written, "the store takes writes again; {written} things that were kept are written")
            }
            // Told by whoever met it first.
            Err(failure) if failure.is_passing() => tracing::debug!("the store still takes no writes: {failure}"),
            Err(failure) => {
                tracing::error!(error = ?failure, "what was kept while the store took no writes cannot be written")
            }
        }
    }
}

/// When the host stops: what cannot be written even now is lost, but for the log.
pub(crate) async fn settle_at_last(api: &Api) {
    if api.store.kept() == 0 {
        return;
    }
    let settled = tokio::time::timeout(LAST_SETTLE_TIMEOUT, api.store.settle(now())).await;
    if !matches!(settled, Ok(Ok(_))) {
        let lost = api.store.kept();
        tracing::error!(
            lost,
            "{lost} audit events and sessions are not written, because the store takes no writes; this log has them"
        );
    }
}
