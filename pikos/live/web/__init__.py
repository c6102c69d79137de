"""The live view in the browser: what is heard, made into answers, served to its user alone.

::

    source ─► hub: model, history, moments ─► answer: a dict ─► app: HTTP, guarded ─► static/*
    (a thread of its own)                     (pure views of the terminal, too)

A page holds what its user has chosen and asks four times a second; the server keeps nothing of a
page but the moments that it was asked to keep.  Needs the extra ``web``.
"""

from pikos.live.web.app import web_app
from pikos.live.web.hub import Hub

__all__ = ["Hub", "web_app"]
