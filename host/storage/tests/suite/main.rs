//! What the store promises, on both engines.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod analysis;
mod home;
mod outages;
mod people;
mod samples;
mod servers;
mod upkeep;

/// Makes each test twice: on SQLite in a directory of its own, and on PostgreSQL in a database of its own.
macro_rules! on_both_engines {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(&crate::home::Home::sqlite()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(&crate::home::Home::postgres()).await;
            })*
        }
    };
}

pub(crate) use on_both_engines;
