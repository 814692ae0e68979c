"""Errors as a reader meets them: a sentence in place of what could not be done."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.language.catalogue import Translate, describe
from core.model.errors import EarshotError


@contextmanager
def said_on_the_page(translate: Translate) -> Iterator[None]:
    """Say an error of the block on the page, and go on behind it. Script thread."""
    try:
        yield
    except EarshotError as error:
        st.error(describe(error, translate), icon=":material/error:")
