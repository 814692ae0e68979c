"""What one person may do: the backend as somebody who is signed in sees it.

Pages and routes never hold the backend itself. A desk asks for the right first, then acts, and writes into the audit
log what was done; a refusal is written down, too. Desks are made anew at every run of a page and for every request,
and may be used on any thread. Their methods raise AccessDenied where the role does not allow it, SignInEnded where
the sign-in is over, and StoreError where the store is unwell.
"""

from core.desk.doctor import DoctorDesk
from core.desk.fleet import FleetDesk
from core.desk.imports import ImportsDesk
from core.desk.personas import PersonasDesk
from core.desk.quality import QualityDesk
from core.desk.records import RecordsDesk
from core.desk.seats import SeatsDesk
from core.desk.server import ServerDesk

__all__ = ["Desk"]


class Desk(SeatsDesk, RecordsDesk, QualityDesk, FleetDesk, ImportsDesk, PersonasDesk, ServerDesk, DoctorDesk):
    """The backend for one person. `client` is the network address that the person is at, as far as it is known."""
