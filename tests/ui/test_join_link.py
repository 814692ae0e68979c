"""A join link points at the server that the reader sees."""

import pytest

from core.ui.join_link import join_address


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("http://localhost:8501/live", "http://localhost:8501/join?t=a.b-c"),
        ("https://calls.example/earshot/live", "https://calls.example/earshot/join?t=a.b-c"),
        ("http://localhost:8501/", "http://localhost:8501/join?t=a.b-c"),
        (None, "/join?t=a.b-c"),
    ],
)
def test_the_address_is_beside_the_page(page: str | None, expected: str) -> None:
    assert join_address("a.b-c", page) == expected


def test_a_token_is_quoted() -> None:
    assert join_address("a&b=c", None) == "/join?t=a%26b%3Dc"
