"""Every sentence that a reader can see has a Korean one, and none is left over."""

import ast
import importlib
import pkgutil
import re
import string
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

import core
from core.language.catalogue import LOCALE_DIR, choose_locale, describe, describe_all, translator
from core.model.errors import CallNotFound, DiskFull, EarshotError, SettingInvalid
from core.model.message import Message
from core.settings import Settings
from core.settings.report import GROUPS
from core.ui.wording import NOTES, ROLES, USER_ROLES

ROOT = Path(core.__file__).parent.parent
MARKERS = frozenset({"_", "translate", "message"})


def on_the_pages() -> set[str]:
    """Everything that is marked for translation, inside of f-strings, too."""
    sources = [path for folder in ("pages", "core/ui", "core/quality") for path in (ROOT / folder).rglob("*.py")]
    calls = (node for path in sources for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    marked = (call for call in calls if isinstance(call.func, ast.Name) and call.func.id in MARKERS)
    texts = (call.args[0].value for call in marked if call.args and isinstance(call.args[0], ast.Constant))
    return {text for text in texts if isinstance(text, str)}


def error_templates() -> set[str]:
    def below(kind: type[EarshotError]) -> Iterator[type[EarshotError]]:
        yield kind
        for child in kind.__subclasses__():
            yield from below(child)

    # Leaf classes live in one module, but a part may add its own.
    importlib.import_module("core.model.errors")
    return {kind.template for kind in below(EarshotError) if kind.__module__.startswith("core.")}


def settings_meanings() -> set[str]:
    return {field.description or "" for field in Settings.model_fields.values()} | set(GROUPS)


def message_calls() -> Iterator[tuple[Path, ast.Call]]:
    """Where a `core.model.message.Message` is made; other modules have classes of that name, too."""
    for path in sorted((ROOT / "core").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if "from core.model.message import Message" in source:
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Message":
                    yield path, node


def message_templates() -> set[str]:
    return {str(ast.literal_eval(call.args[0])) for _path, call in message_calls()}


def needed() -> set[str]:
    return on_the_pages() | error_templates() | settings_meanings() | message_templates()


@pytest.fixture(scope="module")
def korean() -> Catalog:
    with (LOCALE_DIR / "ko" / "LC_MESSAGES" / "earshot.po").open("rb") as source:
        return read_po(source, locale="ko")


def fields(text: str) -> list[tuple[str, str]]:
    return sorted((name, spec or "") for _, name, spec, _ in string.Formatter().parse(text) if name is not None)


def test_every_sentence_of_the_pages_and_errors_is_in_korean(korean: Catalog) -> None:
    missing = sorted(text for text in needed() if not (korean.get(text) and korean.get(text).string))
    assert not missing, f"{len(missing)} sentences have no Korean translation: {missing}"


def test_no_translation_is_left_over(korean: Catalog) -> None:
    stale = sorted({str(entry.id) for entry in korean if entry.id} - needed())
    assert not stale, f"the Korean catalogue translates what nobody says any more: {stale}"


def test_a_translation_has_the_same_places_to_fill(korean: Catalog) -> None:
    different = [entry.id for entry in korean if entry.id and fields(str(entry.id)) != fields(str(entry.string))]
    assert not different


def test_nothing_is_marked_doubtful(korean: Catalog) -> None:
    assert [entry.id for entry in korean if entry.id and entry.fuzzy] == []


def test_no_sentence_is_translated_twice() -> None:
    source = (LOCALE_DIR / "ko" / "LC_MESSAGES" / "earshot.po").read_text(encoding="utf-8")
    ids = re.findall(r'^msgid (".*"(?:\n".*")*)', source, flags=re.MULTILINE)
    assert len(ids) >= len(needed())
    assert [msgid for msgid, times in Counter(ids).items() if times > 1] == []


def test_the_template_of_every_message_is_a_literal() -> None:
    computed = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path, call in message_calls()
        if not (call.args and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str))
    ]
    assert not computed, f"a template that is put together has no translation; give parameters instead: {computed}"


@pytest.mark.parametrize("roles", [ROLES, USER_ROLES])
def test_no_two_roles_have_the_same_name(roles: dict[object, str]) -> None:
    for locale in ("ko", "en"):
        assert len({translator(locale)(name) for name in roles.values()}) == len(roles)


def test_the_extraction_sees_the_pages() -> None:
    found = on_the_pages()
    assert "Start demo call" in found
    assert "Live" in found
    assert {module.name for module in pkgutil.iter_modules(core.__path__)} >= {"model", "language", "ui"}


def test_every_note_of_a_call_has_words() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "core" / "calls").glob("*.py"))
    told = re.findall(r'(?:note|_watch|\.tell)\("(\w+)"', sources)
    given = set(told) | set(re.findall(r'(?:(?:State|Mode|Kind)\.|Persona)\w+: "(\w+)"', sources))
    assert given, "calls no longer make notes this way"
    assert given == set(NOTES)


def test_an_error_is_described_in_the_readers_language() -> None:
    error = CallNotFound(call_id="abc")
    assert (
        describe(error, translator("ko")) == "abc 통화를 찾을 수 없습니다. 삭제되었을 수 있으니 링크를 확인해 주세요."
    )
    assert describe(error, translator("en")) == str(error)


def test_messages_and_errors_make_one_text_in_the_readers_language() -> None:
    waiting = Message("{count} records are waiting in memory.", {"count": 2})
    korean = describe_all((DiskFull(path="data"), waiting), translator("ko"))
    assert korean.startswith("data이(가) 있는 디스크가 가득 찼습니다.")
    assert korean.endswith("기록 2건이 메모리에서 저장을 기다리고 있습니다.")
    assert describe_all((DiskFull(path="data"), waiting), translator("en")) == f"{DiskFull(path='data')} {waiting}"
    assert describe_all((), translator("ko")) == ""


def test_a_parameter_is_put_in_as_it_is() -> None:
    error = SettingInvalid(key="EARSHOT_GRACE_S", reason="{oddly} written")
    assert "{oddly} written" in describe(error, translator("ko"))


@pytest.mark.parametrize(
    ("preferred", "chosen"),
    [("ko-KR", "ko"), ("ko", "ko"), ("KO_kr", "ko"), ("en-GB", "en"), ("fr-FR", "en"), (None, "en"), ("", "en")],
)
def test_the_browsers_locale_chooses_the_catalogue(preferred: str | None, chosen: str) -> None:
    assert choose_locale(preferred) == chosen
