"""The questions over many calls in DuckDB's SQL. What people choose is handed over as parameters, never as text.

Every query begins with `matching_calls`; those about figures go on with a table `measured(call_id, key, value)`, which
the last part sums up.
"""

from core.quality.fleet_question import FleetFilter, Group, Metric

_OF_CALL = (
    ("since", "created_at >= $since"),
    ("until", "created_at < $until"),
    ("language", "language = $language"),
    ("origin", "origin = $origin"),
    ("without", "NOT list_contains($without, origin)"),
)
_OF_LEG = (
    ("participant", "participant = $participant"),
    ("browser", "browser = $browser"),
    ("network", "network = $network"),
)
_KEYS = {
    Group.DAY: "strftime(timezone($zone, to_timestamp(created_at)), '%Y-%m-%d')",
    Group.HOUR: "strftime(timezone($zone, to_timestamp(created_at)), '%H')",
    Group.PARTICIPANT: "participant",
    Group.BROWSER: "browser",
    Group.NETWORK: "network",
    Group.PATH: "path",
    Group.LANGUAGE: "call_language",
}
_SECONDS = {
    Metric.JITTER: "CASE WHEN packets > 0 THEN jitter_ms END",
    Metric.LOSS: "CASE WHEN coalesce(expected, packets + lost) > 0"
    " THEN least(100.0, greatest(0.0, 100.0 * lost / coalesce(expected, packets + lost))) END",
    Metric.RTT: "rtt_ms",
    Metric.JITTER_BUFFER: "jitter_buffer_ms",
    Metric.CONCEALED: "concealed_pct",
}
"""A metric of one sample; the same as `RtpSample` computes."""
_MEANS = {metric: f"stream.{metric.value}.mean" for metric in Metric if metric.is_of_streams} | {
    Metric.LOSS: "stream.lost_pct"
}
"""A metric of one direction of a leg."""

AFFECTED = """list_contains(
    list_transform(CASE WHEN $source = 'alert' THEN alerts ELSE causes END, lambda each: each.kind), $kind)"""
"""A condition of `matching_calls`: that something was wrong."""
FIGURES = """
SELECT key, count(DISTINCT call_id), count(*),
    quantile_cont(value, $p50), quantile_cont(value, $p95), quantile_cont(value, $p99)
FROM measured WHERE value IS NOT NULL GROUP BY key"""
HISTOGRAM = """
SELECT least(CAST(floor(value / $width + 1e-9) AS BIGINT), $most), count(*)
FROM measured WHERE value IS NOT NULL GROUP BY 1"""
PER_CALL = """
SELECT avg(value) FROM measured WHERE value IS NOT NULL GROUP BY call_id ORDER BY call_id"""
OPTIONS = """
SELECT (SELECT list(DISTINCT participant) FROM fitting_legs), (SELECT list(DISTINCT browser) FROM fitting_legs),
    (SELECT list(DISTINCT network) FROM fitting_legs), (SELECT list(DISTINCT language) FROM fitting),
    (SELECT list(DISTINCT origin) FROM fitting), (SELECT count(*) FROM fitting)"""
ISSUES = """
, found AS (
    SELECT call_id, 'alert' AS source, unnest(alerts) AS issue FROM fitting
    UNION ALL SELECT call_id, 'cause', unnest(causes) FROM fitting
)
SELECT source, issue.kind, count(DISTINCT call_id) AS calls, CAST(sum(issue.count) AS BIGINT), sum(issue.seconds)
FROM found GROUP BY ALL ORDER BY calls DESC, source, issue.kind"""
CALL_LINES = """
, worst AS (
    SELECT call_id, max(stream.jitter_ms.p95) AS jitter, max(stream.lost_pct) AS lost, max(stream.rtt_ms.p50) AS rtt
    FROM (SELECT call_id, unnest(streams) AS stream FROM fitting_legs) GROUP BY call_id
)
SELECT fitting.call_id, created_at, length_s, people, language, origin, worst_mos, jitter, lost, rtt,
    coalesce(list_sum(list_transform(alerts, lambda each: each.seconds)), 0.0) AS trouble_s,
    list_sort(list_distinct(list_transform(alerts, lambda each: each.kind))),
    list_sort(list_distinct(list_transform(causes, lambda each: each.kind))),
    count(*) OVER ()
FROM fitting LEFT JOIN worst USING (call_id)
ORDER BY list_has_any(list_transform(alerts, lambda each: each.kind), $unheard) DESC, worst_mos ASC NULLS LAST,
    trouble_s DESC, created_at DESC, fitting.call_id
LIMIT $limit OFFSET $offset"""


def matching_calls(wanted: FleetFilter, narrowed: str = "") -> str:
    """The beginning of every query: the tables `fitting` and `fitting_legs` of the calls and legs that fit."""
    of_call = [condition for name, condition in _OF_CALL if getattr(wanted, name) not in (None, "", ())]
    of_leg = [condition for name, condition in _OF_LEG if getattr(wanted, name)]
    calls = " AND ".join([*of_call, *([narrowed] if narrowed else [])]) or "true"
    has_leg = "WHERE call_id IN (SELECT call_id FROM fitting_legs)" if of_leg else ""
    return f"""
WITH in_time AS (SELECT * FROM rollups WHERE {calls}),
every_leg AS (
    SELECT call_id, created_at, call_language, leg.* FROM (
        SELECT call_id, created_at, language AS call_language, unnest(legs) AS leg FROM in_time)
),
fitting_legs AS (SELECT * FROM every_leg WHERE {" AND ".join(of_leg) or "true"}),
fitting AS (SELECT * FROM in_time {has_leg})
"""


def values_of(wanted: FleetFilter, metric: Metric, group: Group | None) -> str:
    """The table `measured` of what is kept of each call."""
    key = _KEYS[group] if group else "''"
    if metric.is_of_streams:
        return f""", measured AS (
    SELECT call_id, key, {_MEANS[metric]} AS value
    FROM (SELECT call_id, {key} AS key, unnest(streams) AS stream FROM fitting_legs)
    WHERE stream.vantage = $vantage)"""
    if metric is Metric.SET_UP:
        return f", measured AS (SELECT call_id, {key} AS key, set_up_s AS value FROM fitting_legs)"
    # Whose turn it was decides about the browser and the network; one may have come back on another.
    of_leg = any(getattr(wanted, name) for name, _ in _OF_LEG)
    return f""", spoken AS (
    SELECT call_id, created_at, language AS call_language, turn.speaker AS participant, turn.{metric.value} AS value
    FROM (SELECT *, unnest(turns) AS turn FROM fitting)),
speakers AS (
    SELECT call_id, participant, any_value(browser) AS browser, any_value(network) AS network, any_value(path) AS path
    FROM fitting_legs GROUP BY call_id, participant),
measured AS (
    SELECT call_id, coalesce({key}, '') AS key, value
    FROM spoken {"" if of_leg else "LEFT"} JOIN speakers USING (call_id, participant))"""


def second_values(wanted: FleetFilter, metric: Metric, group: Group | None) -> str:
    """The table `measured` of every second in the sample files `$paths`, which lie in folders called as their calls."""
    key = _KEYS[group] if group else "''"
    return f""", legs AS (SELECT call_id, leg_id, {key} AS key FROM fitting_legs),
seconds AS (
    SELECT parse_path(filename)[-2] AS call_id, leg_id, {_SECONDS[metric]} AS value
    FROM read_parquet($paths, filename = true) WHERE vantage = $vantage),
measured AS (SELECT call_id, key, value FROM seconds JOIN legs USING (call_id, leg_id))"""


def by_name(query: str) -> str:
    """The same question where some of the sample files are older and lack columns, which read as missing."""
    return query.replace("filename = true", "filename = true, union_by_name = true")
