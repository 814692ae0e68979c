"""The helper that makes namespaces says what it cannot do, and never skips in CI."""

import pytest

from tests.support import namespace


def test_a_machine_without_namespaces_skips_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespace, "namespace_problem", lambda: "no root here")
    monkeypatch.delenv("CI", raising=False)
    marked, skipped = namespace.namespace_marks()
    assert marked.name == "namespace"
    assert skipped.kwargs["reason"] == "NOT TESTED: no root here"


def test_in_ci_nothing_is_skipped_and_the_test_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespace, "namespace_problem", lambda: "no root here")
    monkeypatch.setenv("CI", "true")
    assert [mark.name for mark in namespace.namespace_marks()] == ["namespace"]
    with pytest.raises(namespace.NamespaceUnavailable, match="no root here"):
        namespace.namespace_command(["true"])
    with pytest.raises(namespace.NamespaceUnavailable, match="no root here"), namespace.own_namespace():
        pass
