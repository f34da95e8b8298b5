//! Who may do what: one table of routes and roles. A route that is not in it is refused.

use pgvigil_storage::Role;
use salvo::prelude::*;

use crate::auth;
use crate::client::check_origin;
use crate::error::{ApiError, ApiResult};
use crate::state::{Api, Record, from_depot};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Public,
    /// This role and those above it.
    From(Role),
}

/// (method, path, who may)
pub(crate) const TABLE: &[(&str, &str, Access)] = &[
    ("POST", "api/token", Access::Public),
    ("POST", "api/refresh", Access::Public),
    ("POST", "api/logout", Access::Public),
    ("GET", "api/health", Access::Public),
    ("GET", "api/ready", Access::Public),
    ("GET", "api/users/me", Access::From(Role::Viewer)),
    ("GET", "api/pools/status", Access::From(Role::Viewer)),
    ("GET", "api/servers", Access::From(Role::Viewer)),
    ("POST", "api/servers", Access::From(Role::Operator)),
    ("POST", "api/servers/test", Access::From(Role::Operator)),
    ("GET", "api/servers/{name}", Access::From(Role::Viewer)),
    ("PUT", "api/servers/{name}", Access::From(Role::Operator)),
    ("DELETE", "api/servers/{name}", Access::From(Role::Operator)),
    ("POST", "api/servers/{name}/test-pg", Access::From(Role::Operator)),
    ("POST", "api/servers/{name}/test-ssh", Access::From(Role::Operator)),
    ("GET", "api/servers/{name}/databases", Access::From(Role::Viewer)),
    ("GET", "api/servers/{name}/filesystems", Access::From(Role::Viewer)),
    ("GET", "api/server_stats/{name}", Access::From(Role::Viewer)),
    ("GET", "api/server/{name}/stats", Access::From(Role::Viewer)),
    ("GET", "api/server/{name}/db/{db}", Access::From(Role::Viewer)),
    ("GET", "api/server/{name}/db/{db}/stats", Access::From(Role::Viewer)),
    ("GET", "api/series", Access::From(Role::Viewer)),
    ("GET", "api/plugins", Access::From(Role::Viewer)),
    ("GET", "api/plugins/{name}", Access::From(Role::Viewer)),
    ("GET", "api/runs", Access::From(Role::Viewer)),
    ("GET", "api/events", Access::From(Role::Viewer)),
    ("GET", "api/settings", Access::From(Role::Admin)),
    ("PUT", "api/settings", Access::From(Role::Admin)),
];

pub(crate) fn access(method: &str, path: &str) -> Option<Access> {
    TABLE
        .iter()
        .find(|(table_method, table_path, _)| *table_method == method && *table_path == path)
        .map(|(_, _, access)| *access)
}

/// Stands before every API route: origin first, then who calls, then whether that role may.
#[derive(Debug)]
pub(crate) struct Guard;

#[async_trait]
impl Handler for Guard {
    async fn handle(&self, req: &mut Request, depot: &mut Depot, res: &mut Response, ctrl: &mut FlowCtrl) {
        if let Err(refusal) = admit(req, depot).await {
            refusal.render(depot, res);
            ctrl.skip_rest();
        }
    }
}

async fn admit(req: &Request, depot: &mut Depot) -> ApiResult<()> {
    let api: Api = from_depot(depot)?;
    // Every call that changes state, also where no cookie would authorise it: simpler, and programs send no Origin.
    if !req.method().is_safe() {
        check_origin(req, &api.config)?;
    }
    let needed = match access(req.method().as_str(), req.matched_path()) {
        None => return Err(ApiError::internal(format!("{} is not in the permission table", req.matched_path()))),
        Some(Access::Public) => return Ok(()),
        Some(Access::From(role)) => role,
    };
    let caller = auth::authenticate(&api, req).await?;
    if caller.user.role < needed {
        let details = Some(format!("{} /{} needs {}", req.method(), req.matched_path(), needed.as_str()));
        let (username, client) = (&caller.user.login, &caller.client);
        api.audit(Record { event_type: "access_denied", username, client, jti: None, details }).await;
        return Err(ApiError::Forbidden { role: caller.user.role.as_str(), needed: needed.as_str() });
    }
    depot.insert_typed(caller);
    Ok(())
}
