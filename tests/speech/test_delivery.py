"""The order in which recognitions reach the caller."""

import itertools
from dataclasses import replace

import pytest

from core.model.utterance import Recognition
from core.speech.delivery import OrderedDelivery
from tests.speech.conftest import Heard


def said(ordinal: int, text: str = "words", is_final: bool = True, end_s: float = 1.0) -> Recognition:
    return Recognition(ordinal=ordinal, text=text, is_final=is_final, start_s=0.0, end_s=end_s)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_finals_come_in_order_and_once_however_they_were_finished(order: tuple[int, ...], heard: Heard) -> None:
    delivery = OrderedDelivery(heard)
    delivery.expect(3)
    for ordinal in order:
        assert not delivery.wait_until_complete(0)
        delivery.give_final(said(ordinal))
    assert [recognition.ordinal for recognition in heard.all] == [0, 1, 2, 3]
    assert delivery.wait_until_complete(0)


def test_what_was_given_up_is_told_in_its_turn_though_it_has_no_text(heard: Heard) -> None:
    delivery = OrderedDelivery(heard)
    delivery.give_final(replace(said(1, text=""), is_given_up=True))
    delivery.give_final(said(2))
    delivery.give_final(said(0))
    assert [(r.ordinal, r.is_given_up) for r in heard.all] == [(0, False), (1, True), (2, False)]


def test_at_the_end_what_was_lost_is_told_behind_all_that_was_said_and_nothing_afterwards(heard: Heard) -> None:
    delivery = OrderedDelivery(heard)
    delivery.expect(1)
    delivery.give_final(said(0))
    delivery.end([replace(said(0, text=""), is_given_up=True)])
    delivery.give_final(said(1))
    delivery.end([replace(said(0, text=""), is_given_up=True)])
    assert [(r.ordinal, r.is_given_up) for r in heard.all] == [(0, False), (2, True)]


def test_an_interim_never_comes_after_its_final(heard: Heard) -> None:
    delivery = OrderedDelivery(heard)
    delivery.give_final(said(0))
    delivery.give_interim(said(0, is_final=False))
    assert [recognition.is_final for recognition in heard.all] == [True]


def test_an_interim_never_comes_after_a_final_that_is_held_back(heard: Heard) -> None:
    delivery = OrderedDelivery(heard)
    delivery.give_final(said(1))
    delivery.give_interim(said(1, is_final=False))
    assert heard.all == []


def test_an_older_interim_does_not_replace_a_newer_one(heard: Heard) -> None:
    delivery = OrderedDelivery(heard)
    delivery.give_interim(said(0, "one two", is_final=False, end_s=2.0))
    delivery.give_interim(said(0, "one", is_final=False, end_s=1.0))
    assert [recognition.text for recognition in heard.all] == ["one two"]


def test_an_empty_final_is_given_only_to_withdraw_an_interim(heard: Heard) -> None:
    delivery = OrderedDelivery(heard)
    delivery.give_final(said(0, ""))
    assert heard.all == []
    delivery.give_interim(said(1, "maybe", is_final=False))
    delivery.give_final(said(1, ""))
    assert heard.texts == [""]


def test_nothing_comes_after_silence(heard: Heard) -> None:
    delivery = OrderedDelivery(heard)
    delivery.silence()
    delivery.give_interim(said(0, is_final=False))
    delivery.give_final(said(0))
    assert heard.all == []
