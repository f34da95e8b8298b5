//! What a component wants from its host, read from its bytes: a component that does not fit is told so before anything of it
//! is compiled.

use wasmparser::{ComponentTypeRef, Parser, Payload};

use crate::probe::LoadError;

/// The interface version of sdk/wit that this host offers.
pub(crate) const INTERFACE_VERSION: &str = "1.0.0";
const INTERFACE_PACKAGE: &str = "pgvigil:probe/";

/// Refuses what this host does not offer. What is no component at all may pass: compiling it says why.
pub(crate) fn check(wasm: &[u8]) -> Result<(), LoadError> {
    let imports = imports(wasm).map_err(|error| LoadError::NotAComponent(wasmtime::Error::new(error)))?;
    imports.into_iter().try_for_each(check_import)
}

fn check_import(import: &str) -> Result<(), LoadError> {
    if import.starts_with("wasi:") {
        return Err(LoadError::ImportsWasi { import: import.to_owned() });
    }
    let Some(interface) = import.strip_prefix(INTERFACE_PACKAGE) else {
        return Err(LoadError::UnknownImport { import: import.to_owned() });
    };
    match interface.split_once('@') {
        Some((_, wanted)) if !is_offered(wanted) => Err(LoadError::InterfaceVersion { wanted: wanted.to_owned() }),
        _ => Ok(()),
    }
}

/// Of the component itself; those of the modules and components within it are its own business.
fn imports(wasm: &[u8]) -> wasmparser::Result<Vec<&str>> {
    let (mut imports, mut depth) = (Vec::new(), 0);
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    let import = import?;
                    // Types are what the world's own exports are made of.
                    if !matches!(import.ty, ComponentTypeRef::Type(_)) {
                        imports.push(import.name.name);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(imports)
}

/// A probe that was built for an older minor version of the same major one finds all that it knows.
fn is_offered(wanted: &str) -> bool {
    let parts = |version: &str| {
        let mut numbers = version.split('.').map(str::parse::<u32>);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    };
    match (parts(wanted), parts(INTERFACE_VERSION)) {
        (Some((major, minor)), Some((our_major, our_minor))) => major == our_major && minor <= our_minor,
        _ => false,
    }
}
