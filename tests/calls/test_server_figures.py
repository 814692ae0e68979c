"""The server in figures without names."""

import pytest

from core.calls.server_figures import server_figures
from core.calls.tally import Tally
from core.model.server_figures import SpeechFigures
from core.speech.scheduler import DecodeStats


@pytest.mark.parametrize(
    ("decoding", "shown"),
    [
        (DecodeStats(waiting_finals=5, oldest_s=2.5, late_s=None, skipped_interims=40), SpeechFigures(5, 2.5, 40)),
        (None, None),
    ],
)
def test_how_recognition_keeps_up_is_told_where_it_is_done_here(
    decoding: DecodeStats | None, shown: SpeechFigures | None
) -> None:
    assert server_figures((), (), {}, None, decoding, Tally()).speech == shown
