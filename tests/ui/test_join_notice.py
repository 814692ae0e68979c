"""What stands on the Join page before a customer speaks."""

import pytest
from streamlit.testing.v1 import AppTest

from core.settings import Settings
from core.ui.join_notice import own_notice

KOREAN, ENGLISH = "상담 내용은\n기록됩니다.", "We keep what you say."


def settings(**given: str) -> Settings:
    return Settings(_env_file=None, **given)


@pytest.mark.parametrize(
    ("given", "ko", "en"),
    [
        ({}, "", ""),
        ({"join_notice_ko": KOREAN, "join_notice_en": ENGLISH}, KOREAN, ENGLISH),
        ({"join_notice_ko": KOREAN}, KOREAN, KOREAN),
        ({"join_notice_en": ENGLISH}, ENGLISH, ENGLISH),
        ({"join_notice_ko": "  ", "join_notice_en": ENGLISH}, ENGLISH, ENGLISH),
    ],
)
def test_the_readers_language_comes_first_then_the_other(given: dict[str, str], ko: str, en: str) -> None:
    assert own_notice(settings(**given), "ko") == ko
    assert own_notice(settings(**given), "en") == en


def page(text: str) -> None:
    from core.settings import Settings  # noqa: PLC0415 - a script of its own
    from core.ui.join_notice import join_notice  # noqa: PLC0415

    join_notice(Settings(_env_file=None, join_notice_en=text), "en", lambda words: words)


def drawn(text: str) -> AppTest:
    test = AppTest.from_function(page, args=(text,)).run()
    assert not test.exception
    return test


def test_an_operators_notice_takes_the_place_of_the_standard_one_as_plain_text() -> None:
    test = drawn("<b>1 & 2</b>\n**not bold** :smile:")
    assert not test.info
    (html,) = test.get("html")
    assert html.proto.body == ('<p class="es-notice">&lt;b&gt;1 &amp; 2&lt;/b&gt;\n**not bold** :smile:</p>')


def test_without_one_the_standard_notice_says_that_the_call_is_written_down() -> None:
    assert "what you say is written down" in drawn("").info[0].value
