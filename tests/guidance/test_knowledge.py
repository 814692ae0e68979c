from pathlib import Path

import pytest

from core.guidance.embedded import EmbeddedRetriever
from core.guidance.knowledge import language_of, read_knowledge
from core.model.errors import KnowledgeMissing
from core.model.health import PartState
from core.settings import PROJECT_ROOT


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_all_three_formats_are_read(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "# desk\n\n## 환불 절차\n별칭: 돈 돌려줘, 환급\n사흘 안에 입금한다.\n")
    write(tmp_path, "deep/b.csv", "title,body,aliases\nRefunds,Within three days.,money back; cash\n")
    write(tmp_path, "c.json", '[{"question": "How long?", "answer": "Three days.", "aliases": ["when"]}]')
    write(tmp_path, "README.md", "## not an entry\nreally\n")
    entries = {entry.title: entry for entry in read_knowledge(tmp_path).entries}
    assert set(entries) == {"환불 절차", "Refunds", "How long?"}
    assert entries["환불 절차"].aliases == ("돈 돌려줘", "환급")
    assert entries["환불 절차"].source == "a.md#환불-절차"
    assert (entries["Refunds"].source, entries["Refunds"].aliases) == ("deep/b.csv:2", ("money back", "cash"))
    assert entries["How long?"].body == "Three days."


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        ("x.md", "# only a title\n", "no `## entry`"),
        ("x.md", "## empty\n", "`empty` has no text"),
        ("x.csv", "name,words\na,b\n", "title and body"),
        ("x.csv", "title,body\nonly a title,\n", "line 2"),
        ("x.json", "{", "line 1"),
        ("x.json", '{"question": "q"}', "not a list"),
        ("x.json", '[{"question": "q"}]', "item 1"),
        ("x.json", '[{"question": "q", "answer": "a", "aliases": "b"}]', "item 1: aliases"),
    ],
)
def test_a_broken_file_is_named_and_the_others_stay_in_use(tmp_path: Path, name: str, text: str, word: str) -> None:
    write(tmp_path, "good.md", "## Refunds\nWithin three days.\n")
    write(tmp_path, name, text)
    knowledge = read_knowledge(tmp_path)
    assert [entry.title for entry in knowledge.entries] == ["Refunds"]
    assert word in str(knowledge.left_out[0])
    health = EmbeddedRetriever(knowledge).health
    assert health.state is PartState.DEGRADED
    assert name in health.detail


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    write(tmp_path, "good.md", "## Refunds\nWithin three days.\n")
    (tmp_path / "bad.md").write_bytes(b"## \xff\xfe\n")
    assert "UTF-8" in str(read_knowledge(tmp_path).left_out[0])


@pytest.mark.parametrize("make", [False, True])
def test_a_folder_without_entries_is_named(tmp_path: Path, make: bool) -> None:
    folder = tmp_path / "handbook"
    if make:
        folder.mkdir()
    with pytest.raises(KnowledgeMissing, match="handbook"):
        read_knowledge(folder)


def test_the_sample_handbook_is_whole_in_both_languages() -> None:
    knowledge = read_knowledge(PROJECT_ROOT / "knowledge")
    assert knowledge.left_out == ()
    languages = [entry.language for entry in knowledge.entries]
    assert min(languages.count("ko"), languages.count("en")) >= 20
    assert len({entry.source for entry in knowledge.entries}) == len(languages)


def test_the_language_of_mixed_text_is_found() -> None:
    assert language_of("iPhone 액정이 깨졌어요") == "ko"
    assert language_of("The page about 배송 times") == "en"
