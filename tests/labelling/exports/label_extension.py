"""What the STAC label extension 1.0.1 and the projection extension ask of an item, in our words.

pystac ships the schemas of STAC itself and fetches those of extensions; tests have no network. The
exports were held against the official schemas once, by hand (docs/decisions/0027).
"""

from __future__ import annotations

from pystac.validation.stac_validator import JsonSchemaSTACValidator

from labelling.imagery.exports.stac_items import LABEL, PROJECTION

DRAFT = "http://json-schema.org/draft-07/schema#"
TEXT, TEXTS = {"type": "string", "minLength": 1}, {"type": "array", "items": {"type": "string"}}
CLASSES = {
    "type": "object",
    "required": ["name", "classes"],
    "properties": {"name": {"type": "null"}, "classes": TEXTS},
}
COUNTS = {
    "type": "object",
    "required": ["name", "count"],
    "properties": {"name": TEXT, "count": {"type": "integer"}},
}
LABEL_SCHEMA = {
    "$schema": DRAFT,
    "type": "object",
    "properties": {
        "stac_extensions": {"type": "array", "contains": {"const": LABEL}},
        "properties": {
            "type": "object",
            "required": ["label:properties", "label:description", "label:type"],
            "properties": {
                "label:properties": {"type": "null"},  # of a raster
                "label:description": TEXT,
                "label:type": {"const": "raster"},
                "label:classes": {"type": "array", "items": CLASSES},
                "label:tasks": TEXTS,
                "label:methods": TEXTS,
                "label:overviews": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"counts": {"type": "array", "items": COUNTS}},
                    },
                },
            },
        },
    },
}
NUMBERS = {"type": "array", "items": {"type": "number"}, "minItems": 6, "maxItems": 9}
PROJECTION_SCHEMA = {
    "$schema": DRAFT,
    "type": "object",
    "properties": {
        "stac_extensions": {"type": "array", "contains": {"const": PROJECTION}},
        "assets": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": {
                    "proj:code": {"type": "string", "pattern": "^[A-Z]+:\\d+$"},
                    "proj:shape": {"type": "array", "minItems": 2, "maxItems": 2},
                    "proj:transform": NUMBERS,
                },
            },
        },
    },
}


def validator() -> JsonSchemaSTACValidator:
    """pystac's own, which needs no network for what we export."""
    made = JsonSchemaSTACValidator()
    made.schema_cache |= {LABEL: LABEL_SCHEMA, PROJECTION: PROJECTION_SCHEMA}
    return made
