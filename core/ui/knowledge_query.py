"""What a question finds in the handbook, and why."""

from collections.abc import Iterable, Iterator
from html import escape

import streamlit as st

from core.guidance.explanation import Explanation, Finding, Piece
from core.guidance.handbook import Handbook
from core.language.catalogue import Translate, describe
from core.model.passage import GuidanceRequest, Passage
from core.ui.file_editor import as_written
from core.ui.reader import Reader

MOST_FINDINGS = 8
LONGEST_QUERY = 500


def knowledge_query(handbook: Handbook, reader: Reader) -> None:
    """Draw the question and what it finds. Script thread. Raises GuidanceError."""
    _ = reader.translate
    given = st.text_input(
        _("What the call is about"),
        placeholder=_("For example: charged twice for the same month"),
        help=_("Calls ask with their summary and the customer's issue. Write one as a caller would say it."),
        max_chars=LONGEST_QUERY,
        icon=":material/search:",
        key="knowledge-query",
    )
    query = (given or "").strip()
    if not query:
        st.caption(_("Write what a caller wants, and see which entries are found, and by which of their words."))
        return
    if handbook.remote_address:
        with st.spinner(_("The server is being asked…")):
            answer = handbook.ask(GuidanceRequest(summary=query, max_documents=MOST_FINDINGS))
        _list((_passage(rank, each, reader) for rank, each in enumerate(answer.documents, start=1)), reader)
        return
    explanation = handbook.explain(query, MOST_FINDINGS)
    _how(explanation, _)
    _list((_finding(rank, each, reader) for rank, each in enumerate(explanation.findings, start=1)), reader)


def _how(explanation: Explanation, translate: Translate) -> None:
    _ = translate
    if explanation.failure is not None:
        sentence = as_written(describe(explanation.failure, _))
        st.warning(f"{sentence} {_('Meanwhile passages are found by their words alone.')}", icon=":material/warning:")
    if explanation.terms:
        terms = " · ".join(map(as_written, explanation.terms))
        st.caption(_("Looked up as: {terms}").format(terms=terms))


def _list(rows: Iterator[str], reader: Reader) -> None:
    _ = reader.translate
    found = "".join(rows)
    if not found:
        st.info(
            _("Nothing is found. Add these words to the other words of the entry that should be."),
            icon=":material/search_off:",
        )
        return
    st.html(f'<ol class="es-findings">{found}</ol>')


def _finding(rank: int, finding: Finding, reader: Reader) -> str:
    _ = reader.translate
    chips = "".join(
        f'<span class="es-chip" title="{escape(tip)}">{escape(name)} <b>{escape(value)}</b></span>'
        for name, value, tip in _reasons(finding, reader)
    )
    aliases = " · ".join(map(with_marks, finding.aliases))
    also = f'<div class="es-also">{escape(_("Other words"))}: {aliases}</div>' if aliases else ""
    body = f"{also}<div class='es-snippet'>{with_marks(finding.snippet)}</div><div class='es-chips'>{chips}</div>"
    return _row(rank, with_marks(finding.title), finding.source, finding.score, body, reader)


def _passage(rank: int, passage: Passage, reader: Reader) -> str:
    body = f"<div class='es-snippet'>{escape(passage.snippet)}</div>"
    return _row(rank, escape(passage.title), passage.source, passage.score, body, reader)


def _row(rank: int, title: str, source: str, score: float, body: str, reader: Reader) -> str:
    number = reader.number(score, 2)
    tip = escape(reader.translate("How well it fits, compared with the others of this list: higher is better."))
    head = f'<span class="es-title">{title}</span><span class="es-score" title="{tip}">{number}</span>'
    return (
        f'<li><div class="es-head"><span class="es-rank" aria-hidden="true">{rank}</span>{head}</div>'
        f'{body}<div class="es-source">{escape(source)}</div></li>'
    )


def _reasons(finding: Finding, reader: Reader) -> Iterator[tuple[str, str, str]]:
    """What the score is made of: name, figure, explanation."""
    _ = reader.translate
    parts = (
        (_("Title"), finding.title_score, _("Words of the question in the title; they count twice.")),
        (_("Other words"), finding.alias_score, _("Words of the question in the other words; they count twice.")),
        (_("Text"), finding.body_score, _("Words of the question in the entry's text.")),
        (_("Letters"), finding.letters_score, _("Letters in common, whatever the spelling and the spaces.")),
    )
    for name, score, tip in parts:
        if score > 0:
            yield name, reader.number(score, 1), tip
    if finding.words_score > 0 and finding.language_factor < 1:
        tip = _("The entry is in another language than the question, so its words count for less.")
        yield _("Other language"), f"× {reader.number(finding.language_factor, 1)}", tip
    if finding.similarity is None:
        return
    none = "–"
    rank = str(finding.words_rank) if finding.words_rank else none
    yield _("Place by words"), rank, _("Among the entries that share words with the question.")
    rank = str(finding.meaning_rank) if finding.meaning_rank else none
    tip = _("Among all entries by the embedding model; in parentheses the cosine of the vectors, 1 at the most.")
    yield _("Place by meaning"), f"{rank} ({reader.number(finding.similarity, 2)})", tip


def with_marks(pieces: Iterable[Piece]) -> str:
    """HTML in which the pieces that match are marked."""
    return "".join(f"<mark>{escape(piece.text)}</mark>" if piece.is_match else escape(piece.text) for piece in pieces)
