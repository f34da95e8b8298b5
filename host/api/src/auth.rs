//! Who calls: signed tokens, and the user behind one as it is now.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use pgvigil_model::{Secret, Timestamp};
use pgvigil_storage::{AccessCheck, User};
use salvo::extract::{Extractible, Metadata};
use salvo::oapi::{Components, EndpointArgRegister, Operation};
use salvo::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::client::Client;
use crate::error::{ApiError, ApiResult, AuthFailure};
use crate::state::{Api, Record, from_depot};

pub(crate) const ACCESS_TOKEN_SECONDS: i64 = 60 * 60;
pub(crate) const REFRESH_TOKEN_SECONDS: i64 = 7 * 24 * 60 * 60;
/// Of a token that is given out while the store takes no writes: it cannot be renewed, but neither does it live long.
pub(crate) const INTERIM_TOKEN_SECONDS: i64 = 10 * 60;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TokenKind {
    Access,
    Refresh,
}

/// Roles are not among them: a token says who, the store says what that user may do now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) sub: String,
    /// Seconds since 1970.
    pub(crate) exp: i64,
    pub(crate) jti: Uuid,
    #[serde(rename = "type")]
    pub(crate) kind: TokenKind,
}

impl Claims {
    pub(crate) fn new(login: &str, kind: TokenKind, now: Timestamp) -> Self {
        let lifetime = match kind {
            TokenKind::Access => ACCESS_TOKEN_SECONDS,
            TokenKind::Refresh => REFRESH_TOKEN_SECONDS,
        };
        Self { sub: login.to_owned(), exp: now.seconds() + lifetime, jti: Uuid::new_v4(), kind }
    }

    /// Of an access token that is given out while the store takes no writes.
    pub(crate) fn interim(login: &str, now: Timestamp) -> Self {
        let exp = now.seconds() + INTERIM_TOKEN_SECONDS;
        Self { sub: login.to_owned(), exp, jti: pgvigil_storage::interim_jti(), kind: TokenKind::Access }
    }

    pub(crate) fn expires_at(&self) -> Timestamp {
        Timestamp::from_seconds(self.exp)
    }
}

/// Signs and reads tokens, HS256 only.
pub(crate) struct Tokens {
    signing: EncodingKey,
    reading: DecodingKey,
    validation: Validation,
}

impl Tokens {
    pub(crate) fn new(secret_key: &Secret) -> Self {
        let key = secret_key.expose().as_bytes();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.set_required_spec_claims(&["exp", "sub"]);
        Self { signing: EncodingKey::from_secret(key), reading: DecodingKey::from_secret(key), validation }
    }

    pub(crate) fn sign(&self, claims: &Claims) -> ApiResult<String> {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.signing).map_err(ApiError::internal)
    }

    pub(crate) fn read(&self, token: &str, kind: TokenKind) -> Result<Claims, AuthFailure> {
        let read = jsonwebtoken::decode::<Claims>(token, &self.reading, &self.validation);
        let claims = read.map(|token| token.claims).map_err(|error| match error.kind() {
            ErrorKind::ExpiredSignature => AuthFailure::Expired,
            _ => AuthFailure::Invalid,
        })?;
        if claims.kind == kind { Ok(claims) } else { Err(AuthFailure::WrongType) }
    }
}

/// The user who calls, and with which token.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) user: User,
    pub(crate) client: Client,
    /// Of the access token.
    pub(crate) jti: Uuid,
}

impl Caller {
    /// A line of the audit trail about something that this caller did.
    pub(crate) fn did(&self, event_type: &'static str, details: String) -> Record<'_> {
        Record { event_type, username: &self.user.login, client: &self.client, jti: None, details: Some(details) }
    }
}

/// The token of `Authorization: Bearer ...`.
pub(crate) fn bearer(req: &Request) -> Option<&str> {
    let (scheme, token) = req.headers().get("authorization")?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Role, active flag and revocation are read from the store each time.
pub(crate) async fn authenticate(api: &Api, req: &Request) -> ApiResult<Caller> {
    let token = bearer(req).ok_or(AuthFailure::Missing)?;
    let claims = api.tokens.read(token, TokenKind::Access)?;
    let user = match api.store.check_access(&claims.sub, claims.jti).await? {
        AccessCheck::Valid(user) => user,
        AccessCheck::Revoked => return Err(AuthFailure::Revoked.into()),
        AccessCheck::Inactive | AccessCheck::UnknownUser => return Err(AuthFailure::Credentials.into()),
    };
    Ok(Caller { user, client: Client::of(req, &api.config), jti: claims.jti })
}

impl From<AuthFailure> for ApiError {
    fn from(failure: AuthFailure) -> Self {
        Self::Unauthenticated(failure)
    }
}

impl<'ex> Extractible<'ex> for Caller {
    fn metadata() -> &'static Metadata {
        static METADATA: Metadata = Metadata::new("");
        &METADATA
    }

    #[allow(refining_impl_trait, reason = "the precise type is what handlers want")]
    async fn extract(_req: &'ex mut Request, depot: &'ex mut Depot) -> Result<Self, ApiError> {
        from_depot(depot)
    }
}

impl EndpointArgRegister for Caller {
    fn register(_components: &mut Components, _operation: &mut Operation, _arg: &str) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(key: &str) -> Tokens {
        Tokens::new(&Secret::new(key.repeat(32)))
    }

    fn claims(kind: TokenKind) -> Claims {
        Claims::new("anna", kind, crate::state::now())
    }

    #[test]
    fn a_token_signed_with_another_key_is_refused() {
        let token = tokens("a").sign(&claims(TokenKind::Access)).unwrap();
        assert_eq!(tokens("b").read(&token, TokenKind::Access), Err(AuthFailure::Invalid));
    }

    #[test]
    fn an_unsigned_token_is_refused() {
        let unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJhZG1pbiIsImV4cCI6OTk5OTk5OTk5OX0.";
        assert_eq!(tokens("a").read(unsigned, TokenKind::Access), Err(AuthFailure::Invalid));
    }

    #[test]
    fn a_refresh_token_is_no_access_token() {
        let tokens = tokens("a");
        let refresh = tokens.sign(&claims(TokenKind::Refresh)).unwrap();
        assert_eq!(tokens.read(&refresh, TokenKind::Access), Err(AuthFailure::WrongType));
    }

    #[test]
    fn a_token_ends_on_the_second_without_leeway() {
        let tokens = tokens("a");
        let past = Claims { exp: crate::state::now().seconds() - 1, ..claims(TokenKind::Access) };
        let token = tokens.sign(&past).unwrap();
        assert_eq!(tokens.read(&token, TokenKind::Access), Err(AuthFailure::Expired));
    }

    #[test]
    fn claims_are_those_of_the_contract() {
        let claims = serde_json::to_value(claims(TokenKind::Access)).unwrap();
        let mut names: Vec<&String> = claims.as_object().unwrap().keys().collect();
        names.sort();
        assert_eq!(names, ["exp", "jti", "sub", "type"]);
        assert_eq!(claims["type"], "access");
    }
}
