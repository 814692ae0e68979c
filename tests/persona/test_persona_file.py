"""Personas' files: the ones that ship, and every way to write a bad one."""

from datetime import date, time
from pathlib import Path

import pytest

from core.language.catalogue import describe, translator
from core.model.errors import PersonaFileInvalid, PersonaNotFound
from core.model.opening_hours import Span
from core.model.persona import Persona
from core.persona.__main__ import main
from core.persona.handbook_tool import SEARCH_HANDBOOK
from core.persona.models import RETIREMENTS
from core.persona.persona_file import PersonaDefaults, load_persona, load_personas, parse_persona
from core.settings import PROJECT_ROOT, Settings

SHIPPED = PROJECT_ROOT / "personas"
DEFAULTS = PersonaDefaults("gpt-realtime-2.1-mini", frozenset({SEARCH_HANDBOOK}), date(2026, 11, 28))
GOOD = 'name = "Kim"\nlanguage = "ko"\nvoice = "marin"\ninstructions = "짧게 말한다."\n'


def parse(text: str, name: str = "kim", defaults: PersonaDefaults = DEFAULTS) -> Persona:
    return parse_persona(text, Path(f"personas/{name}.toml"), defaults)


def test_the_personas_that_ship_can_be_used() -> None:
    personas, problems = load_personas(SHIPPED, DEFAULTS)
    assert not problems
    sarado, desk = personas["sarado"], personas["harbour-desk"]  # type: ignore[index]
    assert (sarado.language, desk.language) == ("ko", "en")
    assert all(word in sarado.instructions for word in ("혼저옵서예", "괜찮주게", "109"))
    assert desk.tools == (SEARCH_HANDBOOK,)
    assert all(each.greeting and each.farewell and each.retires_on is None for each in personas.values())
    assert desk.opening_hours is not None
    assert desk.opening_hours.week[5] == (Span(time(9), time(13)),)
    assert desk.opening_hours.week[6] == ()


def test_a_file_may_leave_most_to_the_defaults() -> None:
    persona = parse(GOOD)
    assert (persona.model, persona.tools, persona.opening_hours, persona.barge_in) == (DEFAULTS.model, (), None, False)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("name = ", "file"),
        ("", "name"),
        (GOOD.replace('"Kim"', "3"), "name"),
        (GOOD.replace('"Kim"', '"  "'), "name"),
        (GOOD.replace('"ko"', '"Korean"'), "language"),
        (GOOD.replace('"ko"', '"kor1"'), "language"),
        (GOOD.replace('"marin"', '"sarah"'), "voice"),
        (GOOD.replace('voice = "marin"\n', ""), "voice"),
        (GOOD + 'greting = "Hello."', "greting"),
        (GOOD + 'tools = ["rm"]', "tools"),
        (GOOD + "tools = [1]", "tools"),
        (GOOD + 'tools = "search_handbook"', "tools"),
        (GOOD + "autostart = 1", "autostart"),
        (GOOD + f'greeting = "{"x" * 1001}"', "greeting"),
        (GOOD + 'opening_hours = "always"', "opening_hours"),
        (GOOD + '[opening_hours]\nmon = ["8-18"]', "opening_hours.mon"),
        (GOOD + '[opening_hours]\nmon = ["08:00-12:00", "11:00-18:00"]', "opening_hours.mon"),
        (GOOD + '[opening_hours]\nmonday = ["08:00-12:00"]', "opening_hours.monday"),
        (GOOD + '[opening_hours]\ntime_zone = "Seoul"', "opening_hours.time_zone"),
        (GOOD + '[opening_hours]\ntime_zone = "../../etc/passwd"', "opening_hours.time_zone"),
        (GOOD + '[opening_hours]\nholidays = ["1 May"]', "opening_hours.holidays"),
        (GOOD + "[opening_hours]\nholidays = [2027-01-01T00:00:00]", "opening_hours.holidays"),
    ],
)
def test_a_bad_file_names_itself_and_its_key(text: str, key: str) -> None:
    with pytest.raises(PersonaFileInvalid) as refused:
        parse(text)
    assert (refused.value.path, refused.value.key) == ("personas/kim.toml", key)
    assert key in str(refused.value)
    assert key in describe(refused.value, translator("ko"))


def test_a_name_that_no_address_can_hold_is_refused() -> None:
    with pytest.raises(PersonaFileInvalid, match="file"):
        parse(GOOD, name="Kim Minji")


def test_a_model_that_is_shut_down_is_named_with_its_date() -> None:
    retired, day = next(iter(RETIREMENTS.items()))
    text = GOOD + f'model = "{retired}"'
    before = parse(text)
    assert before.retires_on == day
    after = PersonaDefaults(DEFAULTS.model, DEFAULTS.tools, day)
    with pytest.raises(PersonaFileInvalid) as refused:
        parse(text, defaults=after)
    assert day.isoformat() in str(refused.value)
    assert DEFAULTS.model in str(refused.value)


def test_the_default_model_is_a_current_one() -> None:
    assert Settings.model_fields["realtime_model"].default not in RETIREMENTS


def test_a_file_that_is_no_text_too_large_or_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(b"name = '\xff'")
    (tmp_path / "b.toml").write_text(GOOD + "#" * 300_000)
    (tmp_path / "d.toml").write_text("\ufeff" + GOOD)
    personas, problems = load_personas(tmp_path, DEFAULTS)
    assert list(personas) == ["d"]
    assert [problem.key for problem in problems] == ["file"] * 2
    with pytest.raises(PersonaNotFound):
        load_persona(tmp_path / "e.toml", DEFAULTS)


def test_the_command_line_checks_every_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EARSHOT_PERSONA_DIR", str(tmp_path))
    (tmp_path / "kim.toml").write_text(GOOD)
    assert main(["check"]) == 0
    (tmp_path / "lee.toml").write_text(GOOD + "voise = 1")
    assert main(["check"]) == 2
    told = capsys.readouterr()
    assert "kim: Kim (ko, gpt-realtime-2.1-mini, marin)" in told.out
    assert "voise" in told.err
