//! A certificate authority and a server certificate, by the `openssl` program.
//!
//! Only tests turn TLS on, so a crate for this would be dead weight in the product.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::account::{Account, run};
use crate::error::ClusterError;

#[derive(Debug)]
pub(crate) struct Certificates {
    pub(crate) authority: PathBuf,
    pub(crate) server: PathBuf,
    pub(crate) key: PathBuf,
}

/// Valid for `localhost`, 127.0.0.1 and ::1. X.509 version 3 with a subject alternative name, without which rustls
/// accepts none.
pub(crate) fn generate(dir: &Path, owner: Account) -> Result<Certificates, ClusterError> {
    owner.create_private_dir(dir)?;
    let openssl = |arguments: &str| {
        let mut command = Command::new("openssl");
        command.args(arguments.split_whitespace()).current_dir(dir);
        owner.runs(&mut command)?;
        run(&mut command, "").map_err(|error| match error {
            ClusterError::NotRun { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                ClusterError::Missing { program: "openssl", package: "the package openssl" }
            }
            other => other,
        })
    };
    let extensions = dir.join("extensions");
    std::fs::write(&extensions, "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\nextendedKeyUsage=serverAuth\n")
        .map_err(ClusterError::file("write", &extensions))?;

    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(&format!(
        "req -x509 {key} -keyout authority.key -out authority.crt -days 30 -subj /CN=throwaway \
         -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign"
    ))?;
    openssl(&format!("req -new {key} -keyout server.key -out server.csr -subj /CN=localhost"))?;
    openssl(
        "x509 -req -in server.csr -CA authority.crt -CAkey authority.key -CAcreateserial -days 30 \
         -extfile extensions -out server.crt",
    )?;
    Ok(Certificates {
        authority: dir.join("authority.crt"),
        server: dir.join("server.crt"),
        key: dir.join("server.key"),
    })
}
