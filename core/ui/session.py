"""How a page gets the server's backend. The only place where pages meet `core.backend`."""

from core.backend import Backend, current


def backend() -> Backend:
    """The one backend of this server. Script thread.

    Raises:
        ServerStarting: it is not open yet, or is being closed.
    """
    return current()
