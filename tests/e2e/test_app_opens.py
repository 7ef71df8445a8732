"""The app in a real browser: every page opens, and nothing leaves the machine."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

REPOSITORY = Path(__file__).resolve().parents[2]
LOCAL_HOSTS = {"localhost", "127.0.0.1", ""}  # "" is what data: and blob: addresses have


@pytest.fixture
def hosts(page) -> set[str]:
    """Hosts that the tab has asked for something."""
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).hostname or ""))
    return asked


def test_every_page_opens_and_asks_no_other_machine(page, base_url, hosts):
    page.goto(base_url)
    links = page.get_by_test_id("stSidebarNav").get_by_role("link")
    expect(links).to_have_count(len(list((REPOSITORY / "pages").glob("*.py"))))
    for index in range(links.count()):
        links.nth(index).click()
        expect(page.get_by_role("heading").first).to_be_visible()
        expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=60_000)  # the script has ended
        expect(page.get_by_test_id("stException")).to_have_count(0)
    assert hosts <= LOCAL_HOSTS, f"requests to {hosts - LOCAL_HOSTS}"
