"""How whoever reads a page reads: words, numbers and days of their own."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from core.language.catalogue import Translate, translator
from core.language.formats import date_and_time, money, number, percent, short_moment
from core.settings import InterfaceLocale
from core.ui.interface_language import interface_locale


@dataclass(frozen=True, slots=True)
class Reader:
    """Made anew at every run of a page."""

    locale: str
    """`ko` or `en`."""
    zone: ZoneInfo
    translate: Translate

    def moment(self, at: float, now: float) -> str:
        """A moment (seconds since the Unix epoch) as short as it can be told at `now`."""
        return short_moment(at, now, self.locale, self.zone)

    def number(self, value: float, digits: int = 0) -> str:
        """A number with the reader's separators."""
        return number(value, self.locale, digits)

    def percent(self, share: float) -> str:
        """A share of 1 in percent."""
        return percent(share, self.locale)

    def money(self, amount: float, currency: str) -> str:
        """A sum of money."""
        return money(amount, currency, self.locale)

    def date_and_time(self, at: float) -> str:
        """A moment with its day and its seconds."""
        return date_and_time(at, self.locale, self.zone)


def reader(configured: InterfaceLocale) -> Reader:
    """Whoever reads this page. Script thread."""
    locale = interface_locale(configured)
    return Reader(locale, _zone(), translator(locale))


def _zone() -> ZoneInfo:
    """The browser's time zone; UTC where it names none that is known."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
