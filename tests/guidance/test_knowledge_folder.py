"""The handbook's files as somebody changes them, and the handbook as its page reads it."""

import threading
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.guidance.background import BackgroundRetriever
from core.guidance.embedded import EmbeddedRetriever
from core.guidance.explanation import explain
from core.guidance.handbook import Handbook, file_of
from core.guidance.knowledge_folder import KnowledgeChange, KnowledgeFolder, check_name
from core.language.catalogue import describe, translator
from core.model.clock import SystemClock
from core.model.errors import (
    KnowledgeChanged,
    KnowledgeFileNotFound,
    KnowledgePathRefused,
    KnowledgeTextInvalid,
    KnowledgeUnwritable,
)
from tests.guidance.writing import write

TEXT = "## Refund\nThree days.\n"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    write(tmp_path / "handbook", "en/a.md", TEXT)
    return tmp_path / "handbook"


@pytest.fixture
def files(directory: Path) -> KnowledgeFolder:
    return KnowledgeFolder(directory)


def test_a_file_is_read_changed_added_and_deleted(files: KnowledgeFolder, directory: Path) -> None:
    file = files.read("en/a.md")
    assert file.text == TEXT
    files.change(KnowledgeChange("en/a.md", TEXT + "\n## More\ntext\n", file.digest))
    assert (directory / "en/a.md").read_text().endswith("text\n")
    files.change(KnowledgeChange("ko/요금 (1).csv", "title,body\n환불,사흘\n", ""))
    files.change(KnowledgeChange("en/a.md", None, files.read("en/a.md").digest))
    assert [p.relative_to(directory).as_posix() for p in directory.rglob("*.*")] == ["ko/요금 (1).csv"]


def test_somebody_elses_change_is_not_written_over(files: KnowledgeFolder, directory: Path) -> None:
    opened = files.read("en/a.md")
    write(directory, "en/a.md", "## Refund\nFour days.\n")
    for text in (TEXT, None):
        with pytest.raises(KnowledgeChanged):
            files.change(KnowledgeChange("en/a.md", text, opened.digest))
    with pytest.raises(KnowledgeChanged):
        files.change(KnowledgeChange("en/a.md", TEXT, ""))
    assert "Four days" in files.read("en/a.md").text


def test_of_two_who_save_at_once_one_is_told(files: KnowledgeFolder) -> None:
    opened, refused = files.read("en/a.md"), []

    def save(number: int) -> None:
        try:
            files.change(KnowledgeChange("en/a.md", f"## Refund\n{number} days.\n", opened.digest))
        except KnowledgeChanged as error:
            refused.append(error)

    threads = [threading.Thread(target=save, args=(n,), name=f"save-{n}") for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 7


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("en/a.md", "no heading", "it has no `## title`"),
        ("en/a.md", "## One\ntext\n\n## Two\n", "line 4: the entry `Two` has no text"),
        ("b.csv", "title,body\nA,a\nB\n", "line 3 has no title or no body"),
        ("b.json", "[\n{,}]", "line 2: Expecting property name"),
        ("synonyms.csv", "a,b\nalone\n", "line 2 has fewer than two words"),
        ("en/a.md", "## a\n\0", "it is not text"),
        ("en/a.md", "## a\n" + "x" * 4_000_001, "it is larger than 4 MB"),
    ],
)
def test_a_bad_file_is_refused_with_its_reason_and_line(
    files: KnowledgeFolder, directory: Path, name: str, text: str, says: str
) -> None:
    digest = files.read(name).digest if (directory / name).exists() else ""
    with pytest.raises(KnowledgeTextInvalid) as raised:
        files.change(KnowledgeChange(name, text, digest))
    assert says in str(raised.value)
    assert files.read("en/a.md").text == TEXT
    assert not (directory / "b.csv").exists()
    assert "저장하지 않았습니다" in describe(raised.value, translator("ko"))


@pytest.mark.parametrize(
    "name",
    [
        "../out.md",
        "en/../../out.md",
        "/etc/out.md",
        "en//a.md",
        "./a.md",
        "en/",
        "",
        ".hidden.md",
        "en/.git/a.md",
        "a.txt",
        "a.md.exe",
        "no-suffix",
        "README.md",
        "en/synonyms.csv",
        "a\\b.md",
        "a\nb.md",
        "a\0.md",
        "a/b/c/d/e.md",
        "x" * 200 + ".md",
        "C:a.md",
    ],
)
def test_a_name_that_is_none_of_a_handbook_file_is_refused(files: KnowledgeFolder, name: str) -> None:
    for act in (lambda: files.read(name), lambda: files.change(KnowledgeChange(name, TEXT, ""))):
        with pytest.raises(KnowledgePathRefused):
            act()


def test_a_link_that_leads_out_of_the_folder_is_not_followed(files: KnowledgeFolder, directory: Path) -> None:
    outside = directory.parent / "outside"
    write(outside, "secret.md", TEXT)
    (directory / "link.md").symlink_to(outside / "secret.md")
    (directory / "folder").symlink_to(outside)
    for name in ("link.md", "folder/secret.md", "folder/new.md"):
        with pytest.raises(KnowledgePathRefused, match="leads out"):
            files.read(name)
        with pytest.raises(KnowledgePathRefused, match="leads out"):
            files.change(KnowledgeChange(name, TEXT, ""))
    assert list(outside.iterdir()) == [outside / "secret.md"]


@given(st.text(max_size=60))
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    try:
        check_name(name)
    except KnowledgePathRefused:
        return
    assert Path("/folder", name).resolve().is_relative_to("/folder")
    assert not any(part.startswith(".") for part in Path(name).parts)


def test_a_file_that_macos_named_in_parts_is_the_same_file(files: KnowledgeFolder, directory: Path) -> None:
    in_parts = unicodedata.normalize("NFD", "요금.md")
    write(directory, in_parts, TEXT)
    files.change(KnowledgeChange("요금.md", TEXT * 2, files.read("요금.md").digest))
    assert [path.name for path in directory.glob("*.md")] == [in_parts]


def test_a_file_in_the_place_of_a_folder_is_said(files: KnowledgeFolder, directory: Path) -> None:
    write(directory, "en/b.md", TEXT)
    (directory / "folder.md").mkdir()
    for name in ("folder.md", "en/b.md/c.md"):
        with pytest.raises(KnowledgeUnwritable):
            files.change(KnowledgeChange(name, TEXT, ""))


@pytest.fixture
def local(directory: Path) -> Iterator[BackgroundRetriever]:
    write(directory, "b.csv", "title,body\nReturn,Two weeks.\nExchange,A month.\n")
    write(directory, "c.json", '[{"question": "Hours #1", "answer": "Nine to six."}]')
    retriever = BackgroundRetriever(directory, SystemClock())
    retriever.reload()
    yield retriever
    retriever.close()


def test_every_entry_knows_its_file_and_its_place(
    local: BackgroundRetriever, files: KnowledgeFolder, directory: Path
) -> None:
    handbook = Handbook(local, files, local)
    placed = {each.entry.title: each for each in handbook.entries()}
    assert {title: (each.path, each.number) for title, each in placed.items()} == {
        "Refund": ("en/a.md", 0),
        "Return": ("b.csv", 0),
        "Exchange": ("b.csv", 1),
        "Hours #1": ("c.json", 0),
    }
    for each in placed.values():
        assert handbook.open(each).draft.title == each.entry.title
    write(directory, "b.csv", "title,body\nAnother,Two weeks.\n")
    with pytest.raises(KnowledgeFileNotFound):
        handbook.open(placed["Exchange"])


@pytest.mark.parametrize(
    ("source", "path"),
    [("a.md#title", "a.md"), ("en/b.csv:3", "en/b.csv"), ("c#1.json#2", "c#1.json"), ("B.CSV:12", "B.CSV")],
)
def test_a_source_names_its_file(source: str, path: str) -> None:
    assert file_of(source) == path


def test_why_an_entry_is_found_is_told_word_by_word(sample: EmbeddedRetriever) -> None:
    query = "카드에서 같은 금액이 두 번 빠져나갔어요"
    explanation = explain(sample, query, 5)
    assert "카드" in explanation.terms
    assert not any(term.startswith("=") for term in explanation.terms)
    best = explanation.findings[0]
    assert "".join(piece.text for piece in best.title) == "이중 청구 환불"
    assert [piece.text for piece in best.title if piece.is_match] == ["이중"]
    assert any(piece.is_match for alias in best.aliases for piece in alias)
    parts = best.title_score + best.alias_score + best.body_score + best.letters_score
    assert best.score == pytest.approx(parts * best.language_factor, rel=1e-4) == pytest.approx(best.words_score)
    assert (best.words_rank, best.meaning_rank, best.similarity) == (1, None, None)
    english = next(f for f in explanation.findings if f.source.startswith("en/"))
    assert english.language_factor == pytest.approx(0.3)


@given(st.text(max_size=60))
def test_a_marked_text_is_the_text(sample: EmbeddedRetriever, query: str) -> None:
    for finding in explain(sample, query + " 환불 refund", 3).findings:
        assert "".join(piece.text for piece in finding.snippet) in sample.snippet(
            next(i for i, e in enumerate(sample.entries) if e.source == finding.source),
            sample.scores(query + " 환불 refund").query,
        )
        assert all(piece.text for piece in finding.title)
