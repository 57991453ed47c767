"""A real Chromium on the real server. The pages have to be built: `make browser` does it first."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import numpy as np
import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, sync_playwright

from labelling.adapters.blobs import store
from labelling.imagery.tilefile import write_tile
from labelling.models import Campaign, Task, Tile
from tests.browser.hands import Annotator
from tests.factories import (
    PASSWORD,
    AcquisitionFactory,
    CampaignFactory,
    PlaceFactory,
    SceneFactory,
    TaskFactory,
    TileFactory,
    person,
    rank,
)

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
STRETCH = [0, 4000]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A database file instead of one in memory: a browser asks for several things at once."""
    default = settings.DATABASES["default"]
    if default["ENGINE"].endswith("sqlite3"):
        default["TEST"]["NAME"] = str(tmp_path_factory.mktemp("browser") / "test.sqlite3")


@pytest.fixture(scope="session", autouse=True)
def collected_nowhere(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The pages come straight from the build; WhiteNoise warns where STATIC_ROOT is missing."""
    settings.STATIC_ROOT = tmp_path_factory.mktemp("static")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    executable = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    assert executable, "No Chromium found: install it (Debian: the package chromium)."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, transactional_db: None) -> Iterator[Page]:
    """A window of its own, closed before the database is emptied for the next test."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    yield page
    page.wait_for_load_state("networkidle")  # what it still asks for must not meet the next test
    context.close()
    assert failures == []


@pytest.fixture
def north(transactional_db: None) -> Campaign:
    """A campaign with three painted tiles waiting, the brightest first."""
    campaign = CampaignFactory(slug="north")
    tasks = [waiting_tile(campaign, number) for number in range(3)]
    rank(campaign, *tasks)
    return campaign


def waiting_tile(campaign: Campaign, number: int) -> Task:
    return TaskFactory(campaign=campaign, tile=painted_tile(campaign, number))


def painted_tile(campaign: Campaign, number: int) -> Tile:
    """256² pixels: bright on the left, dark on the right."""
    place = PlaceFactory(key=f"35VLF/256/7/{number}")
    scene = SceneFactory(stretch=dict.fromkeys(campaign.bands, STRETCH), sun_azimuth=160.0)
    tile = TileFactory(
        acquisition=AcquisitionFactory(place=place),
        scene=scene,
        raster=f"tiles/{place.key}.tif",
        campaign=campaign,
    )
    pixels = np.full((len(campaign.bands), 256, 256), 600, np.uint16)
    pixels[:, :, :128] = 3500
    store().write_with(tile.raster, lambda path: write_tile(path, pixels, bands=campaign.bands))
    return tile


@pytest.fixture
def sign_in(page: Page, live_server):
    """Sign somebody in through the form, and land on the home page."""

    def by_name(name: str, campaign: Campaign, *, role: str = "annotator") -> Page:
        person(name, campaign=campaign, role=role)
        page.goto(f"{live_server.url}/")
        page.get_by_label("User name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        # The form has the same heading as the home page.
        page.get_by_role("button", name="Sign out").wait_for()
        return page

    return by_name


@pytest.fixture
def ana(sign_in, north: Campaign) -> Annotator:
    """Ana with the first tile before her."""
    page = sign_in("ana", north)
    page.get_by_role("link", name="Next tile").click()
    annotator = Annotator(page)
    annotator.wait_for_tile("35VLF/256/7/0")
    return annotator
