import unicodedata
from pathlib import Path

import pytest

from core.guidance.embedded import EmbeddedRetriever
from core.guidance.entry import language_of
from core.guidance.knowledge import read_knowledge
from core.model.errors import KnowledgeMissing
from core.model.health import PartState
from core.settings import PROJECT_ROOT
from tests.guidance.writing import write


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
        ("x.md", "# only a title\n", "line 1: the entry `only a title` has no text"),
        ("x.md", "words without a title\n", "no `## title`"),
        ("x.md", "## good\ntext\n\n## empty\n", "line 4: the entry `empty` has no text"),
        ("x.csv", "name,words\na,b\n", "title and body"),
        ("x.csv", "", "title and body"),
        ("x.csv", "title,body\ngood,text\n\nonly a title,\n", "line 4 has no title or no body"),
        ("x.csv", "title,body\nfees,5 dollars, then 7\n", "line 2 has 3 cells for 2 columns"),
        ("x.csv", 'title,body\n"open,text\n', "line 2"),
        ("x.json", "{", "line 1"),
        ("x.json", "[" * 100_000, "nested too deeply"),
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
    assert name in health.in_english


def entries(folder: Path) -> dict[str, str]:
    return {entry.title: entry.body for entry in read_knowledge(folder).entries}


def test_a_section_ends_an_entry_and_its_introduction_is_none(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "---\nx: y\n---\n# One\nintroduction\n## a\nfirst\n# Two\nmore\n## b\nsecond\n---\n")
    assert entries(tmp_path) == {"a": "first", "b": "second"}


def test_a_file_with_one_kind_of_title_has_an_entry_for_each(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "# Refunds\nWithin three days.\n")
    assert entries(tmp_path) == {"Refunds": "Within three days."}


def test_markdown_is_read_as_its_words(tmp_path: Path) -> None:
    text = """## 환불 **절차**

Aliases: 환급
- [접수](https://a.example)한다
- `앱`에서 *확인*한다

| 수단 | 기간 |
|---|---|
| 카드 | 3일 |

### 예외
```
## 제목이 아니다
```
<!-- 주석 -->
"""
    write(tmp_path, "a.md", text)
    body = "접수한다\n앱에서 확인한다\n수단, 기간\n카드, 3일\n예외\n## 제목이 아니다"
    assert entries(tmp_path) == {"환불 절차": body}
    assert read_knowledge(tmp_path).entries[0].aliases == ("환급",)


def test_entries_of_one_title_have_sources_of_their_own(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "## Fees\none\n\n## Fees\ntwo\n")
    assert [entry.source for entry in read_knowledge(tmp_path).entries] == ["a.md#fees", "a.md#fees-2"]


def test_a_cell_may_have_several_lines(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", ' Title ,BODY\nfees,"first, line\nsecond"\nlast,text\n')
    assert entries(tmp_path) == {"fees": "first, line\nsecond", "last": "text"}
    assert [entry.source for entry in read_knowledge(tmp_path).entries] == ["a.csv:2", "a.csv:4"]


def test_hangul_in_parts_is_put_together(tmp_path: Path) -> None:
    """macOS writes file names, and some editors texts, with every letter of a syllable by itself."""
    write(tmp_path, "a.md", unicodedata.normalize("NFD", "## 환불\n사흘 안에 입금한다.\n"))
    assert entries(tmp_path) == {"환불": "사흘 안에 입금한다."}


def test_folders_and_hidden_files_are_no_entries(tmp_path: Path) -> None:
    write(tmp_path, "A.MD", "## Refunds\nWithin three days.\n")
    write(tmp_path, ".git/b.md", "## hidden\ntext\n")
    (tmp_path / "folder.md").mkdir()
    assert list(entries(tmp_path)) == ["Refunds"]
    assert read_knowledge(tmp_path).left_out == ()


def test_a_wrong_line_of_the_synonyms_is_named_and_the_entries_stay(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "## Refunds\nWithin three days.\n")
    write(tmp_path, "synonyms.csv", "alone\n")
    knowledge = read_knowledge(tmp_path)
    assert len(knowledge.entries) == 1
    assert "synonyms.csv was left out: line 1" in str(knowledge.left_out[0])


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
        EmbeddedRetriever.load(folder)


def test_the_sample_handbook_is_whole_in_both_languages() -> None:
    knowledge = read_knowledge(PROJECT_ROOT / "knowledge")
    assert knowledge.left_out == ()
    languages = [entry.language for entry in knowledge.entries]
    assert min(languages.count("ko"), languages.count("en")) >= 20
    assert len({entry.source for entry in knowledge.entries}) == len(languages)


def test_the_language_of_mixed_text_is_found() -> None:
    assert language_of("iPhone 액정이 깨졌어요") == "ko"
    assert language_of("The page about 배송 times") == "en"
