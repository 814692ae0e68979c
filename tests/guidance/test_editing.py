"""Entries taken out of a file's text and put back."""

import csv
import json
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.guidance.editing import Draft, draft_of, with_draft
from core.guidance.knowledge import entries_of
from core.model.errors import KnowledgeFileNotFound, KnowledgeTextInvalid
from core.settings import PROJECT_ROOT

MARKDOWN = (
    "# Billing\nWhat stands here is not indexed.\n\n## Refund ##\naliases: money back, paid back\n"
    "In **three** days.\n\n- by card\n- by bank\n\n## 환불\n별칭: 돈\n사흘.\n"
)
CSV = 'title,note,body,aliases\nRefund,n1,"Three days, by card.","money back, paid back"\n\nReturn,n2,Two weeks.,\n'
JSON = json.dumps(
    [
        {"question": "Refund", "answer": "Three days.", "aliases": ["money back"], "id": 7},
        {"question": "환불", "answer": "사흘."},
    ]
)
FILES = {"a.md": MARKDOWN, "a.csv": CSV, "a.json": JSON}


def read(text: str, name: str) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(e.title, e.body, e.aliases) for e in entries_of(text, name)]


def test_an_entry_is_edited_as_it_stands_in_the_file() -> None:
    assert draft_of(MARKDOWN, "a.md", 0) == Draft(
        "Refund", "In **three** days.\n\n- by card\n- by bank", ("money back", "paid back")
    )
    assert draft_of(CSV, "a.csv", 0) == Draft("Refund", "Three days, by card.", ("money back", "paid back"))
    assert draft_of(CSV, "a.csv", 1) == Draft("Return", "Two weeks.")
    assert draft_of(JSON, "a.json", 1) == Draft("환불", "사흘.")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("number", [0, 1])
def test_what_is_saved_unchanged_reads_the_same(name: str, number: int) -> None:
    text = FILES[name]
    assert read(with_draft(text, name, number, draft_of(text, name, number)), name) == read(text, name)


@pytest.mark.parametrize("name", FILES)
def test_an_entry_is_added_changed_and_removed_beside_the_others(name: str) -> None:
    new = Draft("  New\nentry ", "First.\n\nSecond, with a comma.", ("one", "two"))
    text = with_draft(FILES[name], name, None, new)
    before = read(FILES[name], name)
    assert read(text, name)[:2] == before
    title, body, aliases = read(text, name)[2]
    assert (title, body.split(), aliases) == ("New entry", new.body.split(), ("one", "two"))
    text = with_draft(text, name, 0, Draft("Other", "Text."))
    assert read(text, name)[0] == ("Other", "Text.", ())
    assert read(text, name)[1] == before[1]
    text = with_draft(text, name, 1, None)
    assert [entry[0] for entry in read(text, name)] == ["Other", "New entry"]


def test_what_else_is_in_a_file_stays() -> None:
    changed = with_draft(MARKDOWN, "a.md", 1, Draft("환불", "나흘."))
    assert changed.startswith(MARKDOWN.partition("## 환불")[0])
    rows = list(csv.reader(StringIO(with_draft(CSV, "a.csv", 1, Draft("Return", "Three weeks.")))))
    assert rows[0] == ["title", "note", "body", "aliases"]
    assert rows[-1] == ["Return", "n2", "Three weeks.", ""]
    assert json.loads(with_draft(JSON, "a.json", 0, Draft("Refund", "Soon.")))[0]["id"] == 7


@pytest.mark.parametrize("name", ["new.md", "new.csv", "new.json"])
def test_a_new_file_begins_with_its_first_entry(name: str) -> None:
    text = with_draft("", name, None, Draft("환불", "사흘.", ("돈",)))
    assert read(text, name) == [("환불", "사흘.", ("돈",))]


def test_a_table_without_a_column_of_aliases_gets_one() -> None:
    text = with_draft("title,body\nA,a\n", "a.csv", None, Draft("B", "b", ("bee",)))
    assert read(text, "a.csv") == [("A", "a", ()), ("B", "b", ("bee",))]


@pytest.mark.parametrize("draft", [Draft(" ", "text"), Draft("title", " \n"), Draft("", "")])
@pytest.mark.parametrize("name", FILES)
def test_an_entry_needs_a_title_and_a_text(name: str, draft: Draft) -> None:
    with pytest.raises(KnowledgeTextInvalid, match="a title and a text are needed"):
        with_draft(FILES[name], name, 0, draft)


@pytest.mark.parametrize("body", ["One.\n\n## Two\nText.", "One.\n\n# Two\nText.\n\n## Three\nmore"])
def test_a_text_that_would_begin_another_entry_is_refused(body: str) -> None:
    with pytest.raises(KnowledgeTextInvalid, match="would begin another entry"):
        with_draft(MARKDOWN, "a.md", 0, Draft("One", body))


def test_the_last_entry_goes_with_its_file() -> None:
    with pytest.raises(KnowledgeTextInvalid, match="delete the file instead"):
        with_draft("## One\ntext\n", "a.md", 0, None)


@pytest.mark.parametrize("number", [-1, 2, 99])
@pytest.mark.parametrize("name", FILES)
def test_an_entry_that_is_not_there_is_said(name: str, number: int) -> None:
    with pytest.raises(KnowledgeFileNotFound):
        with_draft(FILES[name], name, number, Draft("a", "b"))


def test_every_entry_of_the_sample_reads_the_same_after_it_was_saved() -> None:
    folder = PROJECT_ROOT / "knowledge"
    for path in (p for p in folder.rglob("*.*") if p.name not in ("README.md", "synonyms.csv")):
        text = path.read_text(encoding="utf-8")
        for number in range(len(entries_of(text, path.name))):
            saved = with_draft(text, path.name, number, draft_of(text, path.name, number))
            assert read(saved, path.name) == read(text, path.name), (path, number)


@given(
    st.sampled_from(sorted(FILES)),
    st.sampled_from([None, 0, 1]),
    st.text(max_size=30),
    st.text(max_size=120),
    st.lists(st.text(alphabet="ab 가,;|\n", max_size=8), max_size=3),
)
def test_whatever_is_typed_changes_one_entry_or_nothing(
    name: str, number: int | None, title: str, body: str, aliases: list[str]
) -> None:
    before = read(FILES[name], name)
    place = len(before) if number is None else number
    try:
        after = read(with_draft(FILES[name], name, number, Draft(title, body, tuple(aliases))), name)
    except KnowledgeTextInvalid:
        return
    assert after[:place] == before[:place]
    assert after[place + 1 :] == before[place + (number is not None) :]
    assert len(after) == len(before) + (number is None)
