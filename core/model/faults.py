"""Errors that nobody foresaw, in the log."""

import logging
import traceback

logger = logging.getLogger(__name__)


def log_fault(what: str, error: Exception) -> None:
    """Log where a fault of Earshot's own happened, without its message, which might quote a caller. Any thread."""
    where = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s by a fault of Earshot's own (%s)\n%s", what, type(error).__name__, where)
