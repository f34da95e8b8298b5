"""Sessions by application and state, and how old their transactions are."""

from math import nan

import wit_world
from componentize_py_types import Err
from wit_world.imports import postgres
from wit_world.imports.types import (
    ConfigError,
    Metadata,
    Metric,
    MetricKind,
    MetricSet,
    OptionKind,
    OptionSpec,
    ProbeError_Config,
    ProbeError_HostCall,
    Report,
    Row,
    Rows,
    Scope,
    Value_Null,
    Value_Text,
)

# One statement, explicit columns. The host runs it in a read-only transaction, within its limits.
SQL = """
select
    coalesce(a.application_name, '') as application,
    coalesce(a.state, '') as state,
    count(*) as count,
    extract(epoch from max(now() - a.xact_start))::float8 as oldest_transaction
from pg_stat_activity as a
where a.application_name like $1
group by 1, 2
"""


class WitWorld(wit_world.WitWorld):
    def describe(self, config):
        for option in config:
            if option.key == "applications" and option.val == "":
                raise Err(ConfigError(path=["applications"], message="must not be empty; \"%\" means all"))
        return Metadata(
            name="sessions",
            version="0.1.0",
            summary="Sessions by application and state",
            scope=Scope.PER_SERVER,
            default_interval_ms=60_000,
            default_timeout_ms=10_000,
            capabilities=["postgres"],
            ssh_commands=[],
            min_server_version=90_600,
            options=[
                OptionSpec(
                    key="applications",
                    kind=OptionKind.TEXT,
                    help="Which applications, as a pattern of LIKE",
                    default="%",
                    required=False,
                )
            ],
            sets=[
                MetricSet(
                    name="sessions",
                    help="Sessions by application and state",
                    labels=["application", "state"],
                    metrics=[
                        Metric("count", MetricKind.GAUGE, "", "Sessions"),
                        Metric("oldest_transaction", MetricKind.GAUGE, "seconds", "Age of the oldest transaction"),
                    ],
                )
            ],
            attrs=[],
        )

    def collect(self, target):
        pattern = next(option.val for option in target.config if option.key == "applications")
        answer = query(SQL, [Value_Text(pattern)])
        rows = [
            Row(labels=[application, state], values=[count, oldest], since_us=None)
            for application, state, count, oldest in answer
        ]
        return Report(samples=[Rows(set="sessions", rows=rows)], entities=[], tables=[], absences=[], attrs=[])


def query(sql, params):
    """Rows as plain values. NULL is NaN: a metric that is absent, never zero."""
    try:
        answer = postgres.query(sql, params, None)
    except Err as error:
        raise Err(probe_error(error.value)) from None
    return [[nan if isinstance(value, Value_Null) else value.value for value in row] for row in answer.rows]


def probe_error(error):
    if isinstance(error, postgres.PostgresError_NotGranted):
        return ProbeError_Config(error.value)
    if isinstance(error, postgres.PostgresError_Sql):
        return ProbeError_HostCall(f"PostgreSQL refused with {error.value.sqlstate}: {error.value.message}")
    return ProbeError_HostCall(str(getattr(error, "value", "the query timed out")))
