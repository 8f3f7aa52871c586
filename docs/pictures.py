"""Takes the pictures of README.md and docs/: ``python docs/pictures.py`` photographs what it builds in Chromium.

That is the site, on a desktop and on a phone, and summaries of the gate on pull requests of the demo as a forge shows
them (``--dark`` for those in dark colours, elsewhere: ``--to FOLDER``).

Not checked by a test, since fonts differ from machine to machine. Run it after a visible change of the site.
"""

from __future__ import annotations

import argparse
import base64
import importlib
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, sync_playwright
from summary_page import WIDTH, page

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PAGES = {
    "home": "index.html",
    "service": "services/core-ledger.html",
    "change": "changes/chg-20261110-identity-cluster-17.html",
    "calendar": "calendar/index.html",
    "agenda": "calendar/decisions.html",
    "order": "request-offerings/vpn-access.html",
    "compliance": "compliance/index.html",
    "scorecards": "scorecards/index.html",
    "money": "portfolio/index.html",
    "figures": "kpi/index.html",
}
SIZES = {"": (1200, 800), "-phone": (390, 844)}
PALETTE = """async png => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    const { width, height } = image, canvas = new OffscreenCanvas(width, height).getContext("2d");
    canvas.drawImage(image, 0, 0);
    const pixels = new Uint32Array(canvas.getImageData(0, 0, width, height).data.buffer), counts = new Map();
    for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) || 0) + 1);
    const colours = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([pixel]) => pixel);
    const parts = pixel => [pixel & 255, pixel >> 8 & 255, pixel >> 16 & 255];
    const far = (a, b) => parts(a).reduce((sum, part, at) => sum + (part - parts(b)[at]) ** 2, 0);
    const palette = colours.filter(one => counts.get(one) > pixels.length / 300).slice(0, 32), nearest = new Map();
    for (let least = 1200; palette.length < 64 && least > 20; least /= 2) {
        for (const one of colours) {
            if (palette.length < 64 && palette.every(other => far(one, other) > least)) palette.push(one);
        }
    }
    const closer = one => (best, other, at) => far(one, other) < far(one, palette[best]) ? at : best;
    for (const one of colours) nearest.set(one, palette.reduce(closer(one), 0));
    const indexes = Uint8Array.from(pixels, pixel => nearest.get(pixel));
    let text = "";
    for (let at = 0; at < indexes.length; at += 8192) text += String.fromCharCode(...indexes.subarray(at, at + 8192));
    return { width, height, palette: palette.flatMap(parts), indexes: btoa(text) };
}"""
"""The pixels of a picture as indexes of its 64 most telling colours."""
SUMMARIES = {"normal": "1-standard-change", "high-risk": "3-high-risk", "rejected": "5-weakens-a-policy"}


def main() -> int:
    """Write docs/images."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--to", type=Path, default=IMAGES)
    asked = parser.parse_args()
    browser_path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser_path is None:
        raise SystemExit(f"none of these is installed: {', '.join(BROWSERS)}")
    asked.to.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        if not asked.dark:
            of_site(browser, asked.to)
        of_summaries(browser, asked.to, dark=asked.dark)
        browser.close()
    return 0


def of_site(browser: Browser, to: Path) -> None:
    """Ten pages, each also on a phone, and what depends on a service."""
    with tempfile.TemporaryDirectory(prefix="itsm-pictures-") as folder:
        build = [sys.executable, "-m", "itsm_as_code", "build", "--quiet", "-o", f"{folder}/site"]
        subprocess.run(build, cwd=ROOT, check=True)
        shown = browser.new_page(color_scheme="light")
        for suffix, (width, height) in SIZES.items():
            shown.set_viewport_size({"width": width, "height": height})
            for name, path in PAGES.items():
                shown.goto(f"file://{folder}/site/{path}")
                small(browser, shown, to / f"{name}{suffix}.png")
        shown.set_viewport_size({"width": 1200, "height": 800})
        shown.goto(f"file://{folder}/site/{PAGES['service']}#technical")
        small(browser, shown.locator("#dependencies"), to / "dependencies.png")


def small(browser: Browser, shown: Page | Locator, to: Path) -> None:
    """A picture with a palette (PNG, section 11.2.2), which takes a third of the room."""
    page = browser.new_page()
    found = page.evaluate(PALETTE, base64.b64encode(shown.screenshot()).decode())
    page.close()
    width, indexes = found["width"], base64.b64decode(found["indexes"])
    lines = b"".join(b"\0" + indexes[at : at + width] for at in range(0, len(indexes), width))
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, found["height"], 8, 3, 0, 0, 0)),
        (b"PLTE", bytes(found["palette"])),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    )
    written = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    ]
    to.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(written))


def of_summaries(browser: Browser, to: Path, *, dark: bool = False) -> None:
    """A pull request of low risk, one of high risk that waits, and one that was rejected."""
    scheme = "dark" if dark else "light"
    shown = browser.new_page(viewport={"width": WIDTH, "height": 100}, color_scheme=scheme)
    for name, summary in summaries().items():
        shown.set_content(page(summary))
        shown.set_viewport_size({"width": WIDTH, "height": shown.evaluate("document.body.scrollHeight")})
        small(browser, shown, to / f"verdict-{name}.png")


def summaries() -> dict[str, str]:
    """The summaries of some pull requests of the demo, judged in a real git repository."""
    sys.path.insert(0, str(ROOT / "demo"))
    demo = importlib.import_module("run")
    examples = {example.branch: example for example in demo.pull_requests()}
    found = {}
    with demo.temporary_repository() as repository:
        for name, branch in SUMMARIES.items():
            example = examples[branch]
            demo.judge(repository, example, example.push(repository), example.about["rounds"][0]["reviews"])
            found[name] = (repository.parent / f"{branch}.md").read_text("utf-8")
    return found


if __name__ == "__main__":
    sys.exit(main())
