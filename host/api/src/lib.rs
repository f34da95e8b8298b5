//! HTTP: the only crate that knows salvo.
