"""What the steps of a turn are called, and what times and costs read as."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.language.catalogue import message
from core.model.cost import Cost, CostSum
from core.model.turn_trace import Step
from core.ui.reader import Reader


@dataclass(frozen=True, slots=True)
class StepWords:
    """A step's name and, for those who do not know it, what happens in it."""

    name: str
    tip: str


STEP_WORDS: Mapping[Step, StepWords] = {
    Step.FIRST_WORDS: StepWords(
        message("First words"), message("From the beginning of speech to the first words, still grey on the page.")
    ),
    Step.FINAL: StepWords(
        message("Recognition"),
        message(
            "From the end of speech to its final text. The short silence that shows that somebody has finished is part "
            "of it."
        ),
    ),
    Step.KEPT: StepWords(
        message("Record"), message("From the final text until it is safely on the disk. It is shown from then on.")
    ),
    Step.REQUEST_SENT: StepWords(
        message("Wait for the summary"),
        message("Until the summary is asked for. What is said while a request is under way waits for the next one."),
    ),
    Step.FIRST_TOKEN: StepWords(
        message("Model's first word"),
        message("From the request to the first piece of the language model's answer: the way there, and its thinking."),
    ),
    Step.SUMMARY: StepWords(
        message("Summary written"),
        message("Until the summary's sentence is complete and valid. Without a language model: all the work on it."),
    ),
    Step.SUMMARY_PAINTED: StepWords(
        message("Summary on screen"),
        message("Until a page had painted the summary, as the page itself tells. Missing where nobody was looking."),
    ),
    Step.TEXT_PAINTED: StepWords(
        message("Text on screen"), message("From the record until a page had painted the final text.")
    ),
    Step.PASSAGES: StepWords(
        message("Handbook found"), message("From the summary until the handbook's passages were found.")
    ),
    Step.PASSAGES_PAINTED: StepWords(
        message("Passages on screen"), message("From the passages being found until a page had painted them.")
    ),
}
SPEECH = message("Speech")


def length(seconds: float, reader: Reader) -> str:
    """A short time: below a second in milliseconds."""
    _ = reader.translate
    milliseconds = round(seconds * 1000)
    if milliseconds < 1000:
        return _("{number} ms").format(number=milliseconds)
    return _("{number} s").format(number=reader.number(seconds, 2))


def cost_words(cost: Cost, reader: Reader) -> str:
    """What a call cost, in a few words; nothing where nothing was used."""
    if not cost.parts:
        return ""
    return _amount(cost.known, cost.currency, is_partial=cost.is_partial, reader=reader)


def sum_words(total: CostSum, reader: Reader) -> str:
    """What calls cost together, in a few words."""
    return _amount(total.known, total.currency, is_partial=total.partial_calls > 0, reader=reader)


def _amount(known: float, currency: str, *, is_partial: bool, reader: Reader) -> str:
    _ = reader.translate
    if not is_partial:
        return reader.money(known, currency)
    if not known:
        return _("cost unknown")
    return _("{amount} + unknown").format(amount=reader.money(known, currency))
