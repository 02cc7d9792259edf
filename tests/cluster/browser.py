"""A headless Chromium with a profile of its own, which talks to nobody but the page that it is sent to."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

SECONDS_ALLOWED = 120  # for a page that never comes alone

_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --window-size=1600,1200"
).split()

# Parts of the page that are longer than what is seen of them, and one more step in such a part: where it is then.
_SCROLLED_PARTS = """
return [...document.querySelectorAll("*")].filter(part =>
  part.scrollHeight > part.clientHeight + 1 && ["auto", "scroll"].includes(getComputedStyle(part).overflowY))
"""
_SCROLL_ON = "arguments[0].scrollTop += arguments[0].clientHeight / 2; return arguments[0].scrollTop"
_SECONDS_TO_DRAW = 0.3


@contextmanager
def chromium(folder: Path, browser: str, driver: str) -> Iterator[Chrome]:
    """The browser, for as long as the context lasts; `folder` takes its profile."""
    options = ChromeOptions()
    options.binary_location = browser
    for flag in (*_FLAGS, f"--user-data-dir={folder}"):
        options.add_argument(flag)
    running = Chrome(options=options, service=ChromeService(executable_path=driver))
    try:
        running.set_page_load_timeout(SECONDS_ALLOWED)
        yield running
    finally:
        running.quit()


def text(browser: Chrome) -> str:
    """What the page shows."""
    return browser.find_element(By.TAG_NAME, "body").text


def wait_for(browser: Chrome, words: str) -> None:
    """Wait until the page shows these words."""
    WebDriverWait(browser, SECONDS_ALLOWED).until(lambda _: words in text(browser), words)


def log_in(browser: Chrome, uri: str, account: tuple[str, str]) -> None:
    """Open MLflow with an account, as the browser's own window for names and passwords would."""
    username, password = (quote(word, safe="") for word in account)
    browser.get(uri.replace("://", f"://{username}:{password}@"))
    browser.get(uri)  # a page whose own address holds a password may fetch nothing
    wait_for(browser, account[0])


def compare_children(browser: Chrome, uri: str, experiment_id: str, condition: str, number: int) -> None:
    """Search the child runs of one study in an experiment, unfold them below it, select and compare them."""
    browser.get(f"{uri}/#/experiments/{experiment_id}/runs")
    wait_for(browser, "matching runs")
    browser.find_element(By.CSS_SELECTOR, "[data-testid='search-box']").send_keys(condition, Keys.ENTER)
    wait_for(browser, f"{number + 1} matching runs")  # their parent is shown with them
    _click_when_there(browser, ".ag-row button[data-component-id*='runnamecellrenderer']")
    for row in range(1, number + 1):
        _click_when_there(
            browser, f".ag-pinned-left-cols-container .ag-row[row-index='{row}'] .ag-selection-checkbox input"
        )
    _click_when_there(browser, "button[data-testid='runs-compare-button']")
    wait_for(browser, "Run details")


def text_while_scrolled(browser: Chrome) -> str:
    """The text of the page at each step of scrolling its parts to their ends: a long table draws the rows in sight."""
    seen = [text(browser)]
    for part in browser.execute_script(_SCROLLED_PARTS):
        position = -1
        while (reached := browser.execute_script(_SCROLL_ON, part)) > position:
            position = reached
            time.sleep(_SECONDS_TO_DRAW)
            seen.append(text(browser))
    return "\n".join(seen)


def _click_when_there(browser: Chrome, selector: str) -> None:
    """Click what a selector finds; the table is drawn anew now and then, and takes what was found before with it."""
    waiting = WebDriverWait(browser, SECONDS_ALLOWED, ignored_exceptions=[WebDriverException])
    waiting.until(lambda _: browser.find_element(By.CSS_SELECTOR, selector).click() is None, selector)
