"""A choice that is made while the page is still being drawn."""

from __future__ import annotations

from browser import running_server
from playwright.sync_api import expect


def test_a_choice_made_while_the_page_is_drawn_stays(page, tmp_path):
    with running_server(tmp_path / "home", tmp_path / "server.log", "tests/e2e/fragment_app.py") as url:
        page.goto(url)
        two = page.get_by_role("radio", name="Two")
        expect(two).to_be_visible()
        page.get_by_role("button", name="Draw anew").click()
        expect(page.get_by_text("Being drawn")).to_be_visible()
        two.click()
        expect(page.get_by_text("Two is chosen")).to_be_visible()
        expect(two).to_be_checked()
