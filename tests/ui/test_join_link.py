"""A join link points at the server that the reader sees."""

import pytest

from core.ui.join_link import is_of_this_machine, join_address


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


@pytest.mark.parametrize("public", ["https://calls.example/earshot", "https://calls.example/earshot/"])
def test_the_public_address_comes_first(public: str) -> None:
    assert join_address("a", "http://localhost:8501/live", public) == "https://calls.example/earshot/join?t=a"


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("http://localhost:8501/join", True),
        ("http://earshot.localhost/join", True),
        ("http://127.0.0.1:8501/join", True),
        ("http://127.9.9.9/join", True),
        ("http://[::1]:8501/join", True),
        ("http://192.168.0.7:8501/join", False),
        ("https://localhost.example.com/join", False),
        ("https://calls.example.com/join", False),
        ("/join?t=a", False),
    ],
)
def test_an_address_that_nobody_else_can_open_is_known(address: str, local: bool) -> None:
    assert is_of_this_machine(address) is local
