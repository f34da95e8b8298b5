//! Changing numbers within their ranges: all that are given or none, and on the record where they differ.

use pgvigil_model::{OutOfRange, Tunable, Values};
use pgvigil_storage::StoredTunable;

use crate::error::{ApiError, ApiResult};
use crate::state::{Api, now};

/// 400 for a value out of range and where nothing is given, as the predecessor answered.
pub(crate) fn checked<T: Tunable>(given: impl Fn(T) -> Option<i64>) -> ApiResult<Vec<(T, i64)>> {
    let given = T::ALL.iter().filter_map(|&tunable| Some((tunable, given(tunable)?)));
    let checked = given.map(|(tunable, value)| Ok((tunable, tunable.check(value)?)));
    let values: Vec<_> =
        checked.collect::<Result<_, OutOfRange>>().map_err(|error| ApiError::BadRequest(error.to_string()))?;
    if values.is_empty() { Err(ApiError::BadRequest("there is nothing to change".to_owned())) } else { Ok(values) }
}

/// Stores what differs from `before`, and answers it in words. None: nothing does.
pub(crate) async fn change<T: StoredTunable, const N: usize>(
    api: &Api,
    before: Values<T, N>,
    values: Vec<(T, i64)>,
) -> ApiResult<Option<String>> {
    let changed: Vec<_> = values.into_iter().filter(|(tunable, value)| before.get(*tunable) != *value).collect();
    if changed.is_empty() {
        return Ok(None);
    }
    api.store.tune(&changed, now()).await?;
    let words = |(tunable, value): &(T, i64)| format!("{}: {} -> {value}", tunable.key(), before.get(*tunable));
    Ok(Some(changed.iter().map(words).collect::<Vec<_>>().join(", ")))
}
