"""Reading the XML of products: bounded, without entities, every gap named."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from labelling.errors import RasterRejected
from labelling.imagery.products.archive import Files, refused

Value = TypeVar("Value")


@dataclass(frozen=True)
class Metadata:
    """One XML file of a product."""

    files: Files
    name: str
    """Path of the file in the product."""
    root: Element

    def text(self, *tags: str) -> str:
        """Text of the first element called by one of `tags`, tried in order.

        Raises RasterRejected where there is none, or it is empty.
        """
        for tag in tags:
            if (text := (self.root.findtext(f".//{tag}") or "").strip()) != "":
                return text
        raise self.refused(f"has no <{tags[0]}>", field=tags[0])

    def number(self, *tags: str) -> float:
        """The same as a finite number."""
        return self.as_number(self.text(*tags), field=tags[0])

    def whole(self, *tags: str) -> int:
        """The same as a whole number."""
        return self.as_whole(self.text(*tags), field=tags[0])

    def moment(self, *tags: str) -> datetime:
        """The same as a UTC time, cut to the second."""
        text = self.text(*tags)
        moment = self._converted(text, datetime.fromisoformat, "an ISO 8601 time", field=tags[0])
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC).replace(microsecond=0)

    def every(self, path: str) -> list[Element]:
        """All elements at an ElementTree path below the root."""
        return self.root.findall(f".//{path}")

    def as_number(self, text: str, *, field: str) -> float:
        number = self._converted(text, float, "a number", field=field)
        if not math.isfinite(number):
            raise self.refused(f"says {field} is {text!r}, not a finite number", field=field)
        return number

    def as_whole(self, text: str, *, field: str) -> int:
        number = self.as_number(text, field=field)
        if number != round(number):
            raise self.refused(f"says {field} is {text!r}, not a whole number", field=field)
        return round(number)

    def refused(self, reason: str, *, field: str, help: str = "") -> RasterRejected:
        """A refusal that names the product and this file of it."""
        return refused(self.files, f"{self.name} {reason}", field=field, help=help)

    def _converted(
        self, text: str, convert: Callable[[str], Value], wanted: str, *, field: str
    ) -> Value:
        try:
            return convert(text)
        except ValueError as error:
            raise self.refused(f"says {field} is {text!r}, not {wanted}", field=field) from error


def metadata(files: Files, name: str) -> Metadata:
    """Parse an XML file of a product.

    Raises RasterRejected when it is missing, too large, not well-formed, or declares a document
    type: products don't, and entities are how a small file becomes a huge one.
    """
    content = files.read(name)
    try:
        root = fromstring(content, forbid_dtd=True)
    except DefusedXmlException as error:
        raise refused(files, f"{name} declares a document type or entities", field=name) from error
    except (ParseError, ValueError, LookupError) as error:
        raise refused(files, f"{name} is not well-formed XML ({error})", field=name) from error
    return Metadata(files, name, root)
