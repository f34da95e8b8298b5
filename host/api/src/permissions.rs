//! Who may do what: one table of routes and roles. A route that is not in it is refused.

use std::time::Instant;

use pgvigil_storage::Role;
use salvo::prelude::*;

use crate::auth;
use crate::client::check_origin;
use crate::error::{ApiError, ApiResult};
use crate::state::{Api, from_depot};

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
    ("PUT", "api/users/me/password", Access::From(Role::Viewer)),
    ("GET", "api/users/me/sessions", Access::From(Role::Viewer)),
    ("DELETE", "api/users/me/sessions", Access::From(Role::Viewer)),
    ("DELETE", "api/users/me/sessions/{id}", Access::From(Role::Viewer)),
    ("GET", "api/users", Access::From(Role::Admin)),
    ("POST", "api/users", Access::From(Role::Admin)),
    ("GET", "api/users/{login}", Access::From(Role::Admin)),
    ("PUT", "api/users/{login}", Access::From(Role::Admin)),
    ("DELETE", "api/users/{login}", Access::From(Role::Admin)),
    ("GET", "api/ssh-keys", Access::From(Role::Operator)),
    ("POST", "api/ssh-keys/generate", Access::From(Role::Operator)),
    ("POST", "api/ssh-keys/import", Access::From(Role::Operator)),
    ("POST", "api/ssh-keys/import-file", Access::From(Role::Operator)),
    ("GET", "api/ssh-keys/{id}", Access::From(Role::Operator)),
    ("PUT", "api/ssh-keys/{id}", Access::From(Role::Operator)),
    ("DELETE", "api/ssh-keys/{id}", Access::From(Role::Operator)),
    // Names of keys and servers only, and nothing is written: as the predecessor, open to all who are signed in.
    ("GET", "api/ssh-keys/{id}/servers", Access::From(Role::Viewer)),
    ("POST", "api/ssh-keys/{id}/update-servers-count", Access::From(Role::Viewer)),
    ("GET", "api/ssh-keys/{id}/download-public", Access::From(Role::Admin)),
    ("GET", "api/audit/sessions", Access::From(Role::Admin)),
    ("GET", "api/audit/sessions/stats", Access::From(Role::Admin)),
    ("GET", "api/logs", Access::From(Role::Admin)),
    ("GET", "api/logs/stats", Access::From(Role::Admin)),
    ("GET", "api/pools/status", Access::From(Role::Viewer)),
    ("GET", "api/servers", Access::From(Role::Viewer)),
    ("POST", "api/servers", Access::From(Role::Operator)),
    ("POST", "api/servers/test", Access::From(Role::Operator)),
    ("GET", "api/servers/{name}", Access::From(Role::Viewer)),
    ("PUT", "api/servers/{name}", Access::From(Role::Operator)),
    ("DELETE", "api/servers/{name}", Access::From(Role::Operator)),
    ("POST", "api/servers/{name}/test-pg", Access::From(Role::Operator)),
    ("POST", "api/servers/{name}/test-ssh", Access::From(Role::Operator)),
    ("DELETE", "api/servers/{name}/host-keys", Access::From(Role::Operator)),
    ("GET", "api/servers/{name}/databases", Access::From(Role::Viewer)),
    ("GET", "api/servers/{name}/filesystems", Access::From(Role::Viewer)),
    ("GET", "api/databases", Access::From(Role::Viewer)),
    ("GET", "api/server_stats/{name}", Access::From(Role::Viewer)),
    ("GET", "api/server/{name}/stats", Access::From(Role::Viewer)),
    ("GET", "api/server/{name}/db/{db}", Access::From(Role::Viewer)),
    ("GET", "api/server/{name}/db/{db}/stats", Access::From(Role::Viewer)),
    ("GET", "api/series", Access::From(Role::Viewer)),
    ("GET", "api/analysis", Access::From(Role::Viewer)),
    ("GET", "api/analysis/criteria", Access::From(Role::Viewer)),
    ("PUT", "api/analysis/criteria", Access::From(Role::Operator)),
    ("GET", "api/plugins", Access::From(Role::Viewer)),
    ("POST", "api/plugins/reload", Access::From(Role::Admin)),
    ("GET", "api/plugins/{name}", Access::From(Role::Viewer)),
    ("POST", "api/plugins/{name}/run", Access::From(Role::Operator)),
    ("POST", "api/plugins/{name}/enable", Access::From(Role::Admin)),
    ("POST", "api/plugins/{name}/disable", Access::From(Role::Admin)),
    ("POST", "api/plugins/{name}/rollback", Access::From(Role::Admin)),
    ("POST", "api/plugins/{name}/retry", Access::From(Role::Admin)),
    ("GET", "api/runs", Access::From(Role::Viewer)),
    ("GET", "api/costs", Access::From(Role::Viewer)),
    ("GET", "api/metric-sets", Access::From(Role::Viewer)),
    ("GET", "api/stream", Access::From(Role::Viewer)),
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

/// What an address without names in it offers, for `Allow`. The router would add what `{name}` beside it offers.
pub(crate) fn methods_at(path: &str) -> String {
    let path = path.trim_start_matches('/');
    let methods = TABLE.iter().filter(|(_, table_path, _)| *table_path == path).map(|(method, ..)| *method);
    methods.collect::<Vec<_>>().join(", ")
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
        if api.limits.is_denial_to_be_told(&caller.user.login, Instant::now()) {
            let attempt = format!("{} /{} needs {}", req.method(), req.matched_path(), needed.as_str());
            api.audit(caller.did("access_denied", attempt)).await;
        }
        return Err(ApiError::Forbidden { role: caller.user.role.as_str(), needed: needed.as_str() });
    }
    depot.insert_typed(caller);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn an_address_offers_its_own_methods_only() {
        assert_eq!(methods_at("/api/ssh-keys/generate"), "POST");
        assert_eq!(methods_at("/api/users"), "GET, POST");
        assert_eq!(methods_at("/api/users/anna"), "", "left to the router");
    }

    #[test]
    fn the_table_and_the_document_name_the_same_routes() {
        let document: serde_json::Value = serde_json::from_str(&crate::openapi_json()).unwrap();
        let mut documented = BTreeSet::new();
        for (path, operations) in document["paths"].as_object().unwrap().iter().filter(|(path, _)| *path != "/metrics")
        {
            for method in operations.as_object().unwrap().keys() {
                documented.insert((method.to_uppercase(), path.trim_start_matches('/').to_owned()));
            }
        }
        let allowed: BTreeSet<_> =
            TABLE.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
        assert_eq!(allowed.len(), TABLE.len(), "a route has one line");
        assert_eq!(documented, allowed);
    }
}
