//! What is due when, and one run from start to report.
