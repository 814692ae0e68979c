"""Signed links and tokens: what a customer's link or a page's stream may do, and for how long."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from itsdangerous import BadData, SignatureExpired, URLSafeTimedSerializer

from core.model.call import CallId, Role
from core.model.errors import LinkExpired, LinkInvalid


@dataclass(frozen=True, slots=True)
class JoinGrant:
    """What a join link allows: to join this call in this role."""

    call_id: CallId
    role: Role


class Tokens:
    """Makes and reads the tokens of one server. Any thread."""

    def __init__(self, key: str, join_seconds: float) -> None:
        self._join = URLSafeTimedSerializer(key, salt="earshot.join")
        self._view = URLSafeTimedSerializer(key, salt="earshot.view")
        self._join_seconds = join_seconds

    def join_token(self, call_id: CallId, role: Role) -> str:
        """A token for a join link."""
        return str(self._join.dumps([call_id, role.value]))

    def read_join_token(self, token: str) -> JoinGrant:
        """What a join link allows.

        Raises:
            LinkExpired: its time is over.
            LinkInvalid: not ours, or changed on the way.
        """
        call_id, role = self._read(self._join, token, self._join_seconds, fields=2)
        return JoinGrant(call_id=CallId(call_id), role=Role(role))

    def view_token(self, call_id: CallId) -> str:
        """A token for a page that watches this call."""
        return str(self._view.dumps([call_id]))

    def read_view_token(self, token: str) -> CallId:
        """Which call may be watched with this token.

        Raises:
            LinkExpired: its time is over.
            LinkInvalid: not ours, or changed on the way.
        """
        (call_id,) = self._read(self._view, token, VIEW_SECONDS, fields=1)
        return CallId(call_id)

    def _read(self, serializer: URLSafeTimedSerializer, token: str, seconds: float, fields: int) -> list[str]:
        try:
            payload = serializer.loads(token, max_age=int(seconds))
        except SignatureExpired as error:
            raise LinkExpired from error
        except BadData as error:
            raise LinkInvalid from error
        if not isinstance(payload, list) or len(payload) != fields:
            raise LinkInvalid
        return [str(part) for part in payload]


VIEW_SECONDS = 24 * 3600.0
"""A page left open longer than this asks for a new token when it is drawn again."""


def load_or_make_key(data_dir: Path) -> str:
    """The signing key kept in the data folder; made at first start, readable by its owner only."""
    path = data_dir / "secret.key"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        draft.replace(path)
    return path.read_text().strip()
