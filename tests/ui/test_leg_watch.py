"""When a page has been away for long enough to lose its leg."""

import itertools

from hypothesis import given, strategies

from core.ui.leg_watch import AWAY_LIMIT_S, Absence, Presence


def test_a_page_that_is_gone_loses_its_leg_at_the_second_look() -> None:
    absence = Absence()
    assert not absence.look(Presence.GONE, 0.0)
    assert absence.look(Presence.GONE, 0.5)


def test_a_page_that_comes_back_in_time_keeps_its_leg() -> None:
    absence = Absence()
    looks = [(Presence.AWAY, 0.0), (Presence.AWAY, AWAY_LIMIT_S - 0.1), (Presence.HERE, AWAY_LIMIT_S)]
    looks += [(Presence.AWAY, AWAY_LIMIT_S + 1.0), (Presence.AWAY, 2 * AWAY_LIMIT_S)]
    assert not any(absence.look(seen, at) for seen, at in looks)
    assert absence.look(Presence.AWAY, 2 * AWAY_LIMIT_S + 1.0)


@given(strategies.lists(strategies.sampled_from([Presence.HERE, Presence.GONE])))
def test_one_wrong_look_never_ends_a_leg(seen: list[Presence]) -> None:
    absence = Absence()
    ended = [absence.look(presence, float(at)) for at, presence in enumerate(seen)]
    in_a_row = [pair == (Presence.GONE, Presence.GONE) for pair in itertools.pairwise(seen)]
    assert ended[1:] == in_a_row
