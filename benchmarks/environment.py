"""Environments of their own for programs that are measured, with this Pikos linked into them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pikos
from benchmarks.viewer import ROOT

CACHE = ROOT / ".venv" / "programs"
"""Where they are kept."""


class Skipped(Exception):
    """What cannot be measured here, and why."""


def version() -> str:
    """Give the minor version of this interpreter, ``3.13``."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def environment(name: str, requirements: tuple[str, ...]) -> Path:
    """Make an environment unless it is there, and give its interpreter.

    Parameters
    ----------
    name
        Of the environment; each version of Python has one of its own.
    requirements
        What pip installs in it.

    Raises
    ------
    Skipped
        If something cannot be installed.

    """
    place = CACHE / f"{name}-{version()}"
    python, done = place / "bin" / "python", place / "installed"
    wanted = "\n".join(requirements)
    if not (done.exists() and done.read_text(encoding="utf-8") == wanted):
        venv.create(place, clear=True, with_pip=True)
        for packages in (requirements, ("psutil", "pyzmq")):
            command = [python, "-m", "pip", "install", "-qq", *packages]
            installed = subprocess.run(command, capture_output=True, text=True, check=False)
            if installed.returncode:
                shutil.rmtree(place)
                raise Skipped(f"cannot be installed: {installed.stderr.strip()[-300:]}")
        done.write_text(wanted, encoding="utf-8")
    link = place / "lib" / f"python{version()}" / "site-packages" / "pikos"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(pikos.__file__).parent)
    return python
