"""A text as it sounds, for comparing: without case, spaces and signs."""


def plain(text: str) -> str:
    """Letters, syllables and digits only, in small letters."""
    return "".join(sign for sign in text.casefold() if sign.isalnum())
