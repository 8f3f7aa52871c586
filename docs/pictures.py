"""Takes the pictures of README.md: ``python docs/pictures.py`` builds the site and photographs it in Chromium.

Not checked by a test, since fonts differ from machine to machine. Run it after a visible change of the site.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SERVICE = "services/core-ledger.html"


def main() -> int:
    """Write docs/images."""
    browser_path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser_path is None:
        raise SystemExit(f"none of these is installed: {', '.join(BROWSERS)}")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="itsm-pictures-") as folder, sync_playwright() as playwright:
        build = [sys.executable, "-m", "itsm_as_code", "build", "--quiet", "-o", f"{folder}/site"]
        subprocess.run(build, cwd=ROOT, check=True)
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 960}, color_scheme="light")
        page.goto(f"file://{folder}/site/index.html")
        page.screenshot(path=IMAGES / "home.png")
        page.set_viewport_size({"width": 1200, "height": 690})
        page.goto(f"file://{folder}/site/{SERVICE}")
        page.screenshot(path=IMAGES / "service.png")
        page.locator("#dependencies").screenshot(path=IMAGES / "dependencies.png")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
