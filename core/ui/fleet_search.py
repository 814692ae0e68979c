"""What the page about many calls looks at: kept in the page's address, so that it can be linked and gone back to."""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import streamlit as st

from core.language.catalogue import message
from core.model.call import CallOrigin
from core.quality.fleet_question import Counted, FleetFilter, Group, IssueSource, Measured, Metric

LONGEST = 200
"""Characters of a name in the address."""


class Period(StrEnum):
    """Over which days."""

    DAY = "1"
    WEEK = "7"
    FORTNIGHT = "14"
    MONTH = "30"
    QUARTER = "90"
    ALL = "all"

    @property
    def days(self) -> int | None:
        """How many, today included; None for all."""
        return None if self is Period.ALL else int(self.value)


PERIODS = {
    Period.DAY: message("Today"),
    Period.WEEK: message("7 days"),
    Period.FORTNIGHT: message("14 days"),
    Period.MONTH: message("30 days"),
    Period.QUARTER: message("90 days"),
    Period.ALL: message("Any time"),
}


class View(StrEnum):
    """What of it is looked at."""

    FIGURES = "figures"
    WORST = "worst"
    ISSUES = "issues"
    COMPARE = "compare"


VIEWS = {
    View.FIGURES: message("Figures"),
    View.WORST: message("Worst calls"),
    View.ISSUES: message("Issues"),
    View.COMPARE: message("Compare"),
}


class Against(StrEnum):
    """What a group of calls is compared with."""

    PERIOD = "period"
    PARTICIPANT = "participant"
    BROWSER = "browser"
    NETWORK = "network"
    LANGUAGE = "language"


AGAINST = {
    Against.PERIOD: message("The time before"),
    Against.PARTICIPANT: message("Another participant"),
    Against.BROWSER: message("Another browser"),
    Against.NETWORK: message("Another network type"),
    Against.LANGUAGE: message("Another language"),
}


@dataclass(frozen=True, slots=True)
class FleetSearch:
    """What is looked at, as the page's address says it."""

    view: View = View.FIGURES
    period: Period = Period.FORTNIGHT
    language: str = ""
    participant: str = ""
    browser: str = ""
    network: str = ""
    origin: str = ""
    with_demo: bool = True
    """Whether demo data is among the calls."""
    measured: Measured = Measured.SERVER
    metric: Metric = Metric.MOS
    group: Group = Group.DAY
    counted: Counted = Counted.CONNECTION
    issue: tuple[IssueSource, str] | None = None
    against: Against = Against.PERIOD
    other: str = ""
    """Whom or what the calls are compared with."""

    def filter(self, zone: ZoneInfo, now: datetime) -> FleetFilter:
        """The same for the question. Days are those of the reader's time zone."""
        since = None
        if self.period.days is not None:
            first = now.astimezone(zone).date() - timedelta(days=self.period.days - 1)
            since = datetime.combine(first, time(), zone).timestamp()
        is_without = not self.with_demo and self.origin != CallOrigin.SYNTHETIC
        return FleetFilter(
            since=since,
            language=self.language,
            participant=self.participant,
            browser=self.browser,
            network=self.network,
            origin=self.origin,
            without=(CallOrigin.SYNTHETIC.value,) if is_without else (),
        )

    def compared(self, zone: ZoneInfo, now: datetime) -> FleetFilter | None:
        """What it is compared with: the time before, just as long, or the same calls of another; None without one."""
        wanted = self.filter(zone, now)
        if self.against is not Against.PERIOD:
            return replace(wanted, **{self.against.value: self.other}) if self.other else None  # type: ignore[arg-type]
        if self.period.days is None or wanted.since is None:
            return None
        return replace(wanted, since=wanted.since - self.period.days * 86_400.0, until=wanted.since)

    def parameters(self) -> dict[str, str]:
        """For the page's address: only what differs from what is usual."""
        usual = FleetSearch()
        given = {
            "view": self.view.value,
            "when": self.period.value,
            "language": self.language,
            "who": self.participant,
            "browser": self.browser,
            "network": self.network,
            "origin": self.origin,
            "demo": "" if self.with_demo else "no",
            "by": self.measured.value,
            "metric": self.metric.value,
            "group": self.group.value,
            "count": self.counted.value,
            "issue": f"{self.issue[0]}:{self.issue[1]}" if self.issue else "",
            "with": self.against.value,
            "other": self.other,
        }
        defaults = {
            "view": usual.view,
            "when": usual.period,
            "by": usual.measured,
            "metric": usual.metric,
            "group": usual.group,
            "count": usual.counted,
            "with": usual.against,
        }
        return {name: value for name, value in given.items() if value and value != defaults.get(name)}


def read_fleet_search() -> FleetSearch:
    """What the page's address says; what cannot be understood of it counts as not given. Script thread."""
    given = st.query_params
    usual = FleetSearch()

    def text(name: str) -> str:
        return given.get(name, "")[:LONGEST]

    source, _, kind = text("issue").partition(":")
    return FleetSearch(
        view=View(text("view")) if text("view") in set(View) else usual.view,
        period=Period(text("when")) if text("when") in set(Period) else usual.period,
        language=text("language"),
        participant=text("who"),
        browser=text("browser"),
        network=text("network"),
        origin=text("origin") if text("origin") in set(CallOrigin) else "",
        with_demo=text("demo") != "no",
        measured=Measured(text("by")) if text("by") in set(Measured) else usual.measured,
        metric=Metric(text("metric")) if text("metric") in set(Metric) else usual.metric,
        group=Group(text("group")) if text("group") in set(Group) else usual.group,
        counted=Counted(text("count")) if text("count") in set(Counted) else usual.counted,
        issue=(IssueSource(source), kind) if source in set(IssueSource) and kind else None,
        against=Against(text("with")) if text("with") in set(Against) else usual.against,
        other=text("other"),
    )


def write_fleet_search(search: FleetSearch) -> None:
    """Put it into the page's address. Script thread."""
    wanted = search.parameters()
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)
