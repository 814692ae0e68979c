"""The order in which recognitions reach the caller."""

import itertools

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
