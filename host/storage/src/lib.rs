//! The store: the only crate that knows sqlx and our schema.
