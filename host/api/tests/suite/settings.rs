//! Settings.

use pgvigil_model::Tunable;
use std::sync::atomic::Ordering;

use serde_json::json;

use crate::harness::TestApp;

#[test]
fn the_document_has_the_ranges_of_the_settings() {
    let document: serde_json::Value = serde_json::from_str(&pgvigil_api::openapi_json()).unwrap();
    for setting in pgvigil_model::Setting::ALL {
        let described = &document["components"]["schemas"]["SettingsIn"]["properties"][setting.key()];
        let (minimum, maximum) = (described["minimum"].as_f64().unwrap(), described["maximum"].as_f64().unwrap());
        assert_eq!((minimum, maximum), (setting.facts().min as f64, setting.facts().max as f64), "{}", setting.key());
    }
}

#[tokio::test]
async fn a_setting_out_of_range_changes_nothing() {
    let app = TestApp::new().await;
    let admin = app.sign_in("admin").await;
    let body = json!({"retention_months": 24, "collect_interval": 59});
    let answer = app.call(&admin, "PUT", "/api/settings", body).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.body["detail"], "`collect_interval` is 59, but must be from 60 to 86400 seconds");
    assert_eq!(app.call(&admin, "PUT", "/api/settings", json!({})).await.status, 400);
    let text = app.call(&admin, "PUT", "/api/settings", json!({"collect_interval": "60"})).await;
    assert_eq!((text.status, text.field_errors()), (422, vec!["collect_interval".to_owned()]));
    assert_eq!(app.get(&admin, "/api/settings").await.body["retention_months"]["value"], "12");
    assert_eq!(app.host.settings_changed.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_changed_setting_takes_effect_and_is_on_the_record() {
    let app = TestApp::new().await;
    let admin = app.sign_in("admin").await;
    let body = json!({"collect_interval": 60, "unknown": 1, "logs_retention_days": null});
    let answer = app.call(&admin, "PUT", "/api/settings", body.clone()).await;
    insta::assert_json_snapshot!(answer.body, { ".collect_interval.updated_at" => "[time]" });
    assert_eq!(app.host.settings_changed.load(Ordering::SeqCst), 1);
    app.call(&admin, "PUT", "/api/settings", body).await;
    let updates = app.audit_types().await.into_iter().filter(|event| event == "settings_update").count();
    assert_eq!(updates, 1, "the same values again change nothing");
}
