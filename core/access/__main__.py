"""`python -m core.access` manages the local users of EARSHOT_USERS_FILE."""

import argparse
import getpass
import sys
import time
from collections.abc import Sequence

from core.access.users import UsersFile
from core.model.access import UserRole
from core.model.errors import EarshotError, SettingInvalid
from core.settings import load_settings


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m core.access", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="all users and their roles")
    for name, meaning in (
        ("add", "add a user; the password is asked for"),
        ("password", "give a user another password"),
        ("role", "give a user another role"),
        ("remove", "remove a user"),
    ):
        command = commands.add_parser(name, help=meaning)
        command.add_argument("name")
        if name in {"add", "role"}:
            command.add_argument("--role", type=UserRole, choices=list(UserRole), required=True)
        if name in {"add", "password"}:
            command.add_argument("--password-stdin", action="store_true", help="read it from standard input")
    try:
        _run(parser.parse_args(arguments))
    except EarshotError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _run(options: argparse.Namespace) -> None:
    path = load_settings().users_file
    if path is None:
        raise SettingInvalid(key="EARSHOT_USERS_FILE", reason="it is not set, so there is no file to keep users in")
    users = UsersFile(path, time.monotonic)
    if options.command == "list":
        for user in users.users().values():
            print(f"{user.role.value:<12}{user.name}")
    elif options.command == "add":
        users.add(options.name, options.role, _password(options.password_stdin))
    elif options.command == "password":
        users.set_password(options.name, _password(options.password_stdin))
    elif options.command == "role":
        users.set_role(options.name, options.role)
    else:
        users.remove(options.name)


def _password(from_input: bool) -> str:
    return sys.stdin.readline().rstrip("\r\n") if from_input else getpass.getpass("Password: ")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
