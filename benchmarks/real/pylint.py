"""pylint checks a package of the standard library."""

from benchmarks.real.program import Program

PROGRAM = Program(
    "pylint",
    ("pylint",),
    """
import json
import os
from pylint.lint import Run

# What "duplicate-code" quotes differs from run to run.
options = ["--persistent=no", "--score=no", "--exit-zero", "--disable=duplicate-code"]
Run([*options, os.path.dirname(json.__file__)])
""",
)
