import socket

import pytest

from core.api.address import check_free
from core.model.errors import AddressUnusable, PortTaken


@pytest.fixture
def taken() -> "socket.socket":
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other


def test_a_port_that_another_program_listens_on_is_named(taken: socket.socket) -> None:
    port = taken.getsockname()[1]
    with pytest.raises(PortTaken, match=f"localhost:{port} is already in use"):
        check_free("localhost", port)


def test_a_port_of_all_addresses_is_taken_when_one_of_them_is(taken: socket.socket) -> None:
    with pytest.raises(PortTaken):
        check_free("0.0.0.0", taken.getsockname()[1])


def test_a_free_port_is_free_again_afterwards(taken: socket.socket) -> None:
    port = taken.getsockname()[1]
    taken.close()
    check_free("127.0.0.1", port)
    check_free("127.0.0.1", port)


@pytest.mark.parametrize(("host", "port"), [("192.0.2.1", 8501), ("localhost", 70_000), ("no-such-host.invalid", 8501)])
def test_an_address_that_is_not_this_machines_is_named(host: str, port: int) -> None:
    with pytest.raises(AddressUnusable, match=f"{host}:{port}"):
        check_free(host, port)
