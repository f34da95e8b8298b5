//! Pages of other origins that the operator allowed. Without any, browsers keep the API to the pages of its own host.

use salvo::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderValue, ORIGIN, VARY,
};
use salvo::http::{Method, StatusCode};
use salvo::prelude::*;

use crate::client::is_configured_origin;
use crate::error::ApiError;
use crate::state::{Api, from_depot};

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, DELETE");

/// What a page may read beside the body.
const EXPOSED: HeaderValue = HeaderValue::from_static("x-request-id, retry-after");

/// Seconds that a browser need not ask again.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// Answers preflights by itself, and marks all other answers for allowed origins.
#[derive(Debug)]
pub(crate) struct Cors;

#[async_trait]
impl Handler for Cors {
    async fn handle(&self, req: &mut Request, depot: &mut Depot, res: &mut Response, ctrl: &mut FlowCtrl) {
        let Some(origin) = req.headers().get(ORIGIN).cloned() else { return };
        let is_allowed =
            from_depot::<Api>(depot).is_ok_and(|api| is_configured_origin(&origin, &api.config.allowed_origins));
        let is_preflight = req.method() == Method::OPTIONS && req.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if is_allowed {
            let headers = res.headers_mut();
            headers.append(VARY, HeaderValue::from_static("origin"));
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
        if !is_preflight {
            return;
        }
        if is_allowed {
            let asked = req.headers().get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
            let headers = res.headers_mut();
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
            if let Some(asked) = asked {
                headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked);
            }
            res.status_code(StatusCode::OK);
        } else {
            ApiError::BadRequest("Disallowed CORS origin".to_owned()).render(depot, res);
        }
        ctrl.skip_rest();
    }
}
