"""The filters of the page about many calls, and whom they are compared with."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import streamlit as st

from core.model.call import CallOrigin
from core.quality.fleet_question import FleetOptions, Group, Measured
from core.ui.fleet_search import AGAINST, PERIODS, VIEWS, Against, FleetSearch, Period, View
from core.ui.fleet_words import MEASURED, MEASURED_TIP, key_name
from core.ui.reader import Reader
from core.ui.wording import ORIGIN_NAMES


def filter_form(search: FleetSearch, options: FleetOptions, reader: Reader) -> FleetSearch:
    """Draw the filters and the choice of the view; what is wanted in this run. Script thread."""
    _ = reader.translate
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="fleet-filters"):
        periods = list(Period)
        period = st.selectbox(
            _("Period"),
            periods,
            periods.index(search.period),
            format_func=lambda each: _(PERIODS[each]),
            width=120,
            key="fleet-period",
        )
        language = _choice(
            _("Spoken language"), search.language, options.languages, _names(Group.LANGUAGE, reader), 130, reader
        )
        participant = _choice(_("Participant"), search.participant, options.participants, {}, 140, reader)
        browser = _choice(_("Browser"), search.browser, options.browsers, {}, 150, reader)
        network = _choice(
            _("Network type"), search.network, options.networks, _names(Group.NETWORK, reader), 140, reader
        )
        origins = {origin.value: _(name) for origin, name in ORIGIN_NAMES.items()}
        origin = _choice(_("Kind of call"), search.origin, options.origins, origins, 160, reader)
        measured = list(Measured)
        by = st.selectbox(
            _("Measured by"),
            measured,
            measured.index(search.measured),
            format_func=lambda each: _(MEASURED[each]),
            help=_(MEASURED_TIP),
            width=120,
            key="fleet-measured",
        )
        with_demo = search.with_demo
        if CallOrigin.SYNTHETIC.value in options.origins and origin != CallOrigin.SYNTHETIC:
            with_demo = st.toggle(
                _("Demo data"),
                search.with_demo,
                help=_("Whether calls that never were are counted, too."),
                key="fleet-demo",
            )
    view = st.segmented_control(
        _("View"),
        list(View),
        default=search.view,
        format_func=lambda each: _(VIEWS[each]),
        label_visibility="collapsed",
        required=True,
        key="fleet-view",
    )
    return replace(
        search,
        period=period,
        language=language,
        participant=participant,
        browser=browser,
        network=network,
        origin=origin,
        measured=by,
        with_demo=with_demo,
        view=view or View.FIGURES,
    )


def against_form(search: FleetSearch, options: FleetOptions, reader: Reader) -> FleetSearch:
    """Draw the choice of what the calls are compared with; what is wanted in this run. Script thread."""
    _ = reader.translate
    kinds = [each for each in Against if each is not Against.PERIOD or search.period is not Period.ALL]
    values: Mapping[Against, Sequence[str]] = {
        Against.PARTICIPANT: options.participants,
        Against.BROWSER: options.browsers,
        Against.NETWORK: options.networks,
        Against.LANGUAGE: options.languages,
    }
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="fleet-against"):
        against = st.selectbox(
            _("Compare with"),
            kinds,
            kinds.index(search.against) if search.against in kinds else 0,
            format_func=lambda each: _(AGAINST[each]),
            width=200,
            key="fleet-against-kind",
        )
        if against is Against.PERIOD:
            return replace(search, against=against, other="")
        found = [each for each in values[against] if each != getattr(search, against.value)]
        if not found:
            st.caption(_("There is no other one in this period."))
            return replace(search, against=against, other="")
        other = st.selectbox(
            _(AGAINST[against]),
            found,
            found.index(search.other) if search.other in found else 0,
            format_func=lambda each: key_name(Group(against.value), each, reader),
            width=200,
            key=f"fleet-against-{against.value}",
        )
    return replace(search, against=against, other=other)


def _choice(label: str, chosen: str, found: Sequence[str], names: Mapping[str, str], width: int, reader: Reader) -> str:
    """One condition; what the address asks for is offered even where no call has it."""
    every = reader.translate("All")
    options = ["", *dict.fromkeys([*found, *([chosen] if chosen else [])])]
    return st.selectbox(
        label,
        options,
        options.index(chosen),
        format_func=lambda each: names.get(each, each) if each else every,
        width=width,
        key=f"fleet-{label}",
    )


def _names(group: Group, reader: Reader) -> Mapping[str, str]:
    keys = {Group.LANGUAGE: ("ko", "en"), Group.NETWORK: ("wifi", "cellular", "ethernet", "vpn")}[group]
    return {key: key_name(group, key, reader) for key in keys}
