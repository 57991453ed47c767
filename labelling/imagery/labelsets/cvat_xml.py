"""CVAT for images 1.1: polygons, boxes, ellipses and masks on tiles that are here already.

What nobody drew on means nothing in the file itself, so the lead says what it means, `--background`
`clear` or `unlabelled`; pixels painted that way keep a provenance of their own. An image without
any shape is held: nobody may have opened it. Where shapes overlap, the source's own order holds:
the KappaZeta team's labels by class, as cm-vsm painted them, any other labels by z-order and then
by the order of drawing. Format: CVAT's documentation of XML annotation format 1.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from xml.etree.ElementTree import Element

from labelling.errors import BadInput, LabelRejected
from labelling.imagery.labelsets import shapes
from labelling.imagery.labelsets.cvat_document import document_at, number, person_of, whole
from labelling.imagery.labelsets.filing import files_below
from labelling.imagery.labelsets.labelled import Choices, Item, Labelled, Target, broken
from labelling.imagery.labelsets.naming import names_for
from labelling.imagery.labelsets.painting import CLEAR as CLEAR_BACKGROUND
from labelling.imagery.labelsets.painting import UNLABELLED_BACKGROUND, Shape, painted
from labelling.imagery.labelsets.tables import KAPPAZETA

LARGEST_SIDE = 2048
"""Pixels of an image: tiles have 512."""
EMPTY = "nothing is drawn on it: held, not taken for clear (where it is clear, draw that)"
SILENT = ("tag", "attribute")
"""What says something about an image but draws nothing."""


def items(path: Path, choices: Choices) -> list[Item]:
    """A label per image of each XML file, at any depth.

    A file that can't be read is an item that raises when it is read. Raises BadInput when there is
    no file.
    """
    found = []
    for file in files_below(path, "*.xml"):
        try:
            found += _items(file, choices)
        except BadInput as error:
            found.append(broken(file.name, error))
    return found


def _items(file: Path, choices: Choices) -> list[Item]:
    root = document_at(file)
    people = {
        task: person_of(root, task=task)
        for task in {image.get("task_id", "") for image in root.iter("image")}
    }
    items = []
    for at, image in enumerate(root.iter("image")):
        name = image.get("name", "")
        author, role = people[image.get("task_id", "")]
        facts = {"author_is": role} if role else {}
        reader = partial(read, file, image, choices, author=author, facts=facts)
        items.append(Item(f"{file.name}: {name}", (file,), reader, part=f"{at}/{name}"))
    return items


def read(
    file: Path, image: Element, choices: Choices, *, author: str, facts: Mapping[str, str]
) -> Labelled:
    """One image. Raises LabelRejected naming file, image and the shape that can't be used."""
    name = image.get("name", "")
    try:
        size = _size(image)
        drawn, notes = _drawn(image, size, skip=choices.skip_shapes)
        names = names_for(KAPPAZETA, choices, used={each.name for each in drawn})
        # Nobody may have looked at it yet: all else is clear only where somebody drew.
        held = choices.background == CLEAR_BACKGROUND and not drawn
        background = UNLABELLED_BACKGROUND if held else choices.background
        label, provenance = painted(drawn, size=size, background=background, names=names)
    except BadInput as error:
        reason = str(error)
        raise LabelRejected(
            f"{file.name}: {name}: {reason[:1].lower()}{reason[1:]}",
            field=error.field,
            help=error.help,
        ) from error
    return Labelled(
        label=label,
        provenance=provenance,
        table=names.table,
        by_campaign=not names.by_table,
        target=Target(names=(name,)),
        author=author,
        origin={"image": name, "background": choices.background, "order": names.order, **facts},
        notes=(*notes, EMPTY) if held else notes,
    )


def _size(image: Element) -> tuple[int, int]:
    height, width = whole(image, "height"), whole(image, "width")
    if not (0 < height <= LARGEST_SIDE and 0 < width <= LARGEST_SIDE):
        raise BadInput(f"An image of {height} by {width} pixels is no tile.", field="size")
    return height, width


def _drawn(
    image: Element, size: tuple[int, int], *, skip: bool
) -> tuple[list[Shape], tuple[str, ...]]:
    """The image's shapes in document order, and what is said of those left out."""
    drawn: list[Shape] = []
    left_out = 0
    for element in image:
        if element.tag in SILENT:
            continue
        if element.tag in SHAPES:
            drawn.append(_shape(element, size))
        elif skip:
            left_out += 1
        else:
            raise BadInput(
                f"A {element.tag} has no area to label.",
                field=element.tag,
                help="Take it out in CVAT, or leave such shapes out with --skip-shapes.",
            )
    return drawn, (f"{left_out} shapes without an area left out",) if left_out else ()


def _shape(element: Element, size: tuple[int, int]) -> Shape:
    read_shape = SHAPES[element.tag]
    return Shape(
        name=element.get("label", ""),
        draw=partial(read_shape, element, *size),
        z=whole(element, "z_order", "0"),
    )


def _polygon(element: Element, height: int, width: int) -> shapes.Mask:
    text = element.get("points", "")
    try:
        points = [tuple(map(float, pair.split(","))) for pair in text.split(";") if pair.strip()]
        return shapes.polygon(points, height=height, width=width)
    except ValueError as error:
        raise BadInput(
            f"A polygon's points are {text[:60]!r}, not x,y;x,y …", field="points"
        ) from error


def _box(element: Element, height: int, width: int) -> shapes.Mask:
    corners = [number(element, side) for side in ("xtl", "ytl", "xbr", "ybr")]
    turned = number(element, "rotation", "0")
    return shapes.box(corners, rotation=turned, height=height, width=width)


def _ellipse(element: Element, height: int, width: int) -> shapes.Mask:
    numbers = [number(element, name) for name in ("cx", "cy", "rx", "ry")]
    turned = number(element, "rotation", "0")
    return shapes.ellipse(numbers, rotation=turned, height=height, width=width)


def _mask(element: Element, height: int, width: int) -> shapes.Mask:
    left, top, wide, high = (whole(element, name) for name in ("left", "top", "width", "height"))
    if not (0 < high <= height and 0 < wide <= width):
        raise BadInput(f"A mask is {high} by {wide} pixels.", field="mask")
    text = element.get("rle", "")
    # Counted before they are read: a list of a billion zeros is small in no other way.
    if text.count(",") > high * wide:
        raise BadInput(f"A mask of {high} by {wide} pixels has more runs than that.", field="rle")
    try:
        runs = [int(word) for word in text.split(",")]
    except ValueError as error:
        raise BadInput(f"A mask's rle is {text[:60]!r}, not whole numbers.", field="rle") from error
    part = shapes.decode_runs(runs, height=high, width=wide)
    return shapes.placed(part, top=top, left=left, height=height, width=width)


SHAPES: dict[str, Callable[[Element, int, int], shapes.Mask]] = {
    "polygon": _polygon,
    "box": _box,
    "ellipse": _ellipse,
    "mask": _mask,
}
