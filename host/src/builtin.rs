//! The probes that are embedded in this program; made by build.rs.

include!(concat!(env!("OUT_DIR"), "/builtin.rs"));

pub(crate) fn find(name: &str) -> Option<&'static [u8]> {
    BUILTIN.iter().find(|(builtin, _)| *builtin == name).map(|(_, component)| *component)
}

pub(crate) fn names() -> Vec<&'static str> {
    BUILTIN.iter().map(|(name, _)| *name).collect()
}

pub(crate) fn components() -> impl Iterator<Item = &'static [u8]> {
    BUILTIN.iter().map(|(_, component)| *component)
}
