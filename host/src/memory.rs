//! How the C library keeps memory for us. By itself glibc kept as much again as we had in use for every server.

use std::convert::Infallible;
use std::time::Duration;

/// glibc keeps up to eight heaps per core, so that threads need not wait for one another. We have few threads and allocate little
/// at a time, and what is freed in one heap is of no use to another.
#[cfg(target_env = "gnu")]
pub(crate) fn keep_few_heaps() {
    const HEAPS: libc::c_int = 2;
    #[allow(unsafe_code, reason = "a setting of two integers, made before there are threads")]
    // SAFETY: mallopt takes no pointers; a refusal (0) leaves the default.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, HEAPS);
    }
}

/// Between two returns of what is free to the system. One takes a millisecond or two.
const TRIM_EVERY: Duration = Duration::from_secs(20);

/// glibc returns by itself only what is free at the end of a heap, and there is always something in use near it.
pub(crate) async fn give_back() -> Infallible {
    loop {
        tokio::time::sleep(TRIM_EVERY).await;
        trim();
    }
}

#[cfg(target_env = "gnu")]
fn trim() {
    #[allow(unsafe_code, reason = "a call without pointers that may come at any time from any thread")]
    // SAFETY: it takes glibc's own locks, and touches only what nobody has in use.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(not(target_env = "gnu"))]
pub(crate) fn keep_few_heaps() {}

#[cfg(not(target_env = "gnu"))]
fn trim() {}
