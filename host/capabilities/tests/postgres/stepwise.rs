use std::sync::Arc;
use std::time::Duration;

use pgvigil_capabilities::PostgresServer;
use pgvigil_cluster::testing;
use pgvigil_model::{PostgresSettings, Secret, StepOutcome, TestStep};

use crate::settings;

const TIMEOUT: Duration = Duration::from_secs(20);

fn outcomes(steps: &[TestStep]) -> Vec<(&str, StepOutcome)> {
    steps.iter().map(|step| (step.name.as_str(), step.outcome)).collect()
}

async fn test(settings: PostgresSettings, password: &str) -> Vec<TestStep> {
    PostgresServer::test(settings, Some(Secret::new(password)), Arc::default(), TIMEOUT).await
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_after_a_failure_are_skipped() {
    use StepOutcome::{Failed, Passed, Skipped};
    let cluster = testing::postgres(18);
    let steps = test(PostgresSettings { port: 1, ..settings(cluster, "postgres") }, "x").await;
    let expected = [("connect", Failed), ("authenticate", Skipped), ("version", Skipped), ("privileges", Skipped)];
    assert_eq!(outcomes(&steps), expected);
    assert!(steps[0].detail.contains("127.0.0.1:1"), "{}", steps[0].detail);

    let steps = test(settings(cluster, "postgres"), "wrong").await;
    let expected = [("connect", Passed), ("authenticate", Failed), ("version", Skipped), ("privileges", Skipped)];
    assert_eq!(outcomes(&steps), expected);
    assert!(steps[1].detail.contains("check the password"), "{}", steps[1].detail);
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_privileges_come_with_the_grant() {
    let cluster = testing::postgres(18);
    let role = "watcher of \"steps\"";
    testing::execute(cluster, "postgres", "create role \"watcher of \"\"steps\"\"\" login password 'x'");
    let watcher = || PostgresSettings { user: role.to_owned(), ..settings(cluster, "postgres") };
    let grant = "grant pg_monitor to \"watcher of \"\"steps\"\"\"";

    let steps = test(watcher(), "x").await;
    assert_eq!(steps[3].outcome, StepOutcome::Warning);
    assert!(steps[3].detail.ends_with(grant), "{}", steps[3].detail);

    testing::execute(cluster, "postgres", grant);
    let steps = test(watcher(), "x").await;
    assert!(steps.iter().all(|step| step.outcome == StepOutcome::Passed), "{steps:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_is_more_than_is_needed() {
    for major in [10, 13, 15, 18] {
        let cluster = testing::postgres(major);
        let steps = test(settings(cluster, "postgres"), cluster.password()).await;
        assert_eq!(steps[2].detail, format!("PostgreSQL {}", cluster.version()));
        assert_eq!(steps[3].outcome, StepOutcome::Warning);
        assert!(steps[3].detail.contains("is a superuser"), "{}", steps[3].detail);
    }
}
