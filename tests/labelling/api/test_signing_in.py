"""Signing in, CSRF, and the page that carries the front end."""

from __future__ import annotations

import json
import re

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from rest_framework.test import APIClient

from tests.factories import PASSWORD, person

MANIFEST = {
    "index.html": {
        "file": "assets/index-AAAAAAAA.js",
        "isEntry": True,
        "css": ["assets/index-BBBBBBBB.css"],
        "imports": ["_shared.js"],
        "dynamicImports": ["src/pages/lead/index.tsx"],
    },
    "_shared.js": {"file": "assets/shared-CCCCCCCC.js", "imports": ["index.html"]},
    "src/pages/lead/index.tsx": {"file": "assets/lead-DDDDDDDD.js", "isDynamicEntry": True},
}


@pytest.fixture
def built(settings, tmp_path):
    settings.FRONTEND_DIST = tmp_path / "dist"
    (settings.FRONTEND_DIST / ".vite").mkdir(parents=True)
    manifest = settings.FRONTEND_DIST / ".vite" / "manifest.json"
    manifest.write_text(json.dumps(MANIFEST))
    return manifest


@pytest.fixture
def browser(campaign) -> Client:
    """Ana's, with CSRF checked as in production; not signed in yet."""
    person("ana", campaign=campaign)
    return Client(enforce_csrf_checks=True)


def sign_in(browser: Client, password: str = PASSWORD, after: str = "/annotate/north"):
    browser.get("/login/", {"next": after})
    token = browser.cookies["csrftoken"].value
    form = {"username": "ana", "password": password, "next": after}
    return browser.post("/login/", form | {"csrfmiddlewaretoken": token})


@pytest.mark.parametrize("path", ["/", "/annotate/north", "/lead/north"])
def test_a_stranger_is_sent_to_sign_in_and_back(browser, built, path):
    answer = browser.get(path)

    assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={path}")


def test_signing_in_leads_back_to_the_page(browser, built):
    answer = sign_in(browser)

    assert (answer.status_code, answer["Location"]) == (302, "/annotate/north")


def test_a_wrong_password_is_told_on_the_page(browser):
    answer = sign_in(browser, password="wrong")

    assert answer.status_code == 200
    assert "Please enter a correct username and password" in answer.content.decode()
    assert 'value="ana"' in answer.content.decode()


def test_signing_in_does_not_lead_to_another_site(browser, built):
    answer = sign_in(browser, after="https://evil.example/")

    assert answer["Location"] == "/"


def test_the_sign_in_page_needs_nothing_of_the_build_and_nothing_inline(browser):
    page = browser.get("/login/").content.decode()

    assert re.findall(r'rel="stylesheet" href="([^"]*)"', page) == ["/static/labelling/sign-in.css"]
    assert finders.find("labelling/sign-in.css")
    assert not re.search(r"<style|<script|style=", page)


def test_the_page_loads_what_was_built_and_sets_the_csrf_cookie(browser, built):
    sign_in(browser)
    browser.cookies.pop("csrftoken")

    answer = browser.get("/annotate/north")

    page = answer.content.decode()
    assert '<script type="module" src="/static/assets/index-AAAAAAAA.js">' in page
    assert '<link rel="modulepreload" href="/static/assets/shared-CCCCCCCC.js">' in page
    assert '<link rel="stylesheet" href="/static/assets/index-BBBBBBBB.css">' in page
    assert "lead-DDDDDDDD" not in page
    assert "csrftoken" in answer.cookies


def test_a_page_asks_at_once_for_its_own_part_of_the_build(browser, built):
    sign_in(browser)

    page = browser.get("/lead/north").content.decode()

    assert '<link rel="modulepreload" href="/static/assets/lead-DDDDDDDD.js">' in page


def test_a_new_build_is_loaded_by_the_next_page(browser, built):
    sign_in(browser)
    browser.get("/")
    built.write_text(json.dumps(MANIFEST).replace("AAAAAAAA", "EEEEEEEE"))

    assert "index-EEEEEEEE.js" in browser.get("/").content.decode()


@pytest.mark.parametrize("content", [None, "{", "{}"])
def test_a_front_end_that_was_not_built_says_how_to_build_it(browser, built, content):
    built.unlink() if content is None else built.write_text(content)
    sign_in(browser)

    answer = browser.get("/")

    assert answer.status_code == 503
    assert "npm run build" in answer.content.decode()


def test_signing_out_takes_a_post(browser, built):
    sign_in(browser)
    token = {"csrfmiddlewaretoken": browser.cookies["csrftoken"].value}

    assert browser.get("/logout/").status_code == 405
    assert browser.post("/logout/", token)["Location"] == "/login/"
    assert browser.get("/api/v1/me").status_code == 401


def test_a_write_without_the_csrf_token_is_refused(browser, built, task):
    sign_in(browser)
    path = "/api/v1/campaigns/north/queue/next"

    without = browser.post(path, {}, content_type="application/json")
    token = {"X-CSRFToken": browser.cookies["csrftoken"].value}
    with_token = browser.post(path, {}, content_type="application/json", headers=token)

    assert (without.status_code, without.json()["code"]) == (403, "csrf_failed")
    assert with_token.status_code == 200


def test_an_address_the_api_does_not_have_is_json_too(db):
    answer = APIClient().get("/api/v1/tiles/not-a-uuid/bands")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "/api/v1/schema" in answer.json()["help"]
