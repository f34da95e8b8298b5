//! Users. In this version only the caller itself.

use pgvigil_storage::User;
use salvo::oapi::ToSchema;
use salvo::prelude::*;
use serde::Serialize;

use crate::auth::Caller;
use crate::error::ApiResult;
use crate::wire::{RoleWord, Time};

pub(crate) fn routes() -> Vec<Router> {
    vec![Router::with_path("users/me").get(me)]
}

#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "User"))]
struct UserView {
    login: String,
    role: RoleWord,
    email: Option<String>,
    created_at: Time,
    last_login: Option<Time>,
    is_active: bool,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            login: user.login,
            role: user.role.into(),
            email: user.email,
            created_at: user.created_at.into(),
            last_login: user.last_login.map(Time),
            is_active: user.is_active,
        }
    }
}

/// Who is signed in.
#[endpoint(operation_id = "getMe", tags("session"))]
async fn me(caller: Caller) -> ApiResult<Json<UserView>> {
    Ok(Json(caller.user.into()))
}
