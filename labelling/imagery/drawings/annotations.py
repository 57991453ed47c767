"""A job's annotations, as CVAT's API gives them, painted into a label and its provenance.

Shapes lie in the order of their z-order; where two have the same, the one with the later id lies
above. What nobody drew on is not labelled, unless the lead says that it is clear. Each pixel keeps
how it came about, as its shape's `source` tells: drawn by hand; a pre-label that was left as it
was; a pre-label that was changed, or a tool of CVAT's.

Nothing is ever guessed: a job without a shape, a label that means nothing here, and a shape that
can't be are refused as `Unusable`, whose code says which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.errors import BadInput
from labelling.imagery.drawings import masks
from labelling.imagery.labelsets import shapes
from labelling.imagery.labelsets.naming import BY_CAMPAIGN, BY_DRAWING, Names
from labelling.imagery.labelsets.painting import CLEAR, UNLABELLED_BACKGROUND, Shape, painted
from labelling.imagery.labelsets.tables import IMPORTED

EMPTY, UNKNOWN_LABEL, INVALID_SHAPE, OTHER_FRAME, TRACKS = (
    "empty", "unknown_label", "invalid_shape", "other_frame", "tracks",
)  # fmt: skip
"""Codes of what can't be used."""
PAINTED, CONFIRMED, BY_TOOL = 1, 2, 3
PROVENANCE = {"manual": PAINTED, "auto": CONFIRMED, "semi-auto": BY_TOOL, "file": IMPORTED}
"""CVAT's word for where a shape comes from → our provenance."""
WITHOUT_AREA = ("polyline", "points")
MOST_SHAPES = 20_000
"""In one job; a tile of 512² with a shape for each superpixel has a tenth of that."""


class Unusable(BadInput):
    """A job's annotations that can't be read as a label; a person has to look at the job."""

    def __init__(self, code: str, message: str, *, field: str = "", help: str = "") -> None:
        super().__init__(message, field=field, help=help)
        self.code = code


@dataclass(frozen=True)
class Legend:
    """What a project's labels mean here."""

    names: Mapping[int, str]
    """CVAT's id → name."""
    codes: Mapping[str, int]
    """Name → our code."""
    priority: Mapping[int, int]
    """Code → how high its shapes lie, above z-order; empty: z-order alone decides."""

    def word(self, label_id: Any) -> str:
        """The name of a label. Raises Unusable."""
        name = self.names.get(label_id, "")
        if name not in self.codes:
            known = ", ".join(f"{each} ({code})" for each, code in sorted(self.codes.items()))
            raise Unusable(
                UNKNOWN_LABEL,
                f"It is labelled {name or 'with label'} (id {label_id}), which means nothing here.",
                field="label",
                help=f"Relabel the shape in CVAT as one of {known}, or mend the project's labels "
                "with cvat connect.",
            )
        return name

    def as_names(self) -> Names:
        ranks = {name: self.priority.get(code, 0) for name, code in self.codes.items()}
        order = BY_CAMPAIGN if self.priority else BY_DRAWING
        return Names("cvat", self.codes, order, ranks if self.priority else {}, by_table=False)


@dataclass(frozen=True)
class Painting:
    """What a job's shapes come to."""

    label: NDArray[np.uint8]
    """(height, width) class codes, 255 where nobody drew."""
    provenance: NDArray[np.uint8]
    """The same shape: 1, 2, 3, 4 after the shapes' source, 5 background, 0 where not labelled."""
    shapes: int
    """Painted."""
    notes: tuple[str, ...]
    """What was left out, in words for a person."""


def painting_of(
    annotations: Mapping[str, Any],
    legend: Legend,
    *,
    frame: int,
    size: tuple[int, int],
    background: str = UNLABELLED_BACKGROUND,
) -> Painting:
    """Paint a job's annotations `{shapes, tags, tracks}` on an image of (height, width).

    `frame` is the image's number in its task. Raises Unusable; BadInput for another background.
    """
    drawn = _shapes(annotations, frame)
    notes = _left_out(annotations, drawn)
    kept = [_shape(each, legend, size) for each in drawn if each["type"] not in WITHOUT_AREA]
    names = legend.as_names()
    try:
        label, provenance = painted(kept, size=size, background=UNLABELLED_BACKGROUND, names=names)
    except Unusable:
        raise
    except BadInput as error:
        raise _invalid(str(error), help=error.help) from error
    if not (provenance > 0).any():
        raise Unusable(
            EMPTY,
            "Nothing with an area is drawn in it.",
            field="shapes",
            help="If the tile is clear, draw that; otherwise send the job back to be labelled.",
        )
    if background == CLEAR:
        label, provenance = painted(kept, size=size, background=CLEAR, names=names)
    return Painting(label, provenance, len(kept), notes)


def _shapes(annotations: Mapping[str, Any], frame: int) -> list[Mapping[str, Any]]:
    """The image's shapes, oldest first. Raises Unusable for tracks and shapes of other frames."""
    if annotations.get("tracks"):
        raise Unusable(
            TRACKS,
            "It holds tracks, which are for videos.",
            field="tracks",
            help="Draw shapes in CVAT, not tracks.",
        )
    drawn = list(annotations.get("shapes") or ())
    if len(drawn) > MOST_SHAPES:
        raise _invalid(f"It has {len(drawn)} shapes, more than {MOST_SHAPES}.")
    for shape in drawn:
        if shape.get("frame") != frame:
            raise Unusable(
                OTHER_FRAME,
                f"Shape {shape.get('id')} is on frame {shape.get('frame')}, not on the job's "
                f"frame {frame}.",
                field="frame",
                help="Delete the shape in CVAT; the server takes such shapes but never shows them.",
            )
    return sorted(drawn, key=lambda each: each.get("id") or 0)


def _left_out(
    annotations: Mapping[str, Any], drawn: Sequence[Mapping[str, Any]]
) -> tuple[str, ...]:
    """What says or draws something, but labels no pixel."""
    lines = sum(each.get("type") in WITHOUT_AREA for each in drawn)
    tags = len(annotations.get("tags") or ())
    odd = sum(_source(each) not in PROVENANCE for each in drawn)
    told = (
        (lines, "lines or points, which have no area, left out"),
        (tags, "tags of the whole image left out"),
        (odd, "shapes of an unknown source taken for a tool's"),
    )
    return tuple(f"{count} {words}" for count, words in told if count)


def _source(shape: Mapping[str, Any]) -> str:
    return str(shape.get("source") or "manual").lower()


def _shape(shape: Mapping[str, Any], legend: Legend, size: tuple[int, int]) -> Shape:
    """Raises Unusable."""
    kind, z = shape.get("type"), shape.get("z_order", 0)
    draw = KINDS.get(str(kind))
    if draw is None:
        known = ", ".join((*KINDS, *WITHOUT_AREA))
        raise _invalid(f"Shape {shape.get('id')} is a {kind}, not one of {known}.")
    if not isinstance(z, int):
        raise _invalid(f"Shape {shape.get('id')} has z-order {z!r}.")
    return Shape(
        name=legend.word(shape.get("label_id")),
        draw=partial(_drawn, draw, shape, size),
        z=z,
        provenance=PROVENANCE.get(_source(shape), BY_TOOL),
    )


def _drawn(draw: Draw, shape: Mapping[str, Any], size: tuple[int, int]) -> shapes.Mask:
    """The shape's pixels. Raises Unusable naming the shape."""
    try:
        return draw(shape.get("points") or [], float(shape.get("rotation") or 0), *size)
    except BadInput as error:
        raise _invalid(f"Shape {shape.get('id')}: {error}", help=error.help) from error
    except (TypeError, ValueError) as error:
        raise _invalid(f"Shape {shape.get('id')} has points that aren't numbers.") from error


def _invalid(message: str, *, help: str = "") -> Unusable:
    return Unusable(
        INVALID_SHAPE,
        message,
        field="shapes",
        help=help or "Delete the shape in CVAT and draw it again.",
    )


Draw = Callable[[Sequence[float], float, int, int], shapes.Mask]
"""(points, rotation in degrees, height, width) → mask."""


def _mask(points: Sequence[float], rotation: float, height: int, width: int) -> shapes.Mask:
    return masks.decode(points, height=height, width=width)


def _polygon(points: Sequence[float], rotation: float, height: int, width: int) -> shapes.Mask:
    return shapes.polygon(np.reshape(points, (-1, 2)), height=height, width=width)


def _box(points: Sequence[float], rotation: float, height: int, width: int) -> shapes.Mask:
    return shapes.box(points, rotation=rotation, height=height, width=width)


def _ellipse(points: Sequence[float], rotation: float, height: int, width: int) -> shapes.Mask:
    """CVAT gives an ellipse's centre, then its rightmost x and its topmost y."""
    x, y, right, top = points
    return shapes.ellipse((x, y, right - x, y - top), rotation=rotation, height=height, width=width)


KINDS: dict[str, Draw] = {
    "mask": _mask,
    "polygon": _polygon,
    "rectangle": _box,
    "ellipse": _ellipse,
}
