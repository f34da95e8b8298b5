//! The settings that admins edit.

use std::collections::BTreeMap;

use pgvigil_model::{Setting, Tunable};
use pgvigil_storage::Stored;
use salvo::oapi::ToSchema;
use salvo::prelude::*;
use serde::{Deserialize, Serialize};

use crate::auth::Caller;
use crate::error::ApiResult;
use crate::extract::Body;
use crate::state::Api;
use crate::tunable::{change, checked};
use crate::wire::Time;

pub(crate) fn routes() -> Vec<Router> {
    vec![Router::with_path("settings").get(get_settings).put(put_settings)]
}

/// A setting as the predecessor showed it (`value` is a text), and its range.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = "Setting"))]
struct SettingView {
    key: &'static str,
    value: String,
    value_type: &'static str,
    description: &'static str,
    /// null: never changed
    updated_at: Option<Time>,
    #[serde(rename = "default")]
    default_value: i64,
    min: i64,
    max: i64,
    unit: &'static str,
}

impl From<Stored<Setting>> for SettingView {
    fn from(stored: Stored<Setting>) -> Self {
        let setting = stored.tunable;
        Self {
            key: setting.key(),
            value: stored.value.to_string(),
            value_type: "int",
            description: setting.facts().description,
            updated_at: stored.updated_at.map(Time),
            default_value: setting.default_value(),
            min: setting.facts().min,
            max: setting.facts().max,
            unit: setting.facts().unit,
        }
    }
}

type SettingsView = BTreeMap<&'static str, SettingView>;

/// What is left out or null stays as it is. Unknown keys are ignored.
#[derive(Debug, Deserialize, ToSchema)]
struct SettingsIn {
    #[salvo(schema(minimum = 60, maximum = 86400))]
    collect_interval: Option<i64>,
    #[salvo(schema(minimum = 300, maximum = 86400))]
    size_update_interval: Option<i64>,
    #[salvo(schema(minimum = 300, maximum = 86400))]
    db_check_interval: Option<i64>,
    #[salvo(schema(minimum = 1, maximum = 120))]
    retention_months: Option<i64>,
    #[salvo(schema(minimum = 7, maximum = 3650))]
    audit_retention_days: Option<i64>,
    #[salvo(schema(minimum = 7, maximum = 3650))]
    logs_retention_days: Option<i64>,
}

impl SettingsIn {
    fn get(&self, setting: Setting) -> Option<i64> {
        match setting {
            Setting::CollectInterval => self.collect_interval,
            Setting::SizeUpdateInterval => self.size_update_interval,
            Setting::DbCheckInterval => self.db_check_interval,
            Setting::RetentionMonths => self.retention_months,
            Setting::AuditRetentionDays => self.audit_retention_days,
            Setting::LogsRetentionDays => self.logs_retention_days,
        }
    }
}

/// All settings by key.
#[endpoint(operation_id = "getSettings", tags("settings"))]
async fn get_settings(api: Api) -> ApiResult<Json<SettingsView>> {
    view(&api).await
}

/// Changes settings, all or none of them. They take effect at once.
#[endpoint(operation_id = "putSettings", tags("settings"))]
async fn put_settings(api: Api, caller: Caller, body: Body<SettingsIn>) -> ApiResult<Json<SettingsView>> {
    let given = checked(|setting| body.0.get(setting))?;
    if let Some(changes) = change(&api, api.store.settings().await?, given).await? {
        api.host.settings_changed();
        api.audit(caller.did("settings_update", changes)).await;
    }
    view(&api).await
}

async fn view(api: &Api) -> ApiResult<Json<SettingsView>> {
    let settings = api.store.stored::<Setting>().await?;
    Ok(Json(settings.into_iter().map(|stored| (stored.tunable.key(), stored.into())).collect()))
}
