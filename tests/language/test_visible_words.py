"""No page shows a word that did not pass through the catalogues: the sources are searched, and every page is read."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from streamlit.testing.v1 import AppTest

import core
from core import backend as composition
from core.language.catalogue import translator
from core.model.audit import AuditAction, AuditEntry
from core.model.call import CallId, CallOrigin, CallState, LegId, LegState, Participant, ParticipantId, Role
from core.model.utterance import Utterance
from core.ui.wording import live_view_words
from tests.fakes.page_backend import STARTED, PageBackend, make_call, make_snapshot
from tests.fakes.turn_records import a_turn_record

ROOT = Path(core.__file__).parent.parent
SCRIPTS = sorted((ROOT / "core" / "ui" / "assets").glob("*.js"))
SOURCES = sorted([*(ROOT / "pages").glob("*.py"), *(ROOT / "core" / "ui").glob("*.py")])

SINKS = re.compile(
    r"""(?:\b(?:text|textContent|innerText|innerHTML|title|placeholder|alt|ariaLabel|"aria-label")\s*[:=]\s*
        |\bset(?:Text|Tip)\([^,()]+,\s*|\b(?:alert|confirm|prompt)\(\s*)
        (?P<quote>["'`])(?P<text>[^"'`]*)(?P=quote)""",
    re.VERBOSE,
)
"""Where a script puts text in front of a reader."""
SENTENCE = re.compile(r"""(?P<quote>["'])(?P<text>[A-Z][a-z]+(?:[ ,]+[A-Za-z']+)+[.!?…]?)(?P=quote)""")
LETTERS = re.compile(r"[A-Za-z가-힣]{2,}")

TEXT_ARGUMENTS = frozenset({"label", "help", "placeholder", "body", "text", "caption", "page_title"})
NOT_TEXT = frozenset({"Page", "switch_page", "page_link", "space", "fragment", "logout", "login", "rerun", "container",
                      "set_page_config", "navigation", "columns", "form"})  # fmt: skip
"""Streamlit's functions whose first argument is not shown."""
BRAND = "Earshot"

ALLOWED = frozenset(
    """Earshot README md AI API ID IP UDP URL RTP RTT MOS dBFS jitterBufferDelay
    JSON CSV WebVTT HTML Parquet HTTPS https localhost KiB NAT STUN TURN TCP TLS coturn PEM TOML base ms port
    SQLAlchemy SQLite OpenID Connect Markdown Whisper MediaRelay aiortc English
    google chirp openai gpt mini
    Google Cloud YAML OpenAI Realtime
    Enter Shift Esc
    HTTP WebSocket Upgrade Hz dBFS Chrome Edge Firefox Safari nginx proxy buffering off docs deploy""".split()
)
"""Names, formats and units, which Korean readers have in Latin letters, too."""
CODE = re.compile(r"EARSHOT_\w+|<code[^>]*>.*?</code>|`[^`]*`|https?://\S+|<style>.*?</style>|<[^>]+>|:material/\w+:|:[a-z]+-badge\[",
                  re.DOTALL)  # fmt: skip
SHOWN = frozenset({"label", "help", "body", "placeholder", "options", "content", "text", "caption", "title"})
HIDDEN_DATA = frozenset({"address", "xsrf", "stream", "paints", "figure", "figure_key", "palettes", "plotly", "call_id",
                         "questions", "locale", "state", "public_page", "token", "text_url",
                         "interrupt_url"})  # fmt: skip

AGENT = Participant(ParticipantId("p1"), "김민지", Role.AGENT, 0.0, LegId("l1"), LegState.CONNECTED)
CUSTOMER = Participant(ParticipantId("p2"), "이서준", Role.CUSTOMER, 0.0, LegId("l2"), LegState.LOST)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_shows_only_words_that_python_gave_it(path: Path) -> None:
    source = re.sub(r"console\.\w+\([^)]*\)", "", path.read_text(encoding="utf-8"))
    shown = [m["text"] for m in SINKS.finditer(source) if LETTERS.search(re.sub(r"\$\{[^}]*\}", "", m["text"]))]
    shown += [m["text"] for m in SENTENCE.finditer(source)]
    assert not shown, f"{path.name} says what no catalogue has: {shown}"


def test_the_search_of_scripts_finds_what_is_shown() -> None:
    for line in ('el("p", { text: "Ended" })', 'node.title = "Go";', "setTip(node, 'Wait')", 'x = "Please wait a bit"'):
        assert SINKS.search(line) or SENTENCE.search(line), line


def literals(node: ast.expr) -> Iterator[str]:
    """What of an expression is written down as it is, HTML tags left out."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield CODE.sub(" ", node.value)
    elif isinstance(node, ast.JoinedStr):
        yield CODE.sub(" ", "".join(str(v.value) if isinstance(v, ast.Constant) else "0" for v in node.values))
    elif isinstance(node, ast.BinOp):
        yield from (*literals(node.left), *literals(node.right))
    elif isinstance(node, ast.IfExp):
        yield from (*literals(node.body), *literals(node.orelse))


def shown_by(call: ast.Call) -> Iterator[ast.expr]:
    """The arguments of a call that a reader sees, if it is one of Streamlit's."""
    function = call.func
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "st":
        if call.args and function.attr not in NOT_TEXT:
            yield call.args[0]
        yield from (keyword.value for keyword in call.keywords if keyword.arg in TEXT_ARGUMENTS)


def unspoken(source: str) -> list[str]:
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    found = [text for call in calls for part in shown_by(call) for text in literals(part)]
    return [text for text in found if LETTERS.search(text.replace(BRAND, ""))]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_a_page_gives_streamlit_no_sentence_of_its_own(path: Path) -> None:
    assert not unspoken(path.read_text(encoding="utf-8"))


def test_the_search_of_pages_finds_what_is_shown() -> None:
    assert unspoken('st.button("Go on")') == ["Go on"]
    assert unspoken('st.text_input(_("Name"), placeholder="Call id")') == ["Call id"]
    assert unspoken('st.html(f"<b>Bad {x}</b>")')
    assert unspoken('st.button(_("Go on"), key="go-on"); st.html(f"<b class=\'es-b\'>{x}</b>")') == []


def nodes(node: Any) -> Iterator[Any]:
    yield node
    for child in getattr(node, "children", {}).values():
        yield from nodes(child)


def shown_in(message: Any) -> Iterator[str]:
    """Every text in a message to the browser that a reader sees."""
    for field, value in message.ListFields():
        values = value if field.is_repeated else [value]
        for each in values:
            if field.message_type is not None and not field.message_type.GetOptions().map_entry:
                yield from shown_in(each)
            elif isinstance(each, str) and field.name in SHOWN:
                yield each
            elif isinstance(each, str) and field.name == "json":
                yield from data_in(json.loads(each))


def data_in(value: object) -> Iterator[str]:
    """The words among a component's data."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key not in HIDDEN_DATA:
                yield from data_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from data_in(each)
    elif isinstance(value, str) and not value.startswith("st-key-"):
        yield value


def without_code(text: str) -> str:
    """A text without code and tags, but with what the tags' attributes show."""
    tips = re.findall(r"""\b(?:title|aria-label)=(["'])(.*?)\1""", text, flags=re.DOTALL)
    return " ".join([CODE.sub(" ", text), *(tip for _quote, tip in tips)])


def latin(texts: Iterator[str]) -> dict[str, str]:
    """Words in Latin letters that are no names, each with the text that it stands in."""
    found: dict[str, str] = {}
    for text in texts:
        for word in re.findall(r"[A-Za-z]{2,}", re.sub(r"\{\w+\}", "", without_code(text))):
            if word not in ALLOWED:
                found[word] = text
    return found


@pytest.fixture
def server() -> Iterator[PageBackend]:
    fake = PageBackend()
    said = Utterance(
        "u1", CUSTOMER.id, CUSTOMER.name, Role.CUSTOMER, "요금이요", True, 1.0, 2.0, 0.9, "whisper", "", 2.5
    )
    fake.put(make_snapshot(make_call("1", participants=(AGENT, CUSTOMER)), utterances=(said,)))
    fake.put(make_snapshot(make_call("2", CallState.WAITING)))
    fake.put(make_snapshot(make_call("3", CallState.ENDED, CallOrigin.SCRIPT), utterances=(said,)))
    fake.lines += [
        AuditEntry(STARTED, action, "1", "김민지", "password", "agent", "3", "10.0.0.7") for action in AuditAction
    ]
    fake.turns["3"] = a_turn_record(CallId("3"))
    composition.install(cast(Any, fake))
    yield fake
    composition.install(None)


def open_page(page: str, **query: str) -> AppTest:
    test = AppTest.from_file(str(ROOT / "pages" / "main.py"), default_timeout=30)
    test.context = {"locale": "ko-KR", "url": f"http://localhost:8501/{page}"}
    test.run()
    if page:
        test.switch_page(f"{page}.py")
    test.query_params.clear()
    test.query_params.update(query)
    test.run()
    assert not test.exception, [e.message for e in test.exception]
    return test


def texts(test: AppTest) -> Iterator[str]:
    for node in nodes(test.main):
        proto = getattr(node, "proto", None)
        if hasattr(proto, "ListFields"):
            yield from shown_in(proto)


@pytest.mark.parametrize(
    ("page", "query"),
    [("", {}), ("calls", {}), ("calls", {"said": "요금"}), ("calls", {"view": "latency"}), ("settings", {}),
     ("audit", {}), ("live", {"call": "1"}), ("live", {"call": "2"}), ("live", {"call": "3"}), ("live", {"call": "9"}),
     ("doctor", {}), ("quality", {"call": "1"}), ("quality", {"call": "3"}), ("join", {}), ("join", {"t": "1"})],
)  # fmt: skip
def test_a_korean_page_is_korean(server: PageBackend, page: str, query: dict[str, str]) -> None:
    if "t" in query:
        query = {"t": server.tokens.join_token(CallId("1"), Role.CUSTOMER)}
    test = open_page(page, **query)
    shown = list(texts(test))
    assert any(re.search("[가-힣]", text) for text in shown)
    found = latin(iter(shown))
    assert not found, f"the page {page or 'home'} shows words that are not Korean: {found}"


def test_the_sign_in_page_is_korean(server: PageBackend) -> None:
    server.sign_in.person = None
    assert not latin(texts(open_page("")))


def test_the_words_of_the_live_view_are_korean() -> None:
    assert not latin(data_in(live_view_words(translator("ko"))))


def test_the_reading_of_pages_finds_what_is_shown(server: PageBackend) -> None:
    server.put(make_snapshot(make_call("4", participants=(replace(AGENT, name="Mallory"),))))
    assert "Mallory" in latin(texts(open_page("")))
    assert "Mallory" in latin(iter(["<b title='Mallory'>가</b>"]))
    assert "Mallory" not in latin(iter(["<b class='Mallory'>가</b>", "`Mallory`", "{Mallory}"]))
