"""The error tree, as it is drawn and as it is."""

import re
import string
from collections.abc import Iterator
from dataclasses import fields

import pytest

from core.model import errors
from core.model.errors import EarshotError


def _subclasses(root: type[EarshotError]) -> Iterator[type[EarshotError]]:
    yield root
    for child in root.__subclasses__():
        yield from _subclasses(child)


ERRORS = [each for each in _subclasses(EarshotError) if each.__module__ == errors.__name__]
LEAVES = [each for each in ERRORS if not each.__subclasses__()]


def _drawn(docstring: str) -> Iterator[tuple[str, str, bool]]:
    """Name, name of the parent, and whether it is marked as retryable, of every error in the drawing."""
    ancestors: list[str] = []
    for line in docstring.splitlines():
        found = re.match(r" {4}(?P<branches>[│├└─ ]*)(?P<name>[A-Z]\w+)(?P<remark>.*)$", line)
        if found is None:
            continue
        depth = len(found["branches"]) // 4
        del ancestors[depth:]
        yield found["name"], ancestors[-1] if ancestors else "Exception", "retryable" in found["remark"]
        ancestors.append(found["name"])


def test_the_drawn_tree_is_the_tree() -> None:
    drawn = list(_drawn(errors.__doc__ or ""))
    assert sorted(drawn) == sorted((each.__name__, each.__bases__[0].__name__, each.retryable) for each in ERRORS)


def test_no_error_is_defined_anywhere_else() -> None:
    assert {each.__module__ for each in _subclasses(EarshotError)} == {errors.__name__}


@pytest.mark.parametrize("error", LEAVES, ids=lambda error: error.__name__)
def test_an_error_says_what_failed_and_uses_its_parameters(error: type[EarshotError]) -> None:
    assert error.template is not EarshotError.template
    assert error.template.endswith(".")
    used = {name for _, name, _, _ in string.Formatter().parse(error.template) if name}
    assert used == {field.name for field in fields(error)}
