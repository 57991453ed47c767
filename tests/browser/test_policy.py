"""The content security policy in a real browser: no page breaks it; what breaks it is stopped."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page

from labelling.models import Campaign, Task
from tests.factories import PASSWORD, person

pytestmark = pytest.mark.browser
ROUTES = Path(__file__).resolve().parents[2] / "frontend" / "src" / "route.ts"
LISTEN = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}`));
"""
# Playwright's own waiting runs text as code, which the policy stops. It gives up after ten seconds.
FOUR = """() => new Promise((done) => {
  let asked = 0;
  const timer = setInterval(() => {
    if (window.violations.length < 4 && ++asked < 200) return;
    clearInterval(timer);
    done();
  }, 50);
})"""


def campaign_pages() -> list[str]:
    """As the front end has them."""
    listed = re.search(r"CAMPAIGN_PAGES = \[(.*?)\]", ROUTES.read_text(), re.DOTALL)
    assert listed
    return re.findall(r'"(\w+)"', listed.group(1))


@pytest.fixture
def root(page: Page, live_server, north: Campaign) -> Page:
    """Signed in as superuser, who may see every page."""
    User.objects.filter(pk=person("root").pk).update(is_superuser=True, is_staff=True)
    page.add_init_script(LISTEN)
    page.goto(f"{live_server.url}/login/")
    assert violations(page) == []
    page.get_by_label("User name").fill("root")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()
    return page


def violations(page: Page) -> list[str]:
    page.wait_for_load_state("networkidle")
    return page.evaluate("window.violations")


def test_no_page_breaks_the_policy(root: Page, live_server, north: Campaign):
    pages = campaign_pages()
    task = reverse("admin:labelling_task_change", args=[Task.objects.first().pk])
    report = "/api/v1/campaigns/north/report.html?first=2026-06-01&last=2026-06-30"
    paths = ["/", *(f"/{page}/north" for page in pages)]
    paths += ["/admin/", reverse("admin:labelling_task_changelist"), task]
    paths += [reverse("admin:labelling_membership_add"), report]
    said: list[str] = []
    root.on("console", lambda message: said.append(message.text))

    found = {}
    for path in paths:
        answer = root.goto(f"{live_server.url}{path}")
        assert answer is not None
        assert answer.status == 200, path
        assert "Content-Security-Policy" in {name.title() for name in answer.headers}, path
        found[path] = [] if path == report else violations(root)

    assert {"annotate", "lead", "review", "catalogue", "mine", "quality"} <= set(pages)
    assert {path: broken for path, broken in found.items() if broken} == {}
    assert [text for text in said if "Content Security Policy" in text] == []


def test_what_somebody_slips_in_does_not_run(root: Page):
    root.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "window.slipped = true";
        document.body.append(script);
        const picture = document.createElement("img");
        picture.src = "https://elsewhere.invalid/?stolen";
        document.body.append(picture);
        document.body.insertAdjacentHTML("beforeend", "<p style='color: red' onclick='1'>x</p>");
    }""")

    root.evaluate(FOUR)
    stopped = {each.split()[0] for each in violations(root)}
    assert {"script-src-elem", "img-src", "style-src-attr"} <= stopped
    assert root.evaluate("window.slipped") is None
