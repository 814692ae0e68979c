"""The report of a call: everything in it, nothing of it from elsewhere, nothing in it that runs."""

from html.parser import HTMLParser

import pytest

from core.language.catalogue import translator
from core.model.diagnosis import Cause
from core.quality.alerts import judged
from core.quality.diagnosis_words import diagnosis_words
from core.quality.report import call_report
from core.quality.synthetic import Trouble
from tests.fakes.report_call import EVIL, reported_call

VOID = {"meta", "line", "path"}
LARGEST = 5_000_000


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(content: bytes) -> _Page:
    page = _Page()
    page.feed(content.decode())
    page.close()
    assert page._open == []
    return page


def report(trouble: Trouble, locale: str, length_s: int = 180) -> bytes:
    stored, made = reported_call(trouble, length_s)
    return call_report(stored, made.samples, judged(made.samples, made.leg_facts, made.notes), locale)


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_nothing_of_it_runs_or_comes_from_elsewhere(locale: str) -> None:
    page = read(report(Trouble.LOSS, locale))
    assert not {"script", "img", "link", "iframe", "object", "base", "form"} & set(page.tags)
    assert not {name for name, _ in page.attributes} & {"src", "href", "onerror", "onload", "onclick"}
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes
    # What somebody typed stands there as text.
    assert EVIL in "".join(page.text)


def test_it_tells_the_cause_the_scores_and_what_was_said() -> None:
    text = " ".join(read(report(Trouble.LOSS, "en")).text)
    made = reported_call()[1]
    (found,) = (
        e for e in judged(made.samples, made.leg_facts, made.notes).diagnoses if e.cause is Cause.ACCESS_NETWORK
    )
    words = diagnosis_words(found, f"Chris {EVIL}", translator("en"))
    for told in (
        words.title, words.meaning, words.cure, "김상담 (Agent)", "고객이 이중 결제를 환불받으려 합니다.",
        "****-****-****-1234", "Chromium 156 · Windows · ethernet", "UTC",
    ):  # fmt: skip
        assert told in text
    assert "통화 보고서" in " ".join(read(report(Trouble.LOSS, "ko")).text)


def test_what_was_not_measured_is_a_hole_in_the_line() -> None:
    paths = [value for name, value in read(report(Trouble.OUTAGE, "en")).attributes if name == "d" and value]
    assert any(path.count("M") > 1 for path in paths)


def test_an_hour_stays_small() -> None:
    assert len(report(Trouble.JITTER, "ko", length_s=3_600)) < LARGEST


def test_a_call_without_figures_or_words_says_so() -> None:
    stored, _ = reported_call()
    text = " ".join(read(call_report(stored, (), judged(()), "en")).text)
    assert "No figures were kept of this call." in text
