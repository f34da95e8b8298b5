//! The probes that are embedded in this program; made by build.rs.

use std::collections::HashMap;
use std::sync::LazyLock;

use pgvigil_runtime::digest;

include!(concat!(env!("OUT_DIR"), "/builtin.rs"));

pub(crate) fn find(name: &str) -> Option<&'static [u8]> {
    BUILTIN.iter().find(|(builtin, _)| *builtin == name).map(|(_, component)| *component)
}

pub(crate) fn names() -> Vec<&'static str> {
    BUILTIN.iter().map(|(name, _)| *name).collect()
}

/// By SHA-256, hex.
pub(crate) fn by_digest(wanted: &str) -> Option<&'static [u8]> {
    static DIGESTS: LazyLock<HashMap<String, &[u8]>> =
        LazyLock::new(|| BUILTIN.iter().map(|(_, component)| (digest(component), *component)).collect());
    DIGESTS.get(wanted).copied()
}
