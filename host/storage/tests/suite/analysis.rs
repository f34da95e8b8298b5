//! The criteria of the analysis, and reading all series of a server.

use std::collections::BTreeMap;

use pgvigil_model::{Criterion, MetricKind, MetricSet, Resolution, RunReport, ServerId, Timestamp};
use pgvigil_storage::{SERIES_STREAMS_MAX, SeriesQuery};

use crate::home::{Home, after, declare, metric, row, samples, server, stat_database};
use crate::samples::query;

crate::on_both_engines!(
    criteria_stand_at_their_defaults_until_they_are_changed,
    every_series_is_visited_whole,
    series_with_two_declarations_count_once,
);

async fn criteria_stand_at_their_defaults_until_they_are_changed(home: &Home) {
    let store = home.open().await;
    assert!(store.stored::<Criterion>().await.unwrap().iter().all(|stored| stored.updated_at.is_none()));
    assert_eq!(store.criteria().await.unwrap().get(Criterion::DeadDays), 30);
    store.tune(&[(Criterion::DeadDays, 7), (Criterion::StaticConnectionsDays, 3)], after(0)).await.unwrap();
    store.tune(&[(Criterion::DeadDays, 14)], after(60)).await.unwrap();
    store.close().await;
    drop(store);
    let store = home.open().await;
    let stored = store.stored::<Criterion>().await.unwrap();
    let changed: Vec<_> = stored.iter().filter(|stored| stored.updated_at.is_some()).collect();
    assert_eq!(changed.len(), 2, "{changed:?}");
    assert_eq!((changed[0].value, changed[0].updated_at), (14, Some(after(60))));
    let criteria = store.criteria().await.unwrap();
    assert_eq!(criteria.get(Criterion::DeadDays), 14);
    assert_eq!(criteria.get(Criterion::LowActivityConnections), 2, "the default");
}

/// A declaration that changes makes no second series of one.
async fn series_with_two_declarations_count_once(home: &Home) {
    let store = home.open().await;
    declare(&store).await;
    let id = server(&store, "one").await.id;
    let names: Vec<String> = (0..SERIES_STREAMS_MAX).map(|n| format!("db{n:04}")).collect();
    let rows = names.iter().map(|name| row(name, 2.0, 0.0)).collect();
    store.record(&[samples(id, after(0), rows)]).await.unwrap();
    let later = another_declaration(id, after(60), &names);
    store.declare(&later.plugin, &later.sets).await.unwrap();
    store.record(&[later]).await.unwrap();
    let metrics = vec!["numbackends".to_owned()];
    let query = SeriesQuery { metrics, max_points: 100, ..query(id, after(0), after(120)) };
    let answer = store.series(&query).await.unwrap();
    assert_eq!((answer.streams.len(), answer.streams_left_out), (SERIES_STREAMS_MAX, 0));
    assert!(answer.streams.iter().all(|series| series.buckets.len() == 2), "each has its whole history");
}

/// More series than one answer of `series` holds, one of them under two declarations, half of it rolled up.
async fn every_series_is_visited_whole(home: &Home) {
    let store = home.open().await;
    declare(&store).await;
    let id = server(&store, "one").await.id;
    let names: Vec<String> = (0..SERIES_STREAMS_MAX + 50).map(|n| format!("db{n:04}")).collect();
    for hour in 0..3_i64 {
        let rows = names.iter().map(|name| row(name, 2.0, 100.0 * hour as f64)).collect();
        store.record(&[samples(id, after(hour * 3_600), rows)]).await.unwrap();
    }
    store.roll_up(after(2 * 3_600 + 1_800)).await.unwrap();
    let later = another_declaration(id, after(3 * 3_600), &names[..1]);
    store.declare(&later.plugin, &later.sets).await.unwrap();
    store.record(&[later]).await.unwrap();
    let metrics = vec!["xact_commit".to_owned()];
    let query = SeriesQuery { metrics, max_points: u32::MAX, ..query(id, after(0), after(4 * 3_600)) };
    let streams = store.stream_count(id, "pg_stat_database").await.unwrap();
    assert_eq!(streams, u64::try_from(names.len()).unwrap() + 1, "one has two declarations");
    let mut visited: BTreeMap<String, (usize, f64)> = BTreeMap::new();
    store
        .visit_series(&query, Resolution::Hour, |metrics, stream| {
            assert_eq!(metrics.len(), 1);
            let increases = stream.buckets.iter().filter_map(|bucket| bucket.values[0].increase());
            let before = visited.insert(stream.labels[0].clone(), (stream.buckets.len(), increases.sum()));
            assert_eq!(before, None, "a series is visited once");
        })
        .await
        .unwrap();
    assert_eq!(visited.len(), names.len());
    assert_eq!(visited["db0000"], (4, 200.0), "the newer declaration continues it, its first point has none before it");
    assert!(visited.iter().skip(1).all(|(_, found)| *found == (3, 200.0)), "{visited:?}");
}

/// With a metric more.
fn another_declaration(server: ServerId, at: Timestamp, names: &[String]) -> RunReport {
    let mut set: MetricSet = stat_database();
    set.metrics.push(metric("deadlocks", MetricKind::Counter));
    let wider = |name: &String| {
        let mut row = row(name, 2.0, 300.0);
        row.values.push(0.0);
        row
    };
    let mut report = samples(server, at, names.iter().map(wider).collect());
    report.sets = [set].into();
    report
}
