"""Takes the pictures of README.md and docs/: ``python docs/pictures.py`` photographs what it builds in Chromium.

That is the site, and summaries of the gate on pull requests of the demo as a forge shows them (``--dark`` for those in
dark colours, elsewhere: ``--to FOLDER``).

Not checked by a test, since fonts differ from machine to machine. Run it after a visible change of the site.
"""

from __future__ import annotations

import argparse
import importlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from summary_page import WIDTH, page

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SERVICE = "services/core-ledger.html"
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
    """The home page and a service, also on a phone, and what depends on it."""
    with tempfile.TemporaryDirectory(prefix="itsm-pictures-") as folder:
        build = [sys.executable, "-m", "itsm_as_code", "build", "--quiet", "-o", f"{folder}/site"]
        subprocess.run(build, cwd=ROOT, check=True)
        shown = browser.new_page(viewport={"width": 1200, "height": 960}, color_scheme="light")
        shown.goto(f"file://{folder}/site/index.html")
        shown.screenshot(path=to / "home.png")
        shown.set_viewport_size({"width": 1200, "height": 690})
        shown.goto(f"file://{folder}/site/{SERVICE}")
        shown.screenshot(path=to / "service.png")
        shown.goto(f"file://{folder}/site/{SERVICE}#technical")
        shown.locator("#dependencies").screenshot(path=to / "dependencies.png")
        shown.set_viewport_size({"width": 390, "height": 844})
        for name, path in (("home", "index.html"), ("service", SERVICE)):
            shown.goto(f"file://{folder}/site/{path}")
            shown.screenshot(path=to / f"{name}-phone.png")


def of_summaries(browser: Browser, to: Path, *, dark: bool = False) -> None:
    """A pull request of low risk, one of high risk that waits, and one that was rejected."""
    scheme = "dark" if dark else "light"
    shown = browser.new_page(viewport={"width": WIDTH, "height": 100}, color_scheme=scheme)
    for name, summary in summaries().items():
        shown.set_content(page(summary))
        shown.screenshot(path=to / f"verdict-{name}.png", full_page=True)


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
