"""A headless Chromium with a profile of its own, which talks to nobody but the page that it is sent to."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium.webdriver import Chrome, ChromeOptions, ChromeService

_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --window-size=1600,1200"
).split()


@contextmanager
def chromium(folder: Path, browser: str, driver: str) -> Iterator[Chrome]:
    """The browser, for as long as the context lasts; `folder` takes its profile."""
    options = ChromeOptions()
    options.binary_location = browser
    for flag in (*_FLAGS, f"--user-data-dir={folder}"):
        options.add_argument(flag)
    running = Chrome(options=options, service=ChromeService(executable_path=driver))
    try:
        running.set_page_load_timeout(120)
        yield running
    finally:
        running.quit()
