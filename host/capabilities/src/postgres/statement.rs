//! One statement on one connection: read-only, in one round trip, with a deadline and a limit on its answer.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use futures_util::future::try_join3;
use pgvigil_model::{Column, FailureReason, Value};
use pgvigil_runtime::{CallBudget, PostgresError, ResultSet, Unavailable};
use tokio::time::{Instant, timeout_at};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row, RowStream};

use super::connect::{Endpoint, Link};
use super::error::{chain, is_farewell, statement};
use super::meter::Breach;
use super::param::{Param, typed};
use super::value::Cell;

/// The most that one call may receive, and keep, whatever its budget says.
const MAX_CALL_BYTES: usize = 16 << 20;

/// Above the budget for rows: names of columns, headers of rows, notices, TLS.
const SLACK_BYTES: usize = 256 << 10;

/// Rows over the limit that we read and forget, for that is cheaper than a new connection.
const MAX_DRAINED_BYTES: usize = 64 << 10;

/// The server's own deadline comes after ours: it is for the case that our cancel request does not arrive.
const SERVER_GRACE_MS: u128 = 1_000;

/// What ends a call. `COMMIT` would keep what the statement SET, `ROLLBACK` would count in the server's `xact_rollback`, which
/// people watch: so only the inner part is rolled back. Advisory locks of the session outlive both, and our connection is kept.
const END: &str = "rollback to savepoint pgvigil; select pg_advisory_unlock_all(); commit";

/// What came of a statement, and of the connection.
#[derive(Debug)]
pub(super) enum Ran {
    /// The connection is ready for the next one.
    Done(Result<ResultSet, PostgresError>),
    /// The server may still be at work.
    Unfinished(Result<ResultSet, PostgresError>),
    /// The connection is gone.
    Lost(PostgresError),
}

/// Why we stop listening in the middle of an answer.
enum Stop {
    Truncated(ResultSet),
    TooLarge(u64),
    /// The connection failed, or what came is not PostgreSQL's protocol.
    Broken(tokio_postgres::Error),
}

pub(super) struct Statement<'a> {
    pub(super) sql: &'a str,
    pub(super) params: &'a [Value],
    pub(super) deadline: Instant,
    answer_within: Duration,
    pub(super) budget: CallBudget,
    /// A hash of the text, whatever the parameters.
    pub(super) key: u64,
}

impl<'a> Statement<'a> {
    pub(super) fn new(sql: &'a str, params: &'a [Value], deadline: Instant, budget: CallBudget) -> Self {
        let mut hasher = DefaultHasher::new();
        sql.hash(&mut hasher);
        let answer_within = budget.timeout;
        Self { sql, params, deadline, answer_within, budget, key: hasher.finish() }
    }

    /// Counted from when it is sent, however long its turn took to come.
    pub(super) fn answered_within(mut self, answer_within: Duration) -> Self {
        self.answer_within = answer_within;
        self
    }

    pub(super) async fn run(&self, client: &Client, link: &Link, endpoint: &Endpoint) -> Ran {
        let max_bytes = self.max_bytes();
        let max_received = max_bytes.saturating_add(max_bytes / 4).saturating_add(SLACK_BYTES).min(MAX_CALL_BYTES);
        link.meter.allow(max_received as u64);
        link.begin(self.key);
        let deadline = self.deadline.min(Instant::now() + self.answer_within);
        let Ok(answer) = timeout_at(deadline, self.answer(client, link)).await else {
            return Ran::Unfinished(Err(PostgresError::TimedOut));
        };
        let ran = match answer {
            Ok(Answer { rows, is_clean: true }) => Ran::Done(rows),
            Ok(Answer { rows, is_clean: false }) => Ran::Unfinished(rows),
            Err(Stop::Truncated(rows)) => Ran::Unfinished(Ok(rows)),
            Err(Stop::TooLarge(limit)) => Ran::Unfinished(Err(PostgresError::TooLarge(limit))),
            Err(Stop::Broken(error)) => Ran::Lost(broken(&error, link, endpoint)),
        };
        match ran {
            Ran::Done(Ok(rows)) if link.is_worn_out(rows.rows.len(), rows.bytes) => Ran::Unfinished(Ok(rows)),
            Ran::Done(rows) => {
                link.rest();
                Ran::Done(rows)
            }
            other => other,
        }
    }

    fn max_bytes(&self) -> usize {
        self.budget.max_bytes.min(MAX_CALL_BYTES)
    }

    async fn answer(&self, client: &Client, link: &Link) -> Result<Answer, Stop> {
        if let Err(error) = self.learn_types(client, link).await? {
            return Ok(Answer { rows: Err(error), is_clean: true });
        }
        // All three are sent before the first answer is awaited: one round trip.
        let begin = self.begin();
        let begin = async {
            match client.batch_execute(&begin).await {
                Err(error) if error.as_db_error().is_none_or(is_farewell) => Err(Stop::Broken(error)),
                begun => Ok(begun),
            }
        };
        let end = async { Ok(client.batch_execute(END).await) };
        let (begun, rows, ended) = try_join3(begin, self.rows(client), end).await?;
        // A statement which fails because the transaction did not begin is only the echo.
        let rows = match begun {
            Err(error) => Err(error.as_db_error().map_or(PostgresError::TimedOut, statement)),
            Ok(()) => rows,
        };
        let rows = match rows {
            Ok(rows) if rows.columns.is_empty() => self.with_columns(rows, client, link).await?,
            rows => rows,
        };
        Ok(Answer { rows, is_clean: ended.is_ok() })
    }

    /// tokio-postgres tells the columns with the rows. Where there is no row they are asked for, once on each connection.
    async fn with_columns(
        &self,
        rows: ResultSet,
        client: &Client,
        link: &Link,
    ) -> Result<Result<ResultSet, PostgresError>, Stop> {
        let columns = match link.columns(self.key) {
            Some(known) => known,
            None => match self.prepare(client).await? {
                Ok(prepared) => {
                    let columns: Arc<[Column]> = prepared.columns().iter().map(column).collect();
                    link.learn_columns(self.key, Arc::clone(&columns));
                    columns
                }
                Err(error) => return Ok(Err(error)),
            },
        };
        Ok(Ok(ResultSet { columns: columns.to_vec(), ..rows }))
    }

    /// tokio-postgres asks for the types of columns which it does not know while the rows come in, and these can then wait for
    /// one another for ever. So we let it ask before the first execution of a text on this connection.
    async fn learn_types(&self, client: &Client, link: &Link) -> Result<Result<(), PostgresError>, Stop> {
        if link.knows(self.key) {
            return Ok(Ok(()));
        }
        let prepared = self.prepare(client).await?;
        if prepared.is_ok() {
            link.learn(self.key);
        }
        Ok(prepared.map(drop))
    }

    async fn prepare(&self, client: &Client) -> Result<Result<tokio_postgres::Statement, PostgresError>, Stop> {
        let kinds: Vec<Type> = self.params.iter().map(|value| typed(value).1).collect();
        match client.prepare_typed(self.sql, &kinds).await {
            Ok(prepared) => Ok(Ok(prepared)),
            Err(error) => sql_error(error).map(Err),
        }
    }

    fn begin(&self) -> String {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let timeout_ms = (left.as_millis() + SERVER_GRACE_MS).min(i32::MAX as u128);
        format!("begin read only; set local statement_timeout = {timeout_ms}; savepoint pgvigil")
    }

    /// Ok(Err) is the server's refusal of this statement; Err means that the connection is of no more use.
    async fn rows(&self, client: &Client) -> Result<Result<ResultSet, PostgresError>, Stop> {
        let params: Vec<(Param<'_>, Type)> = self.params.iter().map(typed).collect();
        let stream = match client.query_typed_raw(self.sql, params).await {
            Ok(stream) => stream,
            Err(error) => return sql_error(error).map(Err),
        };
        let mut stream = pin!(stream);
        let mut answer = Gathered::default();
        loop {
            match stream.try_next().await {
                Ok(None) => return Ok(answer.finish()),
                Err(error) => return sql_error(error).map(Err),
                Ok(Some(_)) if answer.rows.rows.len() >= self.budget.max_rows => {
                    answer.rows.truncated = true;
                    return if is_drained(stream).await? {
                        Ok(answer.finish())
                    } else {
                        Err(Stop::Truncated(answer.rows))
                    };
                }
                Ok(Some(row)) => answer.add(&row, self.max_bytes())?,
            }
        }
    }
}

struct Answer {
    rows: Result<ResultSet, PostgresError>,
    is_clean: bool,
}

/// Reads on for a little while; whether that was all.
async fn is_drained(mut stream: std::pin::Pin<&mut RowStream>) -> Result<bool, Stop> {
    let mut bytes = 0;
    while bytes < MAX_DRAINED_BYTES {
        match stream.try_next().await.map_err(Stop::Broken)? {
            None => return Ok(true),
            Some(row) => bytes += row.raw_size_bytes() + 8,
        }
    }
    Ok(false)
}

#[derive(Default)]
struct Gathered {
    rows: ResultSet,
    /// In our memory: an empty cell is 4 bytes on the wire, and a `Value` here.
    kept_bytes: usize,
    unreadable: Option<PostgresError>,
}

impl Gathered {
    fn add(&mut self, row: &Row, max_bytes: usize) -> Result<(), Stop> {
        if self.rows.columns.is_empty() {
            self.rows.columns = row.columns().iter().map(column).collect();
        }
        self.rows.bytes += row.raw_size_bytes();
        if self.rows.bytes > max_bytes {
            return Err(Stop::TooLarge(max_bytes as u64));
        }
        if self.unreadable.is_some() {
            return Ok(()); // the connection stays in use, so the rest is read
        }
        let mut cells = Vec::with_capacity(row.len());
        for index in 0..row.len() {
            match row.try_get::<_, Cell>(index) {
                Ok(Cell(value)) => {
                    self.kept_bytes += size_of::<Value>() + heap_bytes(&value);
                    cells.push(value);
                }
                Err(error) => {
                    self.unreadable = Some(unreadable(&row.columns()[index], &error));
                    return Ok(());
                }
            }
            if self.kept_bytes > MAX_CALL_BYTES {
                return Err(Stop::TooLarge(MAX_CALL_BYTES as u64));
            }
        }
        self.kept_bytes += size_of::<Vec<Value>>();
        self.rows.rows.push(cells);
        Ok(())
    }

    fn finish(self) -> Result<ResultSet, PostgresError> {
        self.unreadable.map_or(Ok(self.rows), Err)
    }
}

fn column(column: &tokio_postgres::Column) -> Column {
    let kind = column.type_();
    Column { name: column.name().to_owned(), type_oid: kind.oid(), type_name: kind.name().to_owned() }
}

fn heap_bytes(value: &Value) -> usize {
    match value {
        Value::Numeric(text) | Value::Text(text) | Value::Json(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Null | Value::Boolean(_) | Value::Int(_) | Value::Float(_) | Value::Timestamp(_) => 0,
    }
}

fn unreadable(column: &tokio_postgres::Column, error: &tokio_postgres::Error) -> PostgresError {
    let (name, kind) = (column.name(), column.type_().name());
    PostgresError::Sql {
        sqlstate: "0A000".to_owned(), // feature_not_supported
        message: format!("column `{name}` of type `{kind}` cannot be read: {}", chain(error)),
        hint: Some(format!("cast it to text in the statement: {name}::text")),
        position: None,
    }
}

/// The server's refusal of a statement, or an end of the connection.
fn sql_error(error: tokio_postgres::Error) -> Result<PostgresError, Stop> {
    match error.as_db_error() {
        Some(refusal) if !is_farewell(refusal) => Ok(statement(refusal)),
        Some(_) => Err(Stop::Broken(error)),
        // Before anything was sent: a parameter that cannot be.
        None if chain(&error).contains("serializing parameter") => Ok(PostgresError::Sql {
            sqlstate: "22023".to_owned(), // invalid_parameter_value
            message: chain(&error),
            hint: None,
            position: None,
        }),
        None => Err(Stop::Broken(error)),
    }
}

fn broken(error: &tokio_postgres::Error, link: &Link, endpoint: &Endpoint) -> PostgresError {
    let place = endpoint.place();
    match link.meter.breach() {
        Some(Breach::Bytes) => PostgresError::TooLarge(link.meter.max_bytes()),
        Some(Breach::RoundTrips) => PostgresError::Unavailable(Unavailable {
            reason: FailureReason::LimitExceeded,
            detail: format!("{place} needs too many questions to explain the types of this statement; cast to text"),
        }),
        Some(Breach::ClearTextPassword) | None => {
            let cause = if error.is_closed() { link.farewell() } else { chain(error) };
            let detail = format!("the connection to {place} was lost: {cause}");
            PostgresError::Unavailable(Unavailable { reason: FailureReason::Unreachable, detail })
        }
    }
}
