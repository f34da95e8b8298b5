//! Samples, entities, runs, tables and state.

use pgvigil_model::{
    Bucket, Collected, Column, FailureReason, Metric, MetricKind, MetricSet, Point, Resolution, RunCost, RunId,
    RunOutcome, RunReport, ServerId, Table, Timestamp, Value, aggregate,
};
use pgvigil_storage::{
    CostFilter, CostsBy, EventFilter, PluginStateValue, RollUpProgress, RunFilter, SeriesAnswer, SeriesQuery, Store,
    StoredEvent, StoredOutcome,
};

use crate::home::{
    Home, after, declare, failed, inventory, metric, plugin, report, row, samples, server, stat_database,
};

crate::on_both_engines!(
    rows_that_were_not_declared_are_counted_not_stored,
    the_same_report_twice_changes_nothing,
    a_dropped_recreated_or_renamed_database_keeps_its_history,
    events_are_read_on_from_any_of_them,
    rolled_up_windows_equal_raw_ones,
    a_late_point_is_rolled_up_again,
    a_year_answers_no_more_points_than_asked,
    points_that_are_too_many_are_merged_to_minutes,
    another_declaration_of_a_set_continues_its_series,
    what_is_taken_in_declares_nothing_anew,
    runs_tables_and_state_come_back_as_they_went,
    runs_are_read_on_past_those_that_began_at_the_same_moment,
    a_set_gets_no_more_series_than_its_plugin_may_have,
    costs_are_summed_up_by_hour_and_outcome,
);

pub(crate) fn query(server: ServerId, from: Timestamp, to: Timestamp) -> SeriesQuery {
    SeriesQuery {
        server,
        set: "pg_stat_database".to_owned(),
        labels: Vec::new(),
        metrics: Vec::new(),
        from,
        to,
        max_points: 2_000,
        resolution: None,
    }
}

async fn rows_that_were_not_declared_are_counted_not_stored(home: &Home) {
    let store = home.open().await;
    let id = server(&store, "one").await.id;
    let recorded = store.record(&[samples(id, after(0), vec![row("shop", 1.0, 2.0)])]).await.unwrap();
    assert_eq!((recorded.runs, recorded.points, recorded.undeclared_rows), (1, 0, 1));
    let answer = store.series(&query(id, after(0), after(60))).await.unwrap();
    assert_eq!((answer.metrics.len(), answer.streams.len()), (0, 0));
    declare(&store).await;
    let mut unfit = row("shop", 1.0, 2.0);
    unfit.values.push(3.0);
    let recorded = store.record(&[samples(id, after(60), vec![unfit, row("shop", 1.0, 2.0)])]).await.unwrap();
    assert_eq!((recorded.points, recorded.undeclared_rows), (1, 1));
}

async fn the_same_report_twice_changes_nothing(home: &Home) {
    let store = home.open().await;
    declare(&store).await;
    let id = server(&store, "one").await.id;
    let rows: Vec<_> = (0..700).map(|n| row(&format!("db{n}"), f64::from(n), f64::NAN)).collect();
    let report = samples(id, after(0), rows.clone());
    assert_eq!(store.record(std::slice::from_ref(&report)).await.unwrap().points, 700);
    let again = store.record(&[report.clone(), report]).await.unwrap();
    assert_eq!((again.runs, again.points, again.skipped), (0, 0, 2));
    // Another run at the very same time: the point that is there stays.
    let other = samples(id, after(0), vec![row("db1", 99.0, 99.0)]);
    assert_eq!(store.record(&[other]).await.unwrap().points, 0);
    let latest = store.latest(id, "pg_stat_database", after(0), after(60)).await.unwrap();
    assert_eq!(latest.rows.len(), 700);
    let first = latest.rows.iter().find(|row| row.labels == ["db1"]).unwrap();
    assert!(first.values[0] == 1.0 && first.values[1].is_nan());
    assert!(store.latest(id, "pg_stat_database", after(1), after(60)).await.unwrap().rows.is_empty());
}

/// Those of one moment, too.
async fn events_are_read_on_from_any_of_them(home: &Home) {
    let store = home.open().await;
    for (nr, second) in [0, 10, 10, 10, 20].into_iter().enumerate() {
        let (kind, subject) = ("plugins.reloaded".to_owned(), format!("plugin:p{nr}"));
        let event = StoredEvent { id: None, at: after(second), server: None, kind, subject, detail: String::new() };
        store.insert_event(&event).await.unwrap();
    }
    let all = EventFilter { limit: 50, ..EventFilter::default() };
    let whole = store.events(&all).await.unwrap();
    let subjects: Vec<&str> = whole.iter().map(|event| event.subject.as_str()).collect();
    assert_eq!(subjects, ["plugin:p4", "plugin:p3", "plugin:p2", "plugin:p1", "plugin:p0"]);
    for (nr, event) in whole.iter().enumerate() {
        let before = store.event_place(event.id.unwrap()).await.unwrap();
        assert!(before.is_some());
        let rest = store.events(&EventFilter { before, ..all.clone() }).await.unwrap();
        assert_eq!(rest, whole[nr + 1..]);
    }
    assert_eq!(store.event_place(0).await.unwrap(), None);
}

/// D7
async fn a_dropped_recreated_or_renamed_database_keeps_its_history(home: &Home) {
    let store = home.open().await;
    declare(&store).await;
    let id = server(&store, "one").await.id;
    store.record(&[samples(id, after(0), vec![row("shop", 3.0, 1.0), row("crm", 1.0, 1.0)])]).await.unwrap();
    store.record(&[inventory(id, after(0), &[("shop", "1"), ("crm", "2"), ("x", "3")])]).await.unwrap();
    store.record(&[inventory(id, after(60), &[("shop", "9"), ("sales", "2")])]).await.unwrap();
    let events = store.events(&EventFilter { server: Some(id), limit: 50, ..EventFilter::default() }).await.unwrap();
    let mut told: Vec<_> = events.into_iter().map(|event| (event.kind, event.subject)).collect();
    told.sort();
    let expected =
        [("entity.gone", "database:x"), ("entity.recreated", "database:shop"), ("entity.renamed", "database:sales")];
    assert_eq!(told, expected.map(|(kind, subject)| (kind.to_owned(), subject.to_owned())));
    let databases = store.databases(id).await.unwrap();
    let seen: Vec<_> = databases
        .iter()
        .map(|row| (row.entity.key.as_str(), row.entity.gone_at.is_some(), row.numbackends, row.size_bytes))
        .collect();
    let expected = [
        ("crm", true, Some(1.0), None),
        ("sales", false, None, None),
        ("shop", false, Some(3.0), None),
        ("x", true, None, None),
    ];
    assert_eq!(seen, expected);
    let answer = store.series(&query(id, after(0), after(60))).await.unwrap();
    assert_eq!(answer.streams.len(), 2, "history stays");
}

/// Small and repeatable: the tests' own random numbers.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % u64::from(limit)).unwrap()
    }
}

/// Days of points with gaps, absent values and counter resets.
fn random_points(days: i64) -> Vec<Point> {
    let mut random = Random(42);
    let (mut commits, mut since) = (1_000.0, after(-3_600));
    let mut points = Vec::new();
    for step in 0..days * 144 {
        let at = after(step * 600 + i64::from(random.below(30)));
        match random.below(100) {
            0..3 => continue,
            3 => (commits, since) = (0.0, at.plus_seconds(-5)),
            _ => commits += f64::from(random.below(5_000)),
        }
        let numbackends = if random.below(50) == 0 { f64::NAN } else { f64::from(random.below(90)) };
        points.push(Point { at, since: Some(since), values: vec![numbackends, commits] });
    }
    points
}

async fn record_points(store: &Store, id: ServerId, points: &[Point]) {
    let reports: Vec<_> = points
        .iter()
        .map(|point| {
            let mut row = row("shop", point.values[0], point.values[1]);
            row.since = point.since;
            samples(id, point.at, vec![row])
        })
        .collect();
    for reports in reports.chunks(300) {
        store.record(reports).await.unwrap();
    }
}

fn assert_same(answer: &SeriesAnswer, expected: &[Bucket]) {
    let buckets = &answer.streams[0].buckets;
    assert_eq!(
        buckets.iter().map(|bucket| bucket.start).collect::<Vec<_>>(),
        expected.iter().map(|bucket| bucket.start).collect::<Vec<_>>()
    );
    for (bucket, expected) in buckets.iter().zip(expected) {
        for (value, expected) in bucket.values.iter().zip(&expected.values) {
            let numbers = |value: &pgvigil_model::Aggregate| {
                [value.chart_value(), value.increase(), value.last(), value.min(), value.max()]
            };
            for (number, expected) in numbers(value).into_iter().zip(numbers(expected)) {
                match (number, expected) {
                    // Merged sums are added in another order.
                    (Some(number), Some(expected)) => {
                        assert!((number - expected).abs() <= 1e-9 * expected.abs().max(1.0))
                    }
                    other => assert_eq!(other.0, other.1, "at {}", bucket.start),
                }
            }
        }
    }
}

async fn rolled_up_windows_equal_raw_ones(home: &Home) {
    let store = home.open().await;
    declare(&store).await;
    let id = server(&store, "one").await.id;
    let points = random_points(30);
    let kinds = stat_database().kinds();
    record_points(&store, id, &points[..2_000]).await;
    store.roll_up(points[1_999].at).await.unwrap();
    record_points(&store, id, &points[2_000..]).await;
    let end = points.last().unwrap().at;
    let windows = [
        (after(0), after(2 * 86_400), Resolution::Raw),
        (after(3 * 86_400 + 77), after(9 * 86_400), Resolution::Hour),
        (after(5_000), end, Resolution::FourHours),
        (after(0), after(100 * 86_400), Resolution::Day),
    ];
    // Partly rolled up, then wholly but for the tail.
    for rolls_up in [true, false] {
        for (from, to, resolution) in windows {
            let answer = store.series(&query(id, from, to)).await.unwrap();
            assert_eq!(answer.resolution, resolution);
            let expected: Vec<Bucket> = aggregate(&kinds, None, &points, resolution)
                .into_iter()
                .filter(|bucket| bucket.start >= resolution.bucket_start(from) && bucket.start <= to)
                .collect();
            assert!(!expected.is_empty());
            assert_same(&answer, &expected);
        }
        assert_eq!(store.roll_up(end).await.unwrap().buckets > 0, rolls_up, "the second time there is nothing to do");
    }
    let one_metric = SeriesQuery { metrics: vec!["xact_commit".to_owned()], ..query(id, after(0), after(20 * 86_400)) };
    let answer = store.series(&one_metric).await.unwrap();
    assert_eq!(answer.metrics, [metric("xact_commit", MetricKind::Counter)]);
    let expected = aggregate(&kinds, None, &points, Resolution::FourHours);
    assert_eq!(answer.streams[0].buckets[5].values[0].increase(), expected[5].values[1].increase());
    let elsewhere = SeriesQuery { labels: vec![("datname".to_owned(), "%".to_owned())], ..one_metric };
    assert!(store.series(&elsewhere).await.unwrap().streams.is_empty());
}

async fn a_late_point_is_rolled_up_again(home: &Home) {
    let store = home.open().await;
    declare(&store).await;
    let id = server(&store, "one").await.id;
    let points = random_points(4);
    let (late, in_time): (Vec<_>, Vec<_>) = points.iter().cloned().enumerate().partition(|(at, _)| at % 97 == 5);
    let only = |points: Vec<(usize, Point)>| points.into_iter().map(|(_, point)| point).collect::<Vec<_>>();
    record_points(&store, id, &only(in_time)).await;
    assert_eq!(store.roll_up(after(5 * 86_400)).await.unwrap().again, 0);
    record_points(&store, id, &only(late)).await;
    assert!(store.roll_up(after(5 * 86_400)).await.unwrap().again > 0);
    assert_eq!(store.roll_up(after(5 * 86_400)).await.unwrap().again, 0);
    let answer = store.series(&query(id, after(0), after(4 * 86_400 - 1))).await.unwrap();
    assert_eq!(answer.resolution, Resolution::Hour);
    assert_same(&answer, &aggregate(&stat_database().kinds(), None, &points, Resolution::Hour));
}

async fn a_year_answers_no_more_points_than_asked(home: &Home) {
    let store = home.open().await;
    declare(&store).await;
    let id = server(&store, "one").await.id;
    let points: Vec<Point> = (0..365 * 4)
        .map(|step| Point { at: after((step - 365 * 4) * 21_600), since: None, values: vec![1.0, step as f64] })
        .collect();
    record_points(&store, id, &points).await;
    let mut told = Vec::new();
    store
        .roll_up_telling(after(0), |progress| match progress {
            RollUpProgress::Sealed { resolution, to, until, .. } => told.push((resolution, to == until)),
            RollUpProgress::Again { .. } => panic!("nothing came late"),
        })
        .await
        .unwrap();
    // The last day is not over.
    for (resolution, count) in [(Resolution::Hour, 365), (Resolution::FourHours, 365), (Resolution::Day, 364)] {
        let days: Vec<bool> = told.iter().filter(|(of, _)| *of == resolution).map(|(_, is_last)| *is_last).collect();
        assert_eq!(
            (days.len(), days.iter().position(|is_last| *is_last)),
            (count, Some(count - 1)),
            "told after each day"
        );
    }
    let answer = store.series(&query(id, after(-365 * 86_400), after(0))).await.unwrap();
    assert_eq!((answer.resolution, answer.streams[0].buckets.len()), (Resolution::Day, 365));
    let grown: f64 = answer.streams[0].buckets.iter().filter_map(|bucket| bucket.values[1].increase()).sum();
    assert_eq!(grown, f64::from(365 * 4 - 1), "also from the last point of a day to the first of the next");
    let ends_of_time = query(id, Timestamp::from_micros(i64::MIN), Timestamp::from_micros(i64::MAX));
    assert_eq!(store.series(&ends_of_time).await.unwrap().streams[0].buckets.len(), 365);
    let backwards = query(id, after(0), after(-86_400));
    assert!(store.series(&backwards).await.unwrap().streams.is_empty());
    let few = SeriesQuery { max_points: 20, ..query(id, after(-10 * 86_400), after(-1)) };
    assert_eq!(store.series(&few).await.unwrap().streams[0].buckets.len(), 10);
    let merged = SeriesQuery { max_points: 10, ..query(id, after(-365 * 86_400), after(0)) };
    let merged = store.series(&merged).await.unwrap();
    assert!((9..=10).contains(&merged.streams[0].buckets.len()), "{}", merged.streams[0].buckets.len());
    assert_eq!(merged.bucket_seconds, Some(41 * 86_400));
    let grown = |answer: &SeriesAnswer| -> f64 {
        answer.streams[0].buckets.iter().filter_map(|bucket| bucket.values[1].increase()).sum()
    };
    assert_eq!(grown(&merged), grown(&answer), "nothing is lost");
}

async fn points_that_are_too_many_are_merged_to_minutes(home: &Home) {
    let store = home.open().await;
    declare(&store).await;
    let id = server(&store, "one").await.id;
    // Every 5 seconds for a while, then every 10 minutes: the interval was changed.
    let often = (0..1_200).map(|step| -12_000 + step * 5);
    let moments = often.chain((0..10).map(|step| -6_000 + step * 600));
    let points: Vec<Point> =
        moments.map(|at| Point { at: after(at), since: None, values: vec![1.0, (at + 12_000) as f64] }).collect();
    record_points(&store, id, &points).await;
    let at_most = async |max_points| {
        let query = SeriesQuery { max_points, ..query(id, after(-86_400), after(0)) };
        let answer = store.series(&query).await.unwrap();
        let grown: f64 = answer.streams[0].buckets.iter().filter_map(|bucket| bucket.values[1].increase()).sum();
        (answer.resolution, answer.bucket_seconds, answer.streams[0].buckets.len(), grown)
    };
    assert_eq!(at_most(2_000).await, (Resolution::Raw, None, 1_210, 11_400.0), "few are there");
    let (resolution, step, count, grown) = at_most(500).await;
    assert_eq!((resolution, step, grown), (Resolution::Raw, Some(300), 11_400.0));
    assert_eq!(count, 20 + 10);
    let (resolution, step, count, _) = at_most(10).await;
    assert_eq!((resolution, step), (Resolution::FourHours, Some(14_400)));
    assert!(count <= 10);
}

async fn another_declaration_of_a_set_continues_its_series(home: &Home) {
    let store = home.open().await;
    declare(&store).await;
    let id = server(&store, "one").await.id;
    store.record(&[samples(id, after(0), vec![row("shop", 1.0, 10.0)])]).await.unwrap();
    let deadlocks: Metric = metric("deadlocks", MetricKind::Counter);
    let mut wider: MetricSet = stat_database();
    wider.metrics.insert(0, deadlocks);
    store.declare(&plugin(), &[wider.clone()]).await.unwrap();
    let mut newer = row("shop", 0.0, 2.0);
    newer.values = vec![0.0, 2.0, 20.0];
    // The old one was under way when the probe was swapped.
    let newer = RunReport { sets: [wider].into(), ..samples(id, after(120), vec![newer]) };
    let reports = [samples(id, after(60), vec![row("shop", 3.0, 15.0)]), newer];
    assert_eq!(store.record(&reports).await.unwrap().points, 2);
    let answer = store.series(&query(id, after(0), after(180))).await.unwrap();
    let names: Vec<_> = answer.metrics.iter().map(|metric| metric.name.as_str()).collect();
    assert_eq!(names, ["deadlocks", "numbackends", "xact_commit"]);
    let stream = &answer.streams[0];
    let backends: Vec<_> = stream.buckets.iter().map(|bucket| bucket.values[1].last()).collect();
    assert_eq!(backends, [Some(1.0), Some(3.0), Some(2.0)]);
    assert_eq!(stream.buckets[1].values[0].last(), None, "not measured is not zero");
    assert_eq!(store.metric_sets().await.unwrap()[0].metrics.len(), 3);
}

async fn what_is_taken_in_declares_nothing_anew(home: &Home) {
    let store = home.open().await;
    let mut reworded = stat_database();
    reworded.help = "taken over".to_owned();
    let mut narrower = reworded.clone();
    narrower.metrics.pop();
    store.take_in_declarations(&plugin(), &[narrower.clone()]).await.unwrap();
    declare(&store).await;
    for _ in 0..2 {
        store.take_in_declarations(&plugin(), &[narrower.clone(), reworded.clone()]).await.unwrap();
        assert_eq!(store.metric_sets().await.unwrap(), [stat_database()], "as the plugin says");
    }
}

async fn runs_tables_and_state_come_back_as_they_went(home: &Home) {
    let store = home.open().await;
    let id = server(&store, "one").await.id;
    let table = Table {
        name: "settings".to_owned(),
        columns: vec![Column { name: "name".to_owned(), type_oid: 25, type_name: "text".to_owned() }],
        rows: vec![vec![Value::Text("nul \0".to_owned())], vec![Value::Null]],
    };
    let collected = Collected { tables: vec![table.clone()], ..Collected::default() };
    let run = report(id, after(0), RunOutcome::Collected(collected));
    let host = RunReport {
        server: None,
        ..report(id, after(60), RunOutcome::NotApplicable { detail: "nothing to do".to_owned() })
    };
    store.record(&[run, host]).await.unwrap();
    let runs = store.runs(&RunFilter { limit: 10, ..RunFilter::default() }).await.unwrap();
    assert_eq!(runs[0].outcome, StoredOutcome::NotApplicable { detail: "nothing to do".to_owned() });
    assert_eq!((runs[0].server, runs[1].server, runs.len()), (None, Some(id), 2));
    let of_server =
        RunFilter { server: Some(id), outcome: Some("failed".to_owned()), limit: 10, ..RunFilter::default() };
    assert!(store.runs(&of_server).await.unwrap().is_empty());
    assert_eq!(store.last_runs(None).await.unwrap().len(), 2);
    assert_eq!(store.tables(id).await.unwrap()[0].rows, 2);
    assert_eq!(store.table(id, &plugin(), "settings").await.unwrap().unwrap().table, table);
    let state = vec![PluginStateValue { key: "cursor".to_owned(), value: vec![0, 255] }];
    store.save_state(&plugin(), None, &state).await.unwrap();
    store.save_state(&plugin(), Some(id), &[]).await.unwrap();
    assert_eq!(store.load_state(&plugin(), None).await.unwrap(), state);
    assert!(store.load_state(&plugin(), Some(id)).await.unwrap().is_empty());
}

async fn runs_are_read_on_past_those_that_began_at_the_same_moment(home: &Home) {
    let store = home.open().await;
    let id = server(&store, "one").await.id;
    let of = |at: i64| failed(id, after(at), FailureReason::Unreachable);
    let reports: Vec<_> = [0, 60, 60, 60, 120].map(of).into_iter().collect();
    store.record(&reports).await.unwrap();
    let mut filter = RunFilter { limit: 2, from: Some(after(60)), ..RunFilter::default() };
    let mut read = Vec::new();
    for of_page in [2, 2, 0] {
        let page = store.runs(&filter).await.unwrap();
        assert_eq!(page.len(), of_page);
        let Some(last) = page.last() else { break };
        filter.before = store.run_place(last.id).await.unwrap();
        read.extend(page.into_iter().map(|run| (run.started_at, run.id)));
    }
    let mut expected: Vec<_> = reports[1..].iter().map(|report| (report.started_at, report.id)).collect();
    expected.sort_by_key(|(at, id)| std::cmp::Reverse((*at, id.0)));
    assert_eq!(read, expected);
    let until = RunFilter { to: Some(after(60)), limit: 10, ..RunFilter::default() };
    assert_eq!(store.runs(&until).await.unwrap().len(), 1, "the end is not within");
    assert_eq!(store.run_place(RunId::generate()).await.unwrap(), None);
}

async fn a_set_gets_no_more_series_than_its_plugin_may_have(home: &Home) {
    let store = home.open().await;
    declare(&store).await;
    let id = server(&store, "one").await.id;
    let explosion = |at: i64, names: std::ops::Range<i64>| {
        let rows = names.map(|name| row(&format!("db{name}"), 1.0, 1.0)).collect();
        RunReport { series_max: 10, ..samples(id, after(at), rows) }
    };
    assert_eq!(store.record(&[explosion(0, 0..8)]).await.unwrap().points, 8);
    // Two of these are known, and there is room for two more.
    assert_eq!(store.record(&[explosion(60, 6..106)]).await.unwrap().points, 4);
    // A host that was started anew knows no stream yet.
    store.close().await;
    drop(store);
    let store = home.open().await;
    declare(&store).await;
    assert_eq!(store.record(&[explosion(120, 0..1_000)]).await.unwrap().points, 10);
    let answer = store.series(&query(id, after(0), after(180))).await.unwrap();
    assert_eq!(answer.streams.len(), 10);
    let runs = store.runs(&RunFilter { limit: 10, ..RunFilter::default() }).await.unwrap();
    let told: Vec<usize> = runs.iter().map(|run| run.absences.len()).collect();
    assert_eq!(told, [1, 1, 0]);
    assert!(runs[1].absences[0].detail.starts_with("96 rows are left out: the set has 10 series"), "{:?}", runs[1]);
}

async fn costs_are_summed_up_by_hour_and_outcome(home: &Home) {
    let store = home.open().await;
    declare(&store).await;
    let id = server(&store, "one").await.id;
    let costly = |at: i64, peak: u64| RunReport {
        cost: RunCost { cpu_us: 10, memory_peak_bytes: peak, queries: 2, ..RunCost::default() },
        ..samples(id, after(at), vec![row("shop", 1.0, 2.0)])
    };
    let failure = failed(id, after(120), pgvigil_model::FailureReason::TimedOut);
    let reports = [costly(0, 5), costly(60, 9), failure, costly(3_600, 1)];
    store.record(&reports).await.unwrap();
    // Once more changes nothing.
    store.record(&reports).await.unwrap();
    let filter = CostFilter { server: Some(id), from: after(0), to: after(7_200), ..CostFilter::default() };
    let costs = store.costs(&filter, CostsBy::PluginAndServer).await.unwrap();
    let sums: Vec<_> = costs.iter().map(|cost| (cost.outcome.as_str(), cost.runs, cost.cost.queries)).collect();
    assert_eq!(sums, [("collected", 3, 6), ("timed-out", 1, 0)]);
    assert_eq!((costs[0].duration_ms, costs[0].cost.cpu_us, costs[0].cost.memory_peak_bytes), (21, 30, 9));
    let hours = store.costs(&filter, CostsBy::PluginAndHour).await.unwrap();
    let runs: Vec<_> = hours.iter().map(|cost| (cost.outcome.as_str(), cost.runs, cost.server)).collect();
    assert_eq!(runs, [("collected", 2, None), ("timed-out", 1, None), ("collected", 1, None)]);
    let elsewhere = CostFilter { plugin: Some("other".parse().unwrap()), ..filter };
    assert!(store.costs(&elsewhere, CostsBy::PluginAndServer).await.unwrap().is_empty());
}

/// The budget is 15 ms of CPU in a release build: `cargo test --release -p pgvigil-storage thirty_days -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "measures, and takes its time to fill the store"]
async fn thirty_days_of_twenty_databases() {
    let home = Home::sqlite();
    let store = home.open().await;
    declare(&store).await;
    let id = server(&store, "one").await.id;
    let rows = |step: i64| (0..20).map(|n| row(&format!("db{n}"), 5.0, step as f64)).collect();
    let reports: Vec<_> = (0..30 * 144).map(|step| samples(id, after(step * 600), rows(step))).collect();
    for reports in reports.chunks(200) {
        store.record(reports).await.unwrap();
    }
    store.roll_up(after(30 * 86_400)).await.unwrap();
    let window = query(id, after(0), after(30 * 86_400 - 1));
    store.series(&window).await.unwrap();
    let begun = std::time::Instant::now();
    for _ in 0..20 {
        assert_eq!(store.series(&window).await.unwrap().streams.len(), 20);
    }
    println!("one window of 86,400 points: {:.1} ms", begun.elapsed().as_secs_f64() * 1_000.0 / 20.0);
}
