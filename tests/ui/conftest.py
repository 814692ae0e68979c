"""A backend for the pages under test."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from core import backend as composition
from tests.fakes.page_backend import PageBackend


@pytest.fixture
def server() -> Iterator[PageBackend]:
    """In the place of the server's own, while a test runs."""
    fake = PageBackend()
    composition.install(cast(Any, fake))
    yield fake
    composition.install(None)
