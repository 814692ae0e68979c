"""When a page has been gone for long enough to lose its leg."""

import itertools

from hypothesis import given, strategies

from core.ui.leg_watch import Absence, Presence


def test_a_page_that_is_gone_loses_its_leg_at_the_second_look() -> None:
    absence = Absence()
    assert not absence.look(Presence.GONE)
    assert absence.look(Presence.GONE)


@given(strategies.lists(strategies.sampled_from(Presence)))
def test_one_wrong_look_never_ends_a_leg(seen: list[Presence]) -> None:
    absence = Absence()
    ended = [absence.look(presence) for presence in seen]
    in_a_row = [pair == (Presence.GONE, Presence.GONE) for pair in itertools.pairwise(seen)]
    assert ended[1:] == in_a_row
