import pytest

from core.assist.model_watch import HOPELESS_PAUSE_S, PAUSES_S, ModelWatch, Trouble, after_failure
from core.model.errors import (
    AssistError,
    ModelDeclined,
    ModelKeyRefused,
    ModelRateLimited,
    ModelServerFailed,
    ModelTimeout,
)
from tests.fakes.clock import ManualClock

SLOW = ModelTimeout("srv", 10.0)
DOWN = ModelServerFailed("srv", "503")
KEY = ModelKeyRefused("srv", 401)


def in_a_row(*errors: AssistError, now: float = 0.0) -> Trouble:
    trouble: Trouble | None = None
    for error in errors:
        trouble = after_failure(error, trouble, now)
    assert trouble is not None
    return trouble


def test_one_failure_that_may_pass_is_tried_again_before_anything_stands_in() -> None:
    once = in_a_row(SLOW, now=100.0)
    assert not once.stands_in
    assert once.retry_at == 101.0
    assert in_a_row(SLOW, DOWN).stands_in


def test_what_trying_again_cannot_cure_lets_something_stand_in_at_once_and_is_tried_seldom() -> None:
    trouble = in_a_row(KEY)
    assert trouble.stands_in
    assert trouble.retry_at == HOPELESS_PAUSE_S


def test_pauses_grow_to_a_limit() -> None:
    pauses = [in_a_row(*[SLOW] * count).retry_at for count in range(1, 12)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (PAUSES_S[0], PAUSES_S[-1])


@pytest.mark.parametrize(("wait_s", "pause_s"), [(0.0, 1.0), (37.5, 37.5), (86_400.0, 600.0)])
def test_how_long_a_server_wants_to_be_left_alone_is_kept_to(wait_s: float, pause_s: float) -> None:
    assert in_a_row(ModelRateLimited("srv", wait_s)).retry_at == pause_s


def test_one_call_s_refusals_are_no_other_call_s_trouble() -> None:
    watch = ModelWatch(ManualClock())
    for failures in range(1, 6):
        watch.failed("a", in_a_row(*[ModelDeclined("srv")] * failures))
    assert watch.may_ask()
    assert watch.trouble is None
    assert watch.stand_in_trouble is not None, "health tells of it, until something is answered"
    watch.answered()
    assert watch.stand_in_trouble is None


def test_failures_of_two_calls_are_everybody_s_and_one_probe_at_a_time_is_sent() -> None:
    clock = ManualClock()
    watch = ModelWatch(clock)
    watch.failed("a", in_a_row(DOWN, now=clock.monotonic()))
    assert watch.may_ask()
    watch.failed("b", in_a_row(DOWN, now=clock.monotonic()))
    assert watch.trouble is not None
    assert watch.trouble.stands_in
    assert not watch.may_ask()
    clock.advance(5)
    assert watch.may_ask()
    assert not watch.may_ask(), "the probe is on its way"
    watch.failed("c", in_a_row(DOWN, now=clock.monotonic()))
    assert not watch.may_ask()
    clock.advance(60)
    assert watch.may_ask()
    watch.answered()
    assert watch.trouble is None
    assert watch.may_ask()


def test_a_probe_of_which_nothing_is_heard_keeps_others_back_for_a_limited_time() -> None:
    clock = ManualClock()
    watch = ModelWatch(clock)
    for call in "ab":
        watch.failed(call, in_a_row(DOWN, now=clock.monotonic()))
    clock.advance(5)
    assert watch.may_ask()
    clock.advance(61)
    assert watch.may_ask()


def test_a_probe_that_is_declined_has_come_through() -> None:
    clock = ManualClock()
    watch = ModelWatch(clock)
    for call in "ab":
        watch.failed(call, in_a_row(DOWN, now=clock.monotonic()))
    watch.failed("c", in_a_row(ModelDeclined("srv")))
    assert watch.trouble is None
    assert watch.may_ask()
