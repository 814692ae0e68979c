"""Which role a sign-in provider's claims give."""

from collections.abc import Iterable, Mapping

from core.model.access import RANK, UserRole
from core.model.errors import SettingInvalid


def role_map(pairs: Iterable[str]) -> Mapping[str, UserRole]:
    """`ops-leads=supervisor` and the like, read. Raises SettingInvalid."""
    roles = {}
    for pair in pairs:
        value, _, role = pair.rpartition("=")
        if not value.strip() or role.strip() not in set(UserRole):
            raise SettingInvalid(key="EARSHOT_OIDC_ROLES", reason=f"{pair} is not a value, = and a role")
        roles[value.strip()] = UserRole(role.strip())
    return roles


def role_of(claim: object, roles: Mapping[str, UserRole]) -> UserRole | None:
    """The highest role that any of the claim's values gives; None where none does.

    A claim is one value, several in a list, or several with spaces between them.
    """
    values = [*claim.split(), claim] if isinstance(claim, str) else claim if isinstance(claim, list | tuple) else []
    given = [roles[value] for value in values if isinstance(value, str) and value in roles]
    return max(given, key=lambda role: RANK[role], default=None)
