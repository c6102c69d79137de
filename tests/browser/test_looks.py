"""The page in light and dark, on a wide screen, a small one and a phone's: pictures are kept."""

from __future__ import annotations

import pytest
from support.publisher import Publisher

SIZES = [(1920, 1080), (1280, 720), (390, 844)]
PANELS = {"f": "functions", "b": "bars", "g": "flame", "m": "series", "o": "text"}
LEAST_CONTRAST = 4.5
"""Of text, by WCAG 2.2, level AA."""

CONTRAST = """() => {
    const channel = (value) => {
        const part = value / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    };
    const pen = document.createElement("canvas")
        .getContext("2d", {willReadFrequently: true});
    const light = (colour) => {
        pen.fillStyle = colour;
        pen.fillRect(0, 0, 1, 1);
        const [red, green, blue] = pen.getImageData(0, 0, 1, 1).data;
        return 0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
    };
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const colour = getComputedStyle(at).backgroundColor;
            if (colour !== "rgba(0, 0, 0, 0)") return colour;
        }
        return "white";
    };
    const told = [];
    const texts = "p, span, td, th, button, select, h1, dt, dd";
    for (const element of document.querySelectorAll(texts)) {
        if (!element.checkVisibility() || !element.textContent.trim()) continue;
        const [ink, paper] = [getComputedStyle(element).color, behind(element)];
        const [a, b] = [light(ink), light(paper)].sort((x, y) => y - x);
        told.push([(a + 0.05) / (b + 0.05), `${element.outerHTML.slice(0, 100)} ${ink} ${paper}`]);
    }
    return told.sort((x, y) => x[0] - y[0])[0];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_everything_is_in_sight_and_can_be_read(runtime, serve, look, size, scheme):
    width, height = size
    with Publisher() as publisher:
        page = look(serve(publisher.address).address, width=width, height=height, scheme=scheme)
        page.wait_for_selector("#functions tr.row >> text=Worker.work")
        page.locator("#functions tr.row").first.click()
        page.wait_for_selector("#chosen:not([hidden])")

        for key, section in PANELS.items():
            page.keyboard.press(key)
            page.wait_for_selector(f"#{section}:not([hidden])")
            page.wait_for_timeout(300)
            wide, tall = page.evaluate(
                "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
            )
            assert (wide, tall) == (width, height)
            room = page.locator(f"#{section}").bounding_box()
            assert room["height"] > height / 3
            contrast, where = page.evaluate(CONTRAST)
            assert contrast >= LEAST_CONTRAST, where
        page.keyboard.press("f")
        page.wait_for_selector("#functions:not([hidden])")
