//! A multipart form. Held in memory only: the framework's own forms write files to the disk.

use futures_util::stream;
use multra::Multipart;
use salvo::prelude::*;

use crate::error::{ApiError, ApiResult};
use crate::extract::{check_announced, in_time};

/// More than any form of ours has.
const PARTS_MAX: usize = 8;

pub(crate) struct Part {
    pub(crate) name: Option<String>,
    pub(crate) file_name: Option<String>,
    bytes: Vec<u8>,
}

impl Part {
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.as_deref() == Some(name)
    }

    /// `refused` says what is wrong where it is no text.
    pub(crate) fn text(self, refused: impl FnOnce(&str) -> ApiError) -> ApiResult<String> {
        let name = self.name.unwrap_or_default();
        String::from_utf8(self.bytes).map_err(|_| refused(&name))
    }
}

pub(crate) fn not_utf8(field: &str) -> ApiError {
    ApiError::invalid(field, "is not UTF-8 text")
}

/// In their order.
pub(crate) async fn parts(req: &mut Request, depot: &Depot, bytes_max: usize) -> ApiResult<Vec<Part>> {
    let content_type = req.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let boundary = multra::parse_boundary(content_type);
    let boundary = boundary.map_err(|_| ApiError::WrongMediaType("multipart/form-data"))?;
    check_announced(req, bytes_max)?;
    let payload = in_time(depot, req.payload_with_max_size(bytes_max), bytes_max).await?.clone();
    let mut form = Multipart::new(stream::iter([Ok::<_, std::convert::Infallible>(payload)]), boundary);
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await.map_err(|error| faulty(&error))? {
        if parts.len() == PARTS_MAX {
            return Err(ApiError::BadRequest(format!("the form has more than {PARTS_MAX} parts")));
        }
        let (name, file_name) = (field.name().map(str::to_owned), field.file_name().map(str::to_owned));
        let bytes = field.bytes().await.map_err(|error| faulty(&error))?.into();
        parts.push(Part { name, file_name, bytes });
    }
    Ok(parts)
}

fn faulty(error: &multra::Error) -> ApiError {
    ApiError::BadRequest(format!("the form could not be read: {error}"))
}
