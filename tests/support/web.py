"""``pikos web`` in a process of its own, and pages of it in a real browser."""

from __future__ import annotations

import json
import select
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

import pytest
from support.deadlines import DEADLINE_S
from support.waiting import wait_until

CHROMIUM = shutil.which("chromium")
ARTEFACTS = Path(__file__).parent.parent.parent / "build" / "tests" / "screens"


class Web:
    """A server for one user."""

    def __init__(self, *arguments, verb="web", opens=False, **options):
        shut = [] if opens else ["--no-open"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pikos", verb, *shut, *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
        )  # fmt: skip
        ready = select.select([self.process.stdout], [], [], DEADLINE_S)[0]
        self.address = self.process.stdout.readline().strip() if ready else ""
        if not self.address:
            self.process.kill()
            raise AssertionError(self.process.communicate())

    @property
    def port(self):
        return int(self.address.split(":")[2].partition("/")[0])

    def view(self, **choice):
        """What a page would be answered."""
        return json.loads(fetch(f"{self.address}view?{urlencode(choice)}")[1])

    def end(self):
        """Ctrl-C; exit status and what it said."""
        self.process.send_signal(signal.SIGINT)
        output, errors = self.process.communicate(timeout=DEADLINE_S)
        return self.process.returncode, output, errors

    def stop(self):
        """Be rid of it, whatever it does."""
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def serve(runtime):
    """Start servers; those that are left at the end are killed."""
    servers = []

    def serve(*arguments, **keywords):
        servers.append(Web(*arguments, **keywords))
        return servers[-1]

    yield serve
    for server in servers:
        server.stop()


def fetch(address, method="GET", **headers):
    """Status, body and headers of an answer."""
    request = urllib.request.Request(address, method=method)
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), error.headers


def names_of_bars(page):
    """The names beside the bars that are in sight, from the top."""
    return page.locator("#bars-chart .ytick text").evaluate_all(
        """all => all.map((one) => [one.getBoundingClientRect().y, one.textContent])
            .sort(([a], [b]) => a - b).map(([, text]) => text)"""
    )


def middle_of(page, selector):
    """Where on the page the first such element is, once it is seen: charts replace their marks."""
    box = wait_until(page.locator(selector).first.bounding_box, f"{selector} is seen")
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
