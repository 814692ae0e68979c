"""The filters of the calls page. They live in the page's address, so that a search can be linked and gone back to."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import streamlit as st

from core.language.catalogue import Translate, message
from core.model.archive import CallQuery
from core.model.call import CallState
from core.ui.wording import CALL_STATES, SPOKEN_LANGUAGES

PAGE_SIZE = 25
PARAMETERS = ("when", "from", "to", "who", "language", "state", "persona", "said", "page")
LONGEST = 200
"""Characters of a text that is searched for."""


class Period(StrEnum):
    """When a call began."""

    ANY = "any"
    TODAY = "today"
    WEEK = "week"
    MONTH = "month"
    OWN = "own"


PERIODS = {
    Period.ANY: message("Any time"),
    Period.TODAY: message("Today"),
    Period.WEEK: message("7 days"),
    Period.MONTH: message("30 days"),
    Period.OWN: message("From … to …"),
}
DAYS = {Period.TODAY: 1, Period.WEEK: 7, Period.MONTH: 30}
RUNNING = "running"
STATES = {"": message("All"), RUNNING: message("Running"), CallState.ENDED.value: CALL_STATES[CallState.ENDED]}


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched for, as the page's address says it."""

    period: Period = Period.ANY
    first: date | None = None
    last: date | None = None
    """Both days belong to it."""
    who: str = ""
    language: str = ""
    state: str = ""
    with_persona: bool = False
    said: str = ""
    page: int = 0

    def query(self, zone: ZoneInfo, now: datetime) -> CallQuery:
        """The same for the archive. Days are those of the reader's time zone."""
        since, until = self._span(now.astimezone(zone).date())
        return CallQuery(
            since=None if since is None else _midnight(since, zone),
            until=None if until is None else _midnight(until + timedelta(days=1), zone),
            participant=self.who,
            language=self.language,
            state=CallState.ENDED if self.state == CallState.ENDED.value else None,
            is_running=self.state == RUNNING,
            with_persona=self.with_persona,
            text=self.said,
            limit=PAGE_SIZE,
            offset=self.page * PAGE_SIZE,
        )

    def _span(self, today: date) -> tuple[date | None, date | None]:
        if self.period is Period.OWN:
            return self.first, self.last
        days = DAYS.get(self.period)
        return (None, None) if days is None else (today - timedelta(days=days - 1), today)

    def parameters(self) -> dict[str, str]:
        """For the page's address: only what differs from an empty search."""
        given = {
            "when": "" if self.period is Period.ANY else self.period.value,
            "from": self.first.isoformat() if self.first and self.period is Period.OWN else "",
            "to": self.last.isoformat() if self.last and self.period is Period.OWN else "",
            "who": self.who,
            "language": self.language,
            "state": self.state,
            "persona": "1" if self.with_persona else "",
            "said": self.said,
            "page": str(self.page) if self.page else "",
        }
        return {name: value for name, value in given.items() if value}


def read_search() -> Search:
    """The search of the page's address; what cannot be understood of it counts as not given. Script thread."""
    given = st.query_params
    page = given.get("page", "")
    return Search(
        period=Period(given["when"]) if given.get("when") in set(Period) else Period.ANY,
        first=_day(given.get("from", "")),
        last=_day(given.get("to", "")),
        who=given.get("who", "")[:LONGEST],
        language=given.get("language", "") if given.get("language") in SPOKEN_LANGUAGES else "",
        state=given.get("state", "") if given.get("state") in STATES else "",
        with_persona=given.get("persona") == "1",
        said=given.get("said", "")[:LONGEST],
        page=int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 0,
    )


def write_search(search: Search) -> None:
    """Put a search into the page's address. Script thread."""
    wanted = search.parameters()
    given = st.query_params.to_dict()
    if {name: value for name, value in given.items() if name in PARAMETERS} != wanted:
        others = {name: value for name, value in given.items() if name not in PARAMETERS}
        st.query_params.from_dict(others | wanted)


def search_form(search: Search, translate: Translate) -> Search:
    """Draw the filters; what the reader asked for in this run, or the same again. Script thread."""
    _ = translate
    with st.form("call-search", border=False), st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        said = st.text_input(
            _("What was said"),
            search.said,
            max_chars=LONGEST,
            placeholder=_("Words that were spoken"),
            icon=":material/search:",
            width=260,
        )
        who = st.text_input(_("Participant"), search.who, max_chars=LONGEST, placeholder=_("Name"), width=150)
        periods = list(Period)
        period = st.selectbox(
            _("Began"), periods, periods.index(search.period), format_func=lambda each: _(PERIODS[each]), width=130
        )
        languages = ["", *SPOKEN_LANGUAGES]
        language = st.selectbox(
            _("Spoken language"),
            languages,
            languages.index(search.language),
            format_func=lambda tag: _(SPOKEN_LANGUAGES[tag]) if tag else _("All"),
            width=130,
        )
        states = list(STATES)
        state = st.selectbox(
            _("State"), states, states.index(search.state), format_func=lambda each: _(STATES[each]), width=120
        )
        with_persona = st.checkbox(_("AI persona"), search.with_persona, help=_("Only calls with an AI persona."))
        first, last = search.first, search.last
        if search.period is Period.OWN:
            first = st.date_input(_("First day"), search.first, width=140)
            last = st.date_input(_("Last day"), search.last, width=140)
        if not st.form_submit_button(_("Search"), type="primary", icon=":material/search:"):
            return search
    return replace(
        search,
        said=(said or "").strip(),
        who=(who or "").strip(),
        period=period,
        language=language,
        state=state,
        with_persona=with_persona,
        first=first if isinstance(first, date) else None,
        last=last if isinstance(last, date) else None,
        page=0,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _midnight(day: date, zone: ZoneInfo) -> float:
    return datetime.combine(day, time(), zone).timestamp()
