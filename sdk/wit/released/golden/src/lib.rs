//! Uses all of the interface that it was built for: each function, each field, each kind of value.

use std::time::Duration;

use pgvigil_sdk::prelude::*;
use pgvigil_sdk::{Column, Table, Value, log, maintenance, monotonic, state};

probe!(Golden);

impl Probe for Golden {
    fn collect(target: &Target) -> Result<Report, ProbeError> {
        let mut report = Report::default();
        let mut add = |call: &str, result: f64| {
            report.push(metrics::Golden { call: call.into(), result: Some(result), since: Some(Timestamp(1)) });
        };
        let answer = query("select $1").bind(7_i64).timeout(Duration::from_secs(1)).fetch()?;
        add("query", answer.one()?.get::<i64>("n")? as f64);
        let output = ssh("echo").args(["golden"]).timeout(Duration::from_secs(1)).run()?;
        add("exec", f64::from(output.exit_code) + output.stdout.len() as f64);
        state::set("key", b"value").map_err(ProbeError::Internal)?;
        add("state", state::get("key").map_or(0.0, |value| value.len() as f64));
        state::delete("key");
        let now = now();
        let done = [
            maintenance::ensure_partitions(1).map(u64::from),
            maintenance::drop_samples_before(now),
            maintenance::purge_audit_before(now),
            maintenance::purge_logs_before(now),
            maintenance::purge_runs_before(now),
            maintenance::roll_up(),
        ];
        for (index, done) in done.into_iter().enumerate() {
            add(&format!("maintenance {index}"), done.map_err(ProbeError::Internal)? as f64);
        }
        add("setting", maintenance::setting("retention_months").map_or(0.0, |text| text.len() as f64));
        add("now", now.as_seconds());
        add("clock", f64::from(u8::from(monotonic() < Duration::from_secs(60) && remaining() > Duration::ZERO)));
        log!(Info, "{} on {}", target.config("word").unwrap_or_default(), target.name);
        report.all_entities("thing", vec![Entity::new("one", [("id", Some("1".to_owned()))])]);
        report.tables.push(Table {
            name: "table".into(),
            columns: vec![Column { name: "value".into(), type_oid: 25, type_name: "text".into() }],
            rows: [
                Value::Null,
                Value::Boolean(true),
                Value::Int(1),
                Value::Float(0.5),
                Value::Numeric("1.5".into()),
                Value::Text("text".into()),
                Value::Bytes(vec![1]),
                Value::Timestamp(1),
                Value::Json("{}".into()),
            ]
            .into_iter()
            .map(|value| vec![value])
            .collect(),
        });
        let gone = metrics::Golden { call: "gone".into(), ..Default::default() };
        report.absent_row(gone, AbsenceReason::NotApplicable, "not here");
        Ok(report)
    }
}
