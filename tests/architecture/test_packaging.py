"""What is installed with the product."""

import tomllib

from core.settings import PROJECT_ROOT


def test_every_file_that_the_product_reads_is_installed_with_it() -> None:
    setuptools = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    patterns = ["*.py", *setuptools["package-data"]["*"]]
    files = [
        file for file in (PROJECT_ROOT / "core").rglob("*.*") if "__pycache__" not in file.parts and file.is_file()
    ]
    left_out = [str(file) for file in files if not any(file.match(pattern) for pattern in patterns)]
    assert not left_out, "add their kind to package-data in pyproject.toml"
