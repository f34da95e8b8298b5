//! Users: admins make, change and remove them. The caller's own account is in `account.rs`.

use pgvigil_model::Secret;
use pgvigil_storage::{NewUser, Role, StorageError, User, UserChanges};
use salvo::oapi::ToSchema;
use salvo::oapi::extract::PathParam;
use salvo::prelude::*;
use serde::{Deserialize, Serialize};

use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Body, Errors};
use crate::state::{Api, now};
use crate::wire::{Removed, RoleWord, ZuluTime};

/// As many as fit into an address beside the rest of it.
const LOGIN_CHARS_MAX: usize = 64;

/// <https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.3>
const EMAIL_CHARS_MAX: usize = 254;

/// `/api/users/me` is the caller, whoever that is.
const RESERVED_LOGIN: &str = "me";

pub(crate) fn routes() -> Vec<Router> {
    vec![
        Router::with_path("users").get(list_users).post(create_user),
        Router::with_path("users/{login}").get(get_user).put(update_user).delete(delete_user),
    ]
}

#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "User"))]
pub(crate) struct UserView {
    login: String,
    role: RoleWord,
    email: Option<String>,
    created_at: ZuluTime,
    last_login: Option<ZuluTime>,
    /// False: cannot sign in.
    is_active: bool,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            login: user.login,
            role: user.role.into(),
            email: user.email,
            created_at: user.created_at.into(),
            last_login: user.last_login.map(ZuluTime),
            is_active: user.is_active,
        }
    }
}

/// A new user. Unknown fields are ignored.
#[derive(Debug, Deserialize, ToSchema)]
struct UserIn {
    /// 1 to 64 letters, digits and `. _ - @ +`; not `me`
    #[salvo(schema(min_length = 1, max_length = 64))]
    login: String,
    /// At least 8 characters with a letter and a digit, at most 72 bytes in UTF-8
    #[salvo(schema(value_type = String, write_only, min_length = 8, max_length = 72))]
    password: Secret,
    /// `viewer` where not given
    #[serde(default)]
    #[salvo(schema(value_type = Option<RoleWord>, required = false))]
    role: Option<Role>,
    #[serde(default)]
    #[salvo(schema(required = false))]
    email: Option<String>,
}

/// What is left out or null stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
struct UserChangesIn {
    /// At least 8 characters with a letter and a digit, at most 72 bytes in UTF-8
    #[serde(default)]
    #[salvo(schema(value_type = Option<String>, write_only, required = false))]
    password: Option<Secret>,
    #[serde(default)]
    #[salvo(schema(value_type = Option<RoleWord>, required = false))]
    role: Option<Role>,
    /// Empty: removes it.
    #[serde(default)]
    #[salvo(schema(required = false))]
    email: Option<String>,
    #[serde(default)]
    #[salvo(schema(required = false))]
    is_active: Option<bool>,
}

/// All users by the time they were made.
#[endpoint(operation_id = "listUsers", tags("users"))]
async fn list_users(api: Api) -> ApiResult<Json<Vec<UserView>>> {
    Ok(Json(api.store.users().await?.into_iter().map(Into::into).collect()))
}

/// A user by login.
#[endpoint(operation_id = "getUser", tags("users"))]
async fn get_user(api: Api, login: PathParam<String>) -> ApiResult<Json<UserView>> {
    Ok(Json(user_named(&api, &login).await?.into()))
}

/// Makes a user.
#[endpoint(operation_id = "createUser", tags("users"))]
async fn create_user(api: Api, caller: Caller, body: Body<UserIn>) -> ApiResult<Json<UserView>> {
    let UserIn { login, password, role, email } = body.0;
    let mut errors = Errors::new("");
    let acceptable = errors.take("login", check_login(&login));
    let email = errors.take("email", check_email(email.as_deref()));
    let email = errors.none_or(email.filter(|_| acceptable.is_some()))?;
    let password_hash = api.passwords.hash(&password).await.map_err(|error| error.in_field("password"))?;
    let role = role.unwrap_or(Role::Viewer);
    let new = NewUser { login, password_hash, role, email };
    let user = api.store.create_user(&new, now()).await.map_err(|error| refused(error, &new.login))?;
    api.audit(caller.did("user_create", format!("{} ({})", user.login, user.role.as_str()))).await;
    Ok(Json(user.into()))
}

/// Changes a user. A new password, role or active flag ends the user's sessions.
#[endpoint(operation_id = "updateUser", tags("users"))]
async fn update_user(
    api: Api,
    caller: Caller,
    login: PathParam<String>,
    body: Body<UserChangesIn>,
) -> ApiResult<Json<UserView>> {
    let before = user_named(&api, &login).await?;
    let UserChangesIn { password, role, email, is_active } = body.0;
    let email = email.map(|email| check_email(Some(&email)).map_err(|why| ApiError::invalid("email", why)));
    let email = email.transpose()?;
    let password_hash = match password {
        Some(password) => Some(api.passwords.hash(&password).await.map_err(|error| error.in_field("password"))?),
        None => None,
    };
    let changes = UserChanges { password_hash, role, email, is_active, as_of: None };
    let after =
        api.store.update_user(&before.login, &changes, now()).await.map_err(|error| refused(error, &before.login))?;
    let told = told_changes(&before, &after, changes.password_hash.is_some());
    if !told.is_empty() {
        api.audit(caller.did("user_update", format!("{}: {}", after.login, told.join(", ")))).await;
    }
    Ok(Json(after.into()))
}

/// Removes a user and ends the user's sessions. Nobody can remove their own account.
#[endpoint(operation_id = "deleteUser", tags("users"))]
async fn delete_user(api: Api, caller: Caller, login: PathParam<String>) -> ApiResult<Json<Removed>> {
    let user = user_named(&api, &login).await?;
    if user.login == caller.user.login {
        return Err(ApiError::OwnAccount);
    }
    if !api.store.delete_user(&user.login, now()).await? {
        return Err(ApiError::NoSuchUser(user.login));
    }
    api.audit(caller.did("user_delete", user.login.clone())).await;
    Ok(Json(Removed { message: format!("User {} was removed", user.login) }))
}

async fn user_named(api: &Api, login: &str) -> ApiResult<User> {
    let missing = || ApiError::NoSuchUser(login.chars().take(LOGIN_CHARS_MAX).collect());
    api.store.user(login).await?.ok_or_else(missing)
}

/// What a change changed, never the password itself.
fn told_changes(before: &User, after: &User, password_changed: bool) -> Vec<String> {
    let mut told = Vec::new();
    if before.role != after.role {
        told.push(format!("role {} -> {}", before.role.as_str(), after.role.as_str()));
    }
    if before.email != after.email {
        let shown = |email: &Option<String>| email.clone().unwrap_or_else(|| "none".to_owned());
        told.push(format!("email {} -> {}", shown(&before.email), shown(&after.email)));
    }
    if before.is_active != after.is_active {
        told.push(if after.is_active { "activated" } else { "deactivated" }.to_owned());
    }
    if password_changed {
        told.push("password".to_owned());
    }
    told
}

/// A login stands in addresses as it is, so that every user can be shown, changed and removed.
pub fn check_login(login: &str) -> Result<(), String> {
    let accepts = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '+');
    if !(1..=LOGIN_CHARS_MAX).contains(&login.chars().count()) || !login.chars().all(accepts) {
        return Err(format!("must be 1 to {LOGIN_CHARS_MAX} letters, digits and . _ - @ +"));
    }
    if login == RESERVED_LOGIN || login.chars().all(|c| c == '.') {
        return Err(format!("must not be `{login}`, which means something else in addresses"));
    }
    Ok(())
}

/// What the API takes for an e-mail address; None where it is empty. Whether mail arrives is not our business: nothing is sent there.
pub fn check_email(email: Option<&str>) -> Result<Option<String>, String> {
    let Some(email) = email.map(str::trim).filter(|email| !email.is_empty()) else { return Ok(None) };
    let is_address = email.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty());
    if !is_address || email.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("is not an e-mail address".to_owned());
    }
    if email.chars().count() > EMAIL_CHARS_MAX {
        return Err(format!("is longer than {EMAIL_CHARS_MAX} characters"));
    }
    Ok(Some(email.to_owned()))
}

fn refused(error: StorageError, login: &str) -> ApiError {
    match error {
        StorageError::Taken { .. } => ApiError::UserExists(login.to_owned()),
        StorageError::NotFound { .. } => ApiError::NoSuchUser(login.to_owned()),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_that_no_address_can_name_is_refused() {
        for login in ["", "a/b", "a b", "me", ".", "..", "a\0", "a\n", "a?b", "a%2F", "a#b", &"x".repeat(65)] {
            assert!(check_login(login).is_err(), "{login:?}");
        }
        for login in ["anna", "Анна", "anna.p@example.org", "a+b_c-d", "Me", &"x".repeat(64)] {
            assert!(check_login(login).is_ok(), "{login:?}");
        }
    }

    #[test]
    fn what_is_no_e_mail_address_is_refused_and_empty_is_none() {
        for email in
            ["anna", "@", "anna@", "@example.org", "a b@example.org", "a@b\0", &format!("a@{}", "x".repeat(254))]
        {
            assert!(check_email(Some(email)).is_err(), "{email:?}");
        }
        assert_eq!(check_email(Some(" ")), Ok(None));
        assert_eq!(check_email(None), Ok(None));
        assert_eq!(check_email(Some("root@localhost")), Ok(Some("root@localhost".to_owned())));
    }
}
