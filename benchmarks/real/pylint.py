"""pylint checks two packages of the standard library."""

from benchmarks.real.program import Program

PROGRAM = Program(
    "pylint",
    ("pylint",),
    """
import email
import json
import os
from pylint.lint import Run

targets = [os.path.dirname(package.__file__) for package in (json, email)]
Run(["--persistent=no", "--score=no", "--exit-zero", *targets])
""",
)
