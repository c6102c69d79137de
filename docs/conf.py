"""How Sphinx builds these pages: ``make docs``."""

from pikos import __version__

project = "Pikos"
author = "Pikos developers"
release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {"description": "What a Python program is doing, exactly and now"}
html_copy_source = False

autodoc_default_options = {
    "members": True,
    "member-order": "bysource",
    "show-inheritance": True,
}
autodoc_typehints = "signature"
napoleon_google_docstring = False
napoleon_use_rtype = False
myst_heading_anchors = 3
nitpicky = False
