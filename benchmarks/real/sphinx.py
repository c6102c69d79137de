"""Sphinx documents some of the standard library by autodoc."""

from benchmarks.real.program import Program

PROGRAM = Program(
    "sphinx",
    ("sphinx",),
    """
import hashlib
from pathlib import Path
from sphinx.cmd.build import main

MODULES = "argparse asyncio collections email.message http.client json unittest.mock zipfile"
source = Path("source")
source.mkdir(exist_ok=True)
source.joinpath("conf.py").write_text("extensions = ['sphinx.ext.autodoc']\\n")
pages = [f".. automodule:: {name}\\n   :members:\\n" for name in MODULES.split()]
source.joinpath("index.rst").write_text("Library\\n=======\\n\\n" + "\\n".join(pages))
status = main(["-Q", "-E", "-b", "text", "source", "built"])
print(status, hashlib.sha256(Path("built/index.txt").read_bytes()).hexdigest())
""",
)
