"""The handbook's page, in both languages, for those who may change it and those who may not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from streamlit.testing.v1 import AppTest

import core
from core import backend as composition
from core.guidance.background import BackgroundRetriever
from core.guidance.remote import RemoteRetriever
from core.language.catalogue import describe, translator
from core.model.access import Person, SignInMethod, UserRole
from core.model.clock import SystemClock
from core.model.errors import GuidanceServerUnreachable, KnowledgeFileInvalid
from core.settings import PROJECT_ROOT
from tests.fakes.page_backend import PageBackend
from tests.fakes.retrieval_server import running_retrieval_server
from tests.guidance.writing import write
from tests.support.streamlit_server import free_port

MAIN = Path(core.__file__).parent.parent / "pages" / "main.py"
LANGUAGES = ("en-US", "ko-KR")
SAID = "<b>Mallory</b> [x](y)"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(
        tmp_path,
        "ko/요금.md",
        "## 이중 청구 환불\n별칭: 두 번 빠져나감\n사흘 안에 환불한다.\n\n## 로밍\n출국 전에 신청한다.\n",
    )
    write(tmp_path, "en/faq.csv", f'title,body\n"{SAID}",Ask for a name.\n')
    return tmp_path


@pytest.fixture
def server(folder: Path) -> Iterator[PageBackend]:
    fake = PageBackend()
    local = opened(fake, folder)
    composition.install(cast(Any, fake))
    yield fake
    composition.install(None)
    local.close()


def opened(fake: PageBackend, folder: Path, remote: RemoteRetriever | None = None) -> BackgroundRetriever:
    local = fake.open_handbook(folder, remote)
    local.reload()
    return local


def open_page(locale: str = "en-US") -> AppTest:
    test = AppTest.from_file(str(MAIN), default_timeout=30)
    test.context = {"locale": locale, "url": "http://localhost:8501/knowledge"}
    test.run()
    test.switch_page("knowledge.py")
    test.run()
    assert not test.exception, [e.message for e in test.exception]
    return test


def words(test: AppTest) -> str:
    kinds = (test.title, test.markdown, test.caption, test.error, test.warning, test.info, test.button)
    written = [getattr(element, "label", None) or element.value for kind in kinds for element in kind]
    written += [expander.label for expander in test.expander]
    return "\n".join([*map(str, written), *(element.proto.body for element in test.get("html"))])


def press(test: AppTest, key: str) -> AppTest:
    test.button(key=key).click().run()
    assert not test.exception, [e.message for e in test.exception]
    return test


@pytest.mark.parametrize("locale", LANGUAGES)
def test_every_entry_and_file_is_listed(server: PageBackend, locale: str) -> None:
    _ = translator(locale[:2])
    text = words(open_page(locale))
    assert _("Entries: {count}").format(count=3) in text
    for shown in ("**이중 청구 환불**", "사흘 안에 환불한다.", "두 번 빠져나감", "ko/요금.md", "en/faq.csv"):
        assert shown in text
    assert "<b>Mallory" not in text
    assert r"\<b\>Mallory\</b\> \[x\]\(y\)" in text


@pytest.mark.parametrize("locale", LANGUAGES)
def test_a_question_shows_what_is_found_and_by_which_words(server: PageBackend, locale: str) -> None:
    _ = translator(locale[:2])
    test = open_page(locale)
    test.text_input(key="knowledge-query").set_value("요금이 두 번 빠져나갔어요").run()
    text = words(test)
    assert "<mark>이중</mark> 청구 환불" in text
    assert _("Other words") in text
    assert _("Looked up as: {terms}").format(terms="").strip() in text
    test.text_input(key="knowledge-query").set_value("zzzz").run()
    assert _("Nothing is found. Add these words to the other words of the entry that should be.") in words(test)


def test_entries_are_searched_and_chosen_by_file(server: PageBackend) -> None:
    test = open_page()
    test.text_input(key="knowledge-search").set_value("두 번").run()
    assert [e.label.partition("**  ")[0] for e in test.expander] == ["**이중 청구 환불"]
    test.text_input(key="knowledge-search").set_value("").run()
    test.selectbox(key="knowledge-file").set_value("en/faq.csv").run()
    assert len(test.expander) == 1
    test.text_input(key="knowledge-search").set_value("nothing like it").run()
    assert "No entry fits." in words(test)


def test_an_entry_is_edited_found_at_once_and_written_down(server: PageBackend, folder: Path) -> None:
    test = press(open_page(), "knowledge-edit-ko/요금.md:1")
    (key,) = (t.key for t in test.text_input if (t.key or "").startswith("knowledge-title-"))
    assert test.text_input(key=key).value == "로밍"
    test.text_area(key=key.replace("title", "body")).set_value("해외에서도 쓴다.")
    press(test, f"{key.replace('title', 'save')}")
    assert "해외에서도 쓴다." in (folder / "ko/요금.md").read_text()
    assert "사흘 안에 환불한다." in (folder / "ko/요금.md").read_text()
    assert [(line.action.value, line.subject) for line in server.lines] == [("handbook_changed", "ko/요금.md")]
    assert "해외에서도 쓴다." in words(open_page())


def test_an_entry_is_added_to_the_file_that_was_chosen(server: PageBackend, folder: Path) -> None:
    test = open_page()
    test.selectbox(key="knowledge-file").set_value("en/faq.csv").run()
    press(test, "knowledge-add")
    assert test.selectbox(key="knowledge-add-file").value == "en/faq.csv"
    press(test, "knowledge-save-add")
    assert "a title and a text are needed" in words(test)
    test.text_input(key="knowledge-title-add").set_value("Plans")
    test.text_area(key="knowledge-body-add").set_value("Three of them.")
    press(test, "knowledge-save-add")
    assert (folder / "en/faq.csv").read_text().endswith("Plans,Three of them.\n")
    assert not [t for t in test.text_input if t.key == "knowledge-title-add"], "the window is still open"


def test_what_is_wrong_is_said_and_nothing_is_saved(server: PageBackend, folder: Path) -> None:
    before = (folder / "ko/요금.md").read_text()
    test = press(open_page("ko-KR"), "knowledge-edit-ko/요금.md:0")
    (key,) = (t.key for t in test.text_input if (t.key or "").startswith("knowledge-title-"))
    test.text_area(key=key.replace("title", "body")).set_value("하나.\n\n## 둘\n셋.")
    press(test, key.replace("title", "save"))
    assert "저장하지 않았습니다: 내용에 다른 항목을 시작하는 줄" in words(test)
    assert (folder / "ko/요금.md").read_text() == before


def test_somebody_elses_change_is_not_written_over(server: PageBackend, folder: Path) -> None:
    test = press(open_page(), "knowledge-edit-ko/요금.md:0")
    write(folder, "ko/요금.md", "## 다른 것\n누가 바꾸었다.\n")
    (key,) = (t.key for t in test.text_input if (t.key or "").startswith("knowledge-title-"))
    press(test, key.replace("title", "save"))
    assert "was changed by somebody else meanwhile" in words(test)
    assert "누가 바꾸었다." in (folder / "ko/요금.md").read_text()


def test_entries_and_files_are_deleted_after_a_second_look(server: PageBackend, folder: Path) -> None:
    test = press(open_page(), "knowledge-delete-ko/요금.md:1")
    assert "로밍" in (folder / "ko/요금.md").read_text()
    press(test, "knowledge-delete-sure")
    assert "로밍" not in (folder / "ko/요금.md").read_text()
    test = open_page()
    test.selectbox(key="knowledge-one-file").set_value("en/faq.csv").run()
    press(press(test, "knowledge-delete-file"), "knowledge-delete-file-sure")
    assert not (folder / "en/faq.csv").exists()


def test_a_file_is_edited_as_text_and_a_bad_line_is_named(server: PageBackend, folder: Path) -> None:
    test = open_page()
    test.selectbox(key="knowledge-one-file").set_value("en/faq.csv").run()
    press(test, "knowledge-text")
    (area,) = (t for t in test.text_area if (t.key or "").startswith("knowledge-text-"))
    area.set_value("title,body\nalone\n")
    press(test, "knowledge-text-save")
    assert "line 2 has no title or no body" in words(test)
    assert "Mallory" in (folder / "en/faq.csv").read_text()


@pytest.mark.parametrize("locale", LANGUAGES)
def test_agents_read_and_ask_but_change_nothing(server: PageBackend, locale: str) -> None:
    _ = translator(locale[:2])
    server.sign_in.person = Person("user:kim", "Kim", UserRole.AGENT, SignInMethod.DEVELOPMENT)
    test = open_page(locale)
    assert _("Supervisors and administrators may change the handbook.") in words(test)
    keys = {button.key or "" for button in test.button}
    assert not [key for key in keys if key.startswith(("knowledge-edit", "knowledge-delete", "knowledge-add"))]
    test.text_input(key="knowledge-query").set_value("로밍").run()
    assert "<mark>로밍</mark>" in words(test)


@pytest.mark.parametrize("locale", LANGUAGES)
def test_the_sample_and_files_that_are_left_out_are_told(server: PageBackend, folder: Path, locale: str) -> None:
    _ = translator(locale[:2])
    write(folder, "bad.json", "{")
    assert server.local_handbook is not None
    server.local_handbook.reload()
    text = words(open_page(locale))
    reason = server.local_handbook.report().files[0].problems[0].reason
    assert describe(KnowledgeFileInvalid(path="bad.json", reason=reason), _) in text.replace("\\", "")
    assert "EARSHOT" not in text
    sample = opened(server, PROJECT_ROOT / "knowledge")
    try:
        assert "EARSHOT_KNOWLEDGE_DIR" in words(open_page(locale)).replace("\\", "")
    finally:
        sample.close()


@pytest.mark.parametrize("locale", LANGUAGES)
def test_with_another_server_its_passages_are_shown_and_its_failure(
    server: PageBackend, folder: Path, locale: str
) -> None:
    _ = translator(locale[:2])
    with running_retrieval_server() as strict:
        remote = RemoteRetriever(strict.address, "", 5.0, SystemClock())
        opened(server, folder, remote).close()
        test = open_page(locale)
        shown = _("Calls ask the server {address}. The files here are not in use.").format(address=strict.address)
        assert shown in words(test).replace("\\", "")
        test.text_input(key="knowledge-query").set_value("환불").run()
        assert "refund.md#1" in words(test)
    gone = f"http://127.0.0.1:{free_port()}/rag"
    opened(server, folder, RemoteRetriever(gone, "", 5.0, SystemClock())).close()
    test = open_page(locale)
    test.text_input(key="knowledge-query").set_value("환불").run()
    told = describe(GuidanceServerUnreachable(address=gone, reason="…", setting="EARSHOT_GUIDANCE_URL"), _)
    assert told.partition("…")[0] in words(test)


@pytest.mark.parametrize("locale", LANGUAGES)
def test_an_empty_handbook_is_said(server: PageBackend, tmp_path: Path, locale: str) -> None:
    (tmp_path / "none").mkdir()
    empty = opened(server, tmp_path / "none")
    try:
        text = words(open_page(locale))
        assert translator(locale[:2])("There are no entries yet.") in text
        assert translator(locale[:2])("There are no files yet.") in text
    finally:
        empty.close()
