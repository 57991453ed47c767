"""What `demo` fills an empty installation with: painted or given scenes, people, first labels."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from django.contrib.auth.models import User

from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput
from labelling.imagery.painter.products import write_products
from labelling.imagery.products.find import inspect
from labelling.models import Campaign, Place, Tile
from labelling.workflow.founding import admit, found_campaign, shape_of
from labelling.workflow.ingest.products import Intake, ingest_all
from labelling.workflow.ingest.report import FileReport
from labelling.workflow.ingest.sources import Source, find_sources

PRODUCTS, PLACES, SIZE, SEED = 72, 24, 512, 4
"""Painted scenes: products, of so many places, pixels a side, and the painter's seed."""
LABELLED_EVERY = 2
"""Of the pool's scenes, each second comes with its label, so that there is a first model."""
TRAINING = {"steps": 480, "crop": 192, "evaluate_every": 120}
"""A fit short enough to be watched."""
PEOPLE = {"intern": "annotator", "reviewer": "reviewer", "lead": "lead"}
"""Demo accounts and their roles; the password of each is `demo-` and its name."""
MAIL = "demo.invalid"
"""Their e-mail domain: such accounts are let in from this machine alone."""

Show = Callable[[str, int, int], None]
"""Told after each piece of work: what it is, pieces done, pieces in all."""


@dataclass(frozen=True)
class Account:
    name: str
    password: str
    role: str


def seed_demo(
    *, data: Path | None, blobs: Blobs, folder: Path, now: datetime, show: Show
) -> Campaign:
    """The demo campaign, made or completed; a second run finds all of it there.

    `data`: a folder of GeoTIFF scenes; None paints synthetic ones into `folder`.
    """
    campaign = Campaign.objects.filter(slug=slug_of(data)).first() or begun(data, now)
    for account in accounts():
        admit(account_row(account), campaign=campaign, role=account.role, now=now)
    sources = find_sources([data]) if data else paint(folder, show)
    bring_in(sources, Intake(campaign, blobs, now), show)
    if not Tile.objects.filter(enrolments__campaign=campaign).exists():
        raise BadInput(f"{data} holds no scene that could be used.", field="data")
    return campaign


def slug_of(data: Path | None) -> str:
    if data is None:
        return "demo"
    name = re.sub(r"[^a-z0-9]", "-", data.resolve().name.lower())
    return f"demo-{name}"[:50]


def begun(data: Path | None, now: datetime) -> Campaign:
    bands, size = shape_of(data) if data else (None, SIZE)
    return found_campaign(
        slug=slug_of(data),
        name=f"Demo: {data.resolve().name}" if data else "Demo (synthetic scenes)",
        now=now,
        bands=bands,
        tile_size=size,
        batch_size=12,
        training=TRAINING,
    )


def accounts() -> list[Account]:
    return [Account(name, f"demo-{name}", role) for name, role in PEOPLE.items()]


def account_row(account: Account) -> User:
    user, new = User.objects.get_or_create(
        username=account.name,
        defaults={"first_name": account.name.title(), "email": f"{account.name}@{MAIL}"},
    )
    if new:
        user.set_password(account.password)
        user.save(update_fields=["password"])
    return user


def paint(folder: Path, show: Show) -> list[Source]:
    """Paint the scenes that aren't in `folder` yet."""
    done = folder / "painted"
    if not done.exists():
        files = write_products(folder, products=PRODUCTS, places=PLACES, size=SIZE, seed=SEED)
        for number, _ in enumerate(files, start=1):
            show("painting synthetic scenes", number, PRODUCTS)
        done.touch()
    return find_sources([folder])


def bring_in(sources: list[Source], intake: Intake, show: Show) -> None:
    """Ingest all scenes; labels come along for every validation and test scene, and for some of
    the pool: the rest is what there is to label.
    """
    scenes = [each for each in sources if not each.skip]
    for number, source in enumerate(scenes, start=1):
        report = take_in(source, intake, number)
        show(report.line() if report.troubled else "ingesting", number, len(scenes))


def take_in(source: Source, intake: Intake, number: int) -> FileReport:
    """Ingest a scene, with its label where the demo wants it; a refusal is in the report."""
    (report,) = ingest_all([replace(source, label=None)], intake).files
    if source.label and not report.troubled and wants_label(source, number):
        (report,) = ingest_all([source], intake).files
    return report


def wants_label(source: Source, number: int) -> bool:
    """Every scene outside the pool, and every second of the pool."""
    product_id = inspect(source.path).product_id
    held_back = Tile.objects.filter(scene__product_id=product_id).exclude(
        acquisition__place__split=Place.Split.POOL
    )
    return number % LABELLED_EVERY == 0 or held_back.exists()
