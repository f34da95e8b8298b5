//! How long a probe computed: the thread's CPU clock around each poll of its future, so that waiting does not count.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

#[derive(Debug, Default)]
pub(crate) struct CpuMeter {
    spent_ns: AtomicU64,
    /// The thread's clock when the poll in progress began.
    poll_began_ns: AtomicU64,
}

impl CpuMeter {
    pub(crate) fn spent(&self) -> Duration {
        Duration::from_nanos(self.spent_ns.load(Ordering::Relaxed))
    }

    /// `spent` plus the poll in progress; to be asked on the polling thread only.
    pub(crate) fn spent_now(&self) -> Duration {
        let began = self.poll_began_ns.load(Ordering::Relaxed);
        self.spent() + Duration::from_nanos(thread_cpu_ns().saturating_sub(began))
    }
}

/// A future whose CPU time goes to a meter.
pub(crate) struct Metered<F> {
    pub future: F,
    pub meter: Arc<CpuMeter>,
}

impl<F: Future + Unpin> Future for Metered<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let began = thread_cpu_ns();
        self.meter.poll_began_ns.store(began, Ordering::Relaxed);
        let poll = Pin::new(&mut self.future).poll(context);
        self.meter.spent_ns.fetch_add(thread_cpu_ns().saturating_sub(began), Ordering::Relaxed);
        poll
    }
}

fn thread_cpu_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: clock_gettime writes the timespec that we own; it fails only for clocks that do not exist, and then leaves 0.
    #[allow(unsafe_code, reason = "std offers no CPU clock of a thread")]
    unsafe {
        libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time);
    }
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}
