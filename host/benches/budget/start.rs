//! How long it takes to start and to stop.

use std::time::Instant;

use crate::harness::{HostOptions, TestHost};
use crate::measure::{line, percentile};

const STARTS: usize = 9;

pub(crate) fn measure() {
    let dir = tempfile::tempdir().unwrap();
    let start = || TestHost::start(HostOptions { data_dir: Some(dir.path()), ..HostOptions::default() });
    // Compiles the probes.
    stop(start());
    let (mut starts, mut stops) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let began = Instant::now();
        let host = start();
        starts.push(began.elapsed().as_secs_f64() * 1e3);
        stops.push(stop(host));
    }
    println!();
    for (what, times) in
        [("from a start with a warm cache until it listens", starts), ("from SIGTERM to its end", stops)]
    {
        let [median, worst] = [50, 100].map(|percent| percentile(&mut times.clone(), percent));
        line(&format!("{what}: median, worst"), &format!("{median:.0} / {worst:.0} ms"), "< 1,000 / 5,000 ms");
    }
}

/// Milliseconds.
fn stop(mut host: TestHost) -> f64 {
    host.signal(libc::SIGTERM);
    let (status, took) = host.wait();
    assert!(status.success(), "{status}");
    took.as_secs_f64() * 1e3
}
