//! A private key in a form.

use pgvigil_model::Secret;
use salvo::extract::{Extractible, Metadata};
use salvo::oapi::{Components, Content, EndpointArgRegister, Operation, RequestBody, Required, ToParameters, ToSchema};
use salvo::prelude::*;
use serde::Deserialize;

use crate::error::{ApiError, ApiResult};
use crate::form::{Part, not_utf8, parts};

/// A key of 16384 bits has 13 KB as PEM; the form around it adds little.
const FORM_BYTES_MAX: usize = 64 * 1024;

/// As the predecessor took them. Use the form's fields of the same names instead.
#[derive(Debug, Deserialize, ToParameters)]
#[salvo(parameters(default_parameter_in = Query))]
pub(crate) struct KeyFileQuery {
    /// Of the key; the name of the file without `.pem` or `.key` where not given.
    #[salvo(parameter(required = false))]
    name: Option<String>,
    /// Discouraged: addresses end up in the logs of proxies. Use the form's field.
    #[salvo(parameter(value_type = Option<String>, required = false))]
    passphrase: Option<Secret>,
    #[salvo(parameter(required = false))]
    description: Option<String>,
}

/// The form's fields; what is not there may be in the address.
#[derive(Debug, Default)]
pub(crate) struct KeyFile {
    file: Option<(Secret, Option<String>)>,
    name: Option<String>,
    passphrase: Option<Secret>,
    description: Option<String>,
}

/// A private key as a file.
#[derive(Debug, ToSchema)]
#[salvo(schema(name = "KeyFileIn"))]
#[expect(dead_code, reason = "only there to be described")]
struct KeyFileForm {
    /// A private key in OpenSSH, PKCS#1 or PKCS#8 format
    #[salvo(schema(format = "binary"))]
    file: String,
    /// The name of the file without `.pem` or `.key` where not given
    #[salvo(schema(required = false))]
    name: Option<String>,
    /// Of an encrypted key. It is checked, not stored.
    #[salvo(schema(write_only, required = false))]
    passphrase: Option<String>,
    #[salvo(schema(required = false))]
    description: Option<String>,
}

/// What came of both.
pub(crate) struct NamedKey {
    pub(crate) name: String,
    pub(crate) private_key: Secret,
    pub(crate) passphrase: Option<Secret>,
    pub(crate) description: Option<String>,
}

impl KeyFile {
    pub(crate) fn or(self, query: KeyFileQuery) -> ApiResult<NamedKey> {
        let (private_key, file_name) = self.file.ok_or_else(|| ApiError::invalid("file", "is missing"))?;
        let name = self.name.or(query.name).filter(|name| !name.is_empty());
        let name = name.or_else(|| file_name.as_deref().map(key_name));
        Ok(NamedKey {
            name: name.ok_or_else(|| ApiError::invalid("name", "is missing, and the file has none"))?,
            private_key,
            passphrase: self.passphrase.or(query.passphrase),
            description: self.description.or(query.description),
        })
    }

    fn take(&mut self, mut part: Part) -> ApiResult<()> {
        match part.name.as_deref() {
            // 400 for a file that is no text, as the predecessor answered.
            Some("file") => {
                let file_name = part.file_name.take();
                let text = part.text(|_| ApiError::BadRequest("the file is not UTF-8 text".to_owned()))?;
                self.file = Some((Secret::new(text), file_name));
            }
            Some("name") => self.name = Some(part.text(not_utf8)?),
            Some("passphrase") => self.passphrase = Some(Secret::new(part.text(not_utf8)?)),
            Some("description") => self.description = Some(part.text(not_utf8)?),
            Some(_) | None => {}
        }
        Ok(())
    }
}

/// `C:\keys\prod.pem` -> `prod`
fn key_name(file_name: &str) -> String {
    let base = file_name.rsplit(['/', '\\']).next().unwrap_or_default();
    base.strip_suffix(".pem").or_else(|| base.strip_suffix(".key")).unwrap_or(base).to_owned()
}

impl<'ex> Extractible<'ex> for KeyFile {
    fn metadata() -> &'static Metadata {
        static METADATA: Metadata = Metadata::new("");
        &METADATA
    }

    #[allow(refining_impl_trait, reason = "the precise type is what handlers want")]
    async fn extract(req: &'ex mut Request, depot: &'ex mut Depot) -> Result<Self, ApiError> {
        let mut form = Self::default();
        for part in parts(req, depot, FORM_BYTES_MAX).await? {
            form.take(part)?;
        }
        Ok(form)
    }
}

impl EndpointArgRegister for KeyFile {
    fn register(components: &mut Components, operation: &mut Operation, _arg: &str) {
        let content = Content::new(KeyFileForm::to_schema(components));
        operation.request_body =
            Some(RequestBody::new().add_content("multipart/form-data", content).required(Required::True));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_called_like_its_file() {
        for (file, name) in [
            ("prod.pem", "prod"),
            ("prod.key", "prod"),
            ("id_ed25519", "id_ed25519"),
            (r"C:\keys\a.b.pem", "a.b"),
            ("/home/x/.ssh/id_rsa", "id_rsa"),
        ] {
            assert_eq!(key_name(file), name);
        }
    }
}
