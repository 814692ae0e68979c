"""What calls cost by a table of prices; what has no price is unknown, never free."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.calls.costs import AudioPrice, ModelPrice, Prices, SpeechPrice, sum_of
from core.model.call import CallId, ParticipantId
from core.model.cost import CostKind
from core.model.errors import SettingInvalid
from core.model.insight import TokenUsage
from core.model.turn_trace import HeardAudio, TurnRecord
from core.settings import Settings
from tests.fakes.turn_records import a_turn_record, an_answer

CALL = CallId("c1")
TABLE = """
currency = "KRW"
[[speech]]
engine = "google"
model = "chirp_*"
per_minute = 24
[[speech]]
engine = "whisper"
per_minute = 0
[[model]]
engine = "openai"
model = "gpt-5-mini*"
input = 400
cached_input = 40
output = 3000
[[model]]
engine = "extractive"
input = 0
output = 0
"""


@pytest.fixture
def prices(tmp_path: Path) -> Prices:
    file = tmp_path / "prices.toml"
    file.write_text(TABLE)
    return Prices.load(file)


def test_sound_is_priced_by_the_minute_and_tokens_by_the_million(prices: Prices) -> None:
    cost = prices.cost_of(a_turn_record(CALL))
    speech, model = cost.parts
    assert (speech.kind, speech.seconds, speech.amount) == (CostKind.SPEECH, 83.5, pytest.approx(24 * 83.5 / 60))
    assert (model.input_tokens, model.cached_input_tokens, model.output_tokens) == (4 * 1240, 4 * 1024, 4 * 96)
    assert model.amount == pytest.approx(4 * (216 * 400 + 1024 * 40 + 96 * 3000) / 1e6)
    assert not cost.is_partial
    assert cost.known == pytest.approx(24 * 83.5 / 60 + 4 * (216 * 400 + 1024 * 40 + 96 * 3000) / 1e6)


def test_what_the_table_has_no_price_for_is_unknown(prices: Prices) -> None:
    heard = (
        HeardAudio(ParticipantId("p1"), "whisper", "base", 60.0),
        HeardAudio(ParticipantId("p2"), "google", "long", 60.0),
    )
    answers = (an_answer("u0", 1, 0.0, 1.0, model="gpt-6", usage=TokenUsage(10, 10)),)
    cost = prices.cost_of(TurnRecord(CALL, heard=heard, answers=answers))
    assert [(part.model, part.amount) for part in cost.parts] == [("base", 0.0), ("long", None), ("gpt-6", None)]
    assert cost.is_partial
    assert cost.known == 0.0


def test_tokens_that_nobody_told_are_unknown_but_where_tokens_cost_nothing(prices: Prices) -> None:
    told = an_answer("u0", 1, 0.0, 1.0, usage=TokenUsage(10, 10))
    not_told = an_answer("u1", 2, 2.0, 1.0)
    free = replace(not_told, engine="extractive", model="kiwi")
    cost = prices.cost_of(TurnRecord(CALL, answers=(told, not_told, free)))
    assert [part.amount for part in cost.parts] == [None, 0.0]


def test_the_table_that_comes_along_prices_what_runs_on_this_machine_at_nothing_and_nothing_else() -> None:
    prices = Prices.load(Settings(_env_file=None).prices)
    local = HeardAudio(ParticipantId("p1"), "whisper", "base", 60.0)
    assert not prices.cost_of(TurnRecord(CALL, heard=(local,))).is_partial
    assert prices.cost_of(TurnRecord(CALL, heard=(replace(local, engine="google"),))).is_partial
    assert prices.cost_of(TurnRecord(CALL, heard=(replace(local, engine=""),))).is_partial


def test_a_sum_says_of_how_many_calls_a_part_is_unknown(prices: Prices) -> None:
    whole = prices.cost_of(a_turn_record(CALL))
    partial = prices.cost_of(TurnRecord(CALL, heard=(HeardAudio(ParticipantId("p1"), "other", "", 5.0),)))
    total = sum_of((whole, partial, prices.cost_of(TurnRecord(CALL))), prices.currency)
    assert (total.calls, total.partial_calls, total.currency) == (3, 1, "KRW")
    assert total.known == pytest.approx(whole.known)


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9), st.floats(0, 1e4))
def test_no_use_costs_less_than_nothing_and_more_use_never_costs_less(
    fresh: int, cached: int, output: int, price: float
) -> None:
    of_one = ModelPrice("e", "*", input=price, output=price, cached_input=price / 2)
    usage = TokenUsage(fresh + cached, output, cached)
    more = TokenUsage(fresh + cached + 1, output + 1, cached)
    amounts = of_one.of(usage), of_one.of(more)
    assert amounts[0] is not None
    assert amounts[1] is not None
    assert 0 <= amounts[0] <= amounts[1]


def test_tokens_of_sound_have_prices_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    voice = """
[[model]]
engine = "realtime"
input = 1
cached_input = 0.1
output = 2
"""
    spoken = TokenUsage(
        1_000,
        300,
        cached_input_tokens=400,
        audio_input_tokens=600,
        cached_audio_input_tokens=250,
        audio_output_tokens=200,
    )
    record = TurnRecord(CALL, answers=(an_answer("u0", 1, 0.0, 1.0, engine="realtime", usage=spoken),))
    file.write_text(f'currency = "USD"\n{voice}')
    assert [part.amount for part in Prices.load(file).cost_of(record).parts] == [None]
    file.write_text(f'currency = "USD"\n{voice}\naudio_input = 10\naudio_output = 20\ncached_audio_input = 0.5')
    (part,) = Prices.load(file).cost_of(record).parts
    assert part.amount == pytest.approx((250 * 1 + 150 * 0.1 + 100 * 2 + 350 * 10 + 250 * 0.5 + 200 * 20) / 1e6)
    assert part.input_tokens == 1_000


@given(st.lists(st.integers(0, 10**9), min_size=6, max_size=6))
def test_what_does_not_add_up_is_never_less_than_nothing(counts: list[int]) -> None:
    price = ModelPrice("e", "*", 1.0, 2.0, 0.5, AudioPrice(3.0, 4.0, 1.5))
    amount = price.of(TokenUsage(*counts))
    assert amount is not None
    assert amount >= 0


@pytest.mark.parametrize(
    ("table", "word"),
    [
        ("", "currency"),
        ("currency = 3", "currency"),
        ("currency = ", "prices.toml"),
        ('currency = "USD"\nspech = 1', "spech"),
        ('currency = "USD"\nspeech = 1', "prices.toml"),
        ('currency = "USD"\n[[speech]]\nengine = "x"', "per_minute"),
        ('currency = "USD"\n[[speech]]\nengine = "x"\nper_minute = -1', "per_minute"),
        ('currency = "USD"\n[[speech]]\nengine = "x"\nper_minute = nan', "per_minute"),
        ('currency = "USD"\n[[speech]]\nengine = ""\nper_minute = 1', "engine"),
        ('currency = "USD"\n[[model]]\nengine = "x"\ninput = 1\noutput = true', "output"),
        ('currency = "USD"\n[[model]]\nengine = "x"\ninput = 1\noutput = 1\nper = 1', "per"),
        ('currency = "USD"\n[[model]]\nengine = "x"\ninput = 1\noutput = 1\naudio_input = 1', "audio_output"),
    ],
)
def test_a_table_that_cannot_be_read_says_what_is_wrong(tmp_path: Path, table: str, word: str) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(table)
    with pytest.raises(SettingInvalid, match=word) as refused:
        Prices.load(file)
    assert refused.value.key == "EARSHOT_PRICES"


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match="none"):
        Prices.load(tmp_path / "none.toml")


def test_of_entries_that_fit_the_first_counts() -> None:
    prices = Prices("USD", speech=(SpeechPrice("g", "a*", 1.0), SpeechPrice("g", "*", 2.0)))
    heard = (HeardAudio(ParticipantId("p"), "g", "ab", 60.0), HeardAudio(ParticipantId("q"), "g", "b", 60.0))
    assert [part.amount for part in prices.cost_of(TurnRecord(CALL, heard=heard)).parts] == [1.0, 2.0]
