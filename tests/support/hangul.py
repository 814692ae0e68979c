"""A Korean keyboard for tests in Chromium: jamo by jamo through the browser's own input method events."""

from collections.abc import Iterator

from playwright.sync_api import Page

FIRST = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
BASE = ord("가")
VOWELS = 21
FINALS = 28
INPUT_METHOD_KEY = 229
"""The key code of whatever key an input method has taken for itself (UI Events, 7.3)."""


def stages(syllable: str) -> Iterator[str]:
    """What the keyboard shows while a syllable is composed: its first consonant, with the vowel, with the final."""
    if not "가" <= syllable <= "힣":
        yield syllable
        return
    index = ord(syllable) - BASE
    yield FIRST[index // (VOWELS * FINALS)]
    if index % FINALS:
        yield chr(BASE + index - index % FINALS)
    yield syllable


class Hangul:
    """The keyboard of one page; the field to write in has the focus."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._devtools = page.context.new_cdp_session(page)

    def compose(self, text: str) -> None:
        """Show `text` as what is being composed, in the place of what was."""
        self._devtools.send(
            "Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)}
        )

    def commit(self, text: str) -> None:
        """End the composition with `text`."""
        self._devtools.send("Input.insertText", {"text": text})

    def type(self, word: str) -> None:
        """A word, each syllable composed and committed."""
        for syllable in word:
            for stage in stages(syllable):
                self.compose(stage)
            self.commit(syllable)

    def enter(self, key_code: int = 13) -> None:
        """Press Enter; with `INPUT_METHOD_KEY` as browsers tell of it while a syllable is being composed."""
        key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": key_code, "nativeVirtualKeyCode": key_code}
        is_of_input_method = key_code == INPUT_METHOD_KEY
        down = {"type": "rawKeyDown"} if is_of_input_method else {"type": "keyDown", "text": "\r"}
        self._devtools.send("Input.dispatchKeyEvent", {**key, **down})
        self._devtools.send("Input.dispatchKeyEvent", {**key, "type": "keyUp"})
