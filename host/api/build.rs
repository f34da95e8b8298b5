//! Makes sure that the folder of the built web UI exists, so that the host compiles before the web UI was ever built.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let manifest_dir = env::var_os("CARGO_MANIFEST_DIR").ok_or_else(|| io::Error::other("cargo sets it"))?;
    let dist = Path::new(&manifest_dir).join("../../web/dist");
    fs::create_dir_all(&dist)?;
    // A new web build has to be embedded again.
    println!("cargo::rerun-if-changed=../../web/dist");
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}
