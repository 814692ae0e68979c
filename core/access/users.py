"""The local users: a file with names, roles and hashed passwords (argon2id)."""

import json
import logging
import os
import threading
import unicodedata
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from core.model.access import UserRole
from core.model.errors import SignInRefused, UserInvalid, UsersFileInvalid

logger = logging.getLogger(__name__)

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 256
"""A longer one is refused before it is hashed, which would cost the server time."""
LONGEST_NAME = 64
GUESSES = 5
GUESS_WINDOW_S = 60.0
"""So many wrong passwords for one name within this time, and the name is refused until the time is over."""
GUESSED_NAMES = 10_000
"""Names whose wrong passwords are remembered; beyond it the oldest is forgotten."""
VERIFIED_AT_ONCE = 2
"""Each verification takes 64 MiB and a core for a moment."""


@dataclass(frozen=True, slots=True)
class User:
    """One local user."""

    name: str
    role: UserRole
    password_hash: str


def plain_name(name: str) -> str:
    """A user's name as it is kept and compared: composed, without capital letters and outer spaces."""
    return unicodedata.normalize("NFC", name.strip()).casefold()


def _plain_password(password: str) -> str:
    # The same Korean letters come composed from one system and decomposed from another.
    return unicodedata.normalize("NFC", password)


class UsersFile:
    """Reads the file anew whenever it changes. Any thread; `verify` blocks for a tenth of a second."""

    def __init__(self, path: Path, monotonic: Callable[[], float], hasher: PasswordHasher | None = None) -> None:
        """Raises UsersFileInvalid where there is a file that cannot be used."""
        self.path = path
        self._monotonic = monotonic
        self._hasher = hasher or PasswordHasher()
        self._lock = threading.Lock()
        self._verifying = threading.BoundedSemaphore(VERIFIED_AT_ONCE)
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()
        self._nobody = self._hasher.hash("nobody has this password")
        self._stamp = self._stat()
        self._users = self._read()
        self.problem: UsersFileInvalid | None = None
        """Why the file as it is now is not used; the users are those that it last held."""

    def users(self) -> Mapping[str, User]:
        """All users by their plain names, as the file has them now."""
        with self._lock:
            stamp = self._stat()
            if stamp != self._stamp:
                self._stamp = stamp
                try:
                    self._users, self.problem = self._read(), None
                except UsersFileInvalid as error:
                    self.problem = error
                    logger.error("%s Until then the users are those it held before.", error)
            return self._users

    def find(self, name: str) -> User | None:
        """One user."""
        return self.users().get(plain_name(name))

    def verify(self, name: str, password: str) -> User:
        """The user whose name and password these are; takes as long for a name that nobody has.

        Raises:
            SignInRefused: they are wrong, or were wrong too often in the last minute.
        """
        plain = plain_name(name)
        if self._guessed_too_often(plain) or len(password) > LONGEST_PASSWORD:
            raise SignInRefused
        user = self.find(name)
        with self._verifying:
            try:
                self._hasher.verify(user.password_hash if user else self._nobody, _plain_password(password))
            except (VerifyMismatchError, VerificationError, InvalidHashError):
                user = None
        if user is None:
            self._count_guess(plain)
            raise SignInRefused
        if self._hasher.check_needs_rehash(user.password_hash):
            self._put(replace(user, password_hash=self._hasher.hash(_plain_password(password))))
        return user

    def _guessed_too_often(self, plain: str) -> bool:
        with self._lock:
            wrong = self._wrong.get(plain, deque())
            while wrong and wrong[0] <= self._monotonic() - GUESS_WINDOW_S:
                wrong.popleft()
            return len(wrong) >= GUESSES

    def _count_guess(self, plain: str) -> None:
        with self._lock:
            self._wrong.setdefault(plain, deque(maxlen=GUESSES)).append(self._monotonic())
            self._wrong.move_to_end(plain)
            if len(self._wrong) > GUESSED_NAMES:
                self._wrong.popitem(last=False)

    # Changing

    def add(self, name: str, role: UserRole, password: str) -> User:
        """Add a user. Raises UserInvalid."""
        if plain_name(name) in self.users():
            raise UserInvalid(name=name, reason="there is one of this name")
        plain = plain_name(name)
        if not 1 <= len(plain) <= LONGEST_NAME or not plain.isprintable():
            raise UserInvalid(name=name, reason=f"a name has 1 to {LONGEST_NAME} characters that can be seen")
        user = User(name=plain, role=role, password_hash=self._hashed(plain, password))
        self._put(user)
        return user

    def set_password(self, name: str, password: str) -> None:
        """Give a user another password. Raises UserInvalid."""
        user = self._known(name)
        self._put(replace(user, password_hash=self._hashed(user.name, password)))

    def set_role(self, name: str, role: UserRole) -> None:
        """Give a user another role. Raises UserInvalid."""
        self._put(replace(self._known(name), role=role))

    def remove(self, name: str) -> None:
        """Remove a user, whose sign-ins end with that. Raises UserInvalid."""
        user = self._known(name)
        self._write({plain: each for plain, each in self.users().items() if plain != user.name})

    def _known(self, name: str) -> User:
        user = self.find(name)
        if user is None:
            raise UserInvalid(name=name, reason="there is none of this name")
        return user

    def _hashed(self, plain: str, password: str) -> str:
        usable = _plain_password(password)
        if not SHORTEST_PASSWORD <= len(usable) <= LONGEST_PASSWORD:
            reason = f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters"
            raise UserInvalid(name=plain, reason=reason)
        if plain in usable.casefold():
            raise UserInvalid(name=plain, reason="the password must not contain the name")
        return self._hasher.hash(usable)

    def _put(self, user: User) -> None:
        self._write({**self.users(), user.name: user})

    def _write(self, users: Mapping[str, User]) -> None:
        entries = {plain: {"role": user.role.value, "password": user.password_hash} for plain, user in users.items()}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps({"users": entries}, ensure_ascii=False, indent=2), encoding="utf-8")
        draft.replace(self.path)

    # Reading

    def _stat(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        return (found.st_mtime_ns, found.st_size, found.st_ino)

    def _read(self) -> dict[str, User]:
        if not self.path.exists():
            return {}
        if self.path.stat().st_mode & 0o022:
            raise UsersFileInvalid(path=str(self.path), reason="others than its owner may write to it")
        try:
            entries = json.loads(self.path.read_text(encoding="utf-8"))["users"]
            return {
                plain_name(name): User(plain_name(name), UserRole(entry["role"]), str(entry["password"]))
                for name, entry in entries.items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsersFileInvalid(path=str(self.path), reason=str(error) or type(error).__name__) from error
