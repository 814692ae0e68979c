"""Which settings are others than at the last start, told without keeping any value."""

import hashlib
import hmac
import json
import logging
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from core.model.errors import SettingInvalid
from core.settings.fields import Settings
from core.settings.loading import key_of
from core.settings.report import plain_text

logger = logging.getLogger(__name__)

STATE_FILE = "settings.state"
_KEY_CHECK = "key"
"""What the digests were made with is recognised by this one; no setting has such a name."""


def fingerprints(settings: Settings, key: bytes) -> Mapping[str, str]:
    """A keyed digest (HMAC-SHA256) of every value by its variable, secrets included; no value can be read from it."""
    return {key_of(name): _digest(key, name, getattr(settings, name)) for name in Settings.model_fields}


def changed_since_last_start(settings: Settings, key: bytes) -> tuple[str, ...]:
    """The variables whose values are others than when this was last asked, in order; and remembers those of now.

    Nothing has changed at the very first start. A setting that is new in this version has changed if it is not at its
    default. Under another `key` nothing can be compared, so only `EARSHOT_SECRET_KEY` is named.

    Args:
        settings: those in force; the digests are kept in their data folder, which has to exist.
        key: what digests are made with; whoever has it and the file could try values out. Derive it from the key that
            signs links.

    Raises:
        SettingInvalid: the data folder cannot be written to.
    """
    path = settings.data_dir / STATE_FILE
    now = fingerprints(settings, key)
    before = _read(path)
    check = _digest(key, _KEY_CHECK, "")
    _write(path, {_KEY_CHECK: check, **now})
    if before is None:
        return ()
    if not hmac.compare_digest(before.get(_KEY_CHECK, ""), check):
        return (key_of("secret_key"),)
    defaults = {key_of(name): _digest(key, name, field.default) for name, field in Settings.model_fields.items()}
    return tuple(variable for variable, digest in now.items() if before.get(variable, defaults[variable]) != digest)


def _digest(key: bytes, name: str, value: object) -> str:
    # The name is part of it, so that equal values of two settings do not show as equal.
    return hmac.new(key, f"{name}\0{plain_text(value)}".encode(), hashlib.sha256).hexdigest()


def _read(path: Path) -> dict[str, str] | None:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        logger.warning("%s cannot be read (%s), so changes of settings since the last start stay unknown", path, error)
        return None
    if not isinstance(kept, dict) or not all(isinstance(digest, str) for digest in kept.values()):
        logger.warning("%s is not a list of digests, so changes of settings since the last start stay unknown", path)
        return None
    return kept


def _write(path: Path, digests: Mapping[str, str]) -> None:
    try:
        # Made with mode 0600 and put in place whole.
        descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(digests, file, indent=1)
            os.replace(name, path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SettingInvalid(
            key=key_of("data_dir"), reason=f"{path} cannot be written: {error.strerror or error}"
        ) from error
