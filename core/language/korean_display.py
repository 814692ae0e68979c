"""How a recognised Korean text is shown: with the spaces that it lacks, and with digits where a reader expects them."""

from core.language.korean_numerals import numerals_as_digits
from core.language.korean_spacing import spaced


def display_of(raw: str) -> str:
    """The text to show for what an engine wrote; its words stay. Showing it again changes nothing.

    Pure; any thread. Takes some microseconds, and about a millisecond for each word that must be analysed
    (`core.language.korean_spacing.needs_analysis`), the first of which loads the analyser.
    """
    return numerals_as_digits(spaced(raw))
