//! Care of the host's own store.
