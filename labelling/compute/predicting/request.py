"""What is asked of a prediction, and what is to be made: checked before the first pixel is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

from labelling.compute.predicting.spans import Span, check, spans
from labelling.errors import BadInput
from labelling.imagery.cog import STEPS, Mask, Plane
from labelling.imagery.files import is_virtual
from labelling.imagery.products.find import inspect
from labelling.imagery.products.product import Product
from labelling.imagery.reading import BandMatch, match_bands
from training.device import code_hash
from training.errors import BadModel
from training.predict import Ensemble, load

FORM = "cloudmask-prediction/1"
SUN = "sun"
"""The one plane beside the bands that a product tells of itself."""


@dataclass(frozen=True)
class Request:
    """What the child is asked; the JSON file's keys."""

    product: Path
    model: Path
    """Folder with weights and card."""
    target: Path
    window: int
    overlap: int
    bands: list[str] | None = None
    """Names for the layers of a stack that doesn't name them."""
    without: list[str] = field(default_factory=list)
    """Bands and planes that the model sees and is to do without."""
    colours: Mapping[str, str] = field(default_factory=dict)
    """By class, #rrggbb."""
    replace: bool = False
    """Whether another file at the target may go."""
    dry: bool = False

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> Request:
        paths = {name: Path(content[name]) for name in ("product", "model", "target")}
        return cls(**{**content, **paths})


@dataclass(frozen=True, eq=False)
class Plan:
    """What is to be made of what."""

    request: Request
    product: Product
    match: BandMatch
    ensemble: Ensemble
    rows: Sequence[Span]
    columns: Sequence[Span]

    @property
    def windows(self) -> int:
        return len(self.rows) * len(self.columns)

    @property
    def model(self) -> str:
        """Hash of its card."""
        return self.ensemble.card.hash if self.ensemble.card else ""

    def identity(self) -> dict[str, Any]:
        """All that decides the result, as JSON: work is gone on with where it is equal."""
        return {
            "form": FORM,
            "code": code_hash(),
            "model": self.model,
            "product": self.product.product_id,
            "files": stamps(self.product, self.match),
            "bands": self._sources(),
            "sun": self.product.sun and [*astuple(self.product.sun)],
            "shape": [self.product.height, self.product.width],
            "window": self.request.window,
            "overlap": self.request.overlap,
            "without": sorted(self.request.without),
            "device": self.ensemble.device.type,
            "precision": str(self.ensemble.precision).removeprefix("torch."),
            "colours": dict(sorted(self.request.colours.items())),
        }

    def _sources(self) -> list[list[Any] | None]:
        """For each of the model's bands where it comes from and how it becomes reflectance: names
        that a stack's layers are given decide it as much as the file does."""
        held = self.product.bands
        found = [None if place is None else held[place] for place in self.match.positions]
        return [
            band and [Path(band.path).name, band.layer, band.offset, band.quantification]
            for band in found
        ]

    def fingerprint(self) -> str:
        return hashlib.sha256(json.dumps(self.identity(), sort_keys=True).encode()).hexdigest()

    def mask(self) -> Mask:
        product = self.product
        return Mask(product.height, product.width, planes(self), product.place, tags(self))

    def facts(self) -> dict[str, Any]:
        product = self.product
        return {
            "product": product.product_id,
            "model": self.model,
            "height": product.height,
            "width": product.width,
            "windows": self.windows,
            "window": self.request.window,
            "overlap": self.request.overlap,
            "device": self.ensemble.device.type,
            "planes": [plane.name for plane in self.mask().planes],
            "synthetic": product.synthetic,
        }


def planned(request: Request) -> Plan:
    """Open model and product and see that they fit; reads no pixels.

    Raises BadModel, RasterRejected, BadInput naming the band, plane or setting at fault.
    """
    ensemble = load(request.model)
    card = ensemble.card
    if card is None:
        raise BadModel(f"{request.model} has no card.", field=str(request.model))
    step = 2**ensemble.config.depth
    check(size=request.window, overlap=request.overlap, step=step)
    product = inspect(request.product, bands=request.bands)
    check_planes(ensemble, product, request.without)
    match = match_bands(product, card.bands)
    check_bands(product, match, request.without)
    sides = [
        spans(length, size=request.window, overlap=request.overlap, step=step)
        for length in (product.height, product.width)
    ]
    return Plan(request, product, match, ensemble, *sides)


def check_bands(product: Product, match: BandMatch, without: Sequence[str]) -> None:
    lacking = [band for band in match.missing if band not in without]
    if lacking:
        raise BadInput(
            f"{product.name} lacks {', '.join(lacking)}, which the model sees.",
            field=lacking[0],
            help=f"Give a product that has them, or do without: --without {' '.join(lacking)}. A "
            "model is used to that as far as it was trained with band_dropout.",
        )


def check_planes(ensemble: Ensemble, product: Product, without: Sequence[str]) -> None:
    """Whether a product has what the model sees beside the bands."""
    assert ensemble.card is not None
    seen = ensemble.layout.features
    unknown = [name for name in without if name not in (*ensemble.card.bands, *seen.planes)]
    if unknown:
        raise BadInput(
            f"The model doesn't see {', '.join(unknown)}, so it can't do without.",
            field="without",
            help=f"It sees {', '.join((*ensemble.card.bands, *seen.planes))}.",
        )
    tells_sun = product.sun is not None or product.angles is not None
    lacking = [
        name for name in seen.planes if name not in without and not (name == SUN and tells_sun)
    ]
    if lacking:
        raise BadInput(
            f"The model sees {seen.text}, and {product.name} doesn't hold {', '.join(lacking)}.",
            field=lacking[0],
            help=f"Choose a model that sees no more than bands and sun, or do without: --without "
            f"{' '.join(lacking)}.",
        )


def planes(plan: Plan) -> tuple[Plane, ...]:
    """Classes, each class's probability, uncertainty, and what their values mean."""
    legend = {}
    for one in plan.ensemble.classes:
        legend[f"CLASS_{one.code}"] = one.name
        if colour := plan.request.colours.get(one.name):
            legend[f"COLOUR_{one.code}"] = colour
    scale = f"0…{STEPS} is 0…1"
    return (
        Plane("class", share=False, tags=legend),
        *(
            Plane(
                f"probability {one.name}",
                share=True,
                tags={"VALUES": scale, "CLASS_CODE": str(one.code)},
            )
            for one in plan.ensemble.classes
        ),
        Plane(
            "uncertainty",
            share=True,
            tags={"VALUES": f"{scale}: entropy of the mean prediction, by its highest"},
        ),
    )


def tags(plan: Plan) -> dict[str, str]:
    """What the file says of where it comes from; empty words are left out."""
    product, request = plan.product, plan.request
    told = {
        "PRODUCT_ID": product.product_id,
        "DATETIME": product.taken.isoformat() if product.taken else "",
        "SATELLITE": product.satellite,
        "LEVEL": product.level,
        "BASELINE": product.baseline,
        "MGRS": product.mgrs,
        "SYNTHETIC": "true" if product.synthetic else "false",
        "MODEL": plan.model,
        "MEMBERS": str(len(plan.ensemble.networks)),
        "WINDOW": f"{request.window} px, overlap {request.overlap}",
        "WITHOUT": " ".join(sorted(request.without)),
        "FINGERPRINT": plan.fingerprint(),
    }
    return {name: word for name, word in told.items() if word}


def files_of(product: Product, match: BandMatch) -> list[Path]:
    """On this machine."""
    sources = [product.bands[position].path for position in match.positions if position is not None]
    files = {product.path, *(Path(each) for each in sources if not is_virtual(each))}
    return sorted(path for path in files if path.is_file())


def stamps(product: Product, match: BandMatch) -> list[list[Any]]:
    """Names, sizes and times of change of the product's files on this machine."""
    found = [(path.name, path.stat()) for path in files_of(product, match)]
    return [[name, facts.st_size, facts.st_mtime_ns] for name, facts in found]
