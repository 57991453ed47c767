"""Requests drawn from the OpenAPI schema, right and wrong ones, and what is wrong with answers.

An answer has a status and a content type that the schema documents for its operation, and a body
that its schema describes. Away storage or CVAT may say so anywhere.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from unittest import SkipTest
from urllib.parse import quote, urlencode

import requests
import schemathesis
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from rest_framework.test import APIClient
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.core import NOT_SET
from schemathesis.core.failures import Failure
from schemathesis.core.failures import FailureGroup as Failures
from schemathesis.core.transport import Response
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.labelling.api.conftest import octets, signed_in
from tests.labelling.security.who_may import (
    ANA,
    LEAD,
    OUTSIDER,
    REVIEWER,
    SERVICE,
    STRANGER,
)
from tests.labelling.security.world import HASH, World

SCHEMA = Path(__file__).parents[3] / "frontend" / "openapi.yaml"
EXAMPLES = int(os.environ.get("WORKBENCH_API_EXAMPLES") or 3)
"""Drawn for each operation, right and wrong each; each is asked by the lead and by one other."""
OTHERS = (ANA, REVIEWER, SERVICE, OUTSIDER, STRANGER)
OCTETS = "application/octet-stream"
KNOWN_QUERY = {"campaign": "north", "to": HASH, "schema_version": "1", "version": "0"}
AWAY = ("storage_away", "cvat_away")
BROKEN = (b"{", b"\xff\xfe", b'{"a": NaN}', b"[" * 5_000, b'"\\ud800"', b'{"a": "\\u0000"}', b"")

ODD_WORDS = ("9" * 400, "9" * 5000, "1e999", "-1", "²", "nan", "", "😀" * 99, "1,2", "%")
ODD = (10**400, 2**63, -(2**63) - 1, 1e308, -0.0, "\x00", "\ud800", "9" * 5000, "²", [[]], {"": {}})


@dataclass
class Asked:
    """One request, as it goes out."""

    method: str
    address: str
    headers: dict[str, str]
    body: bytes
    kind: str

    def __str__(self) -> str:
        body = self.body if len(self.body) < 300 else self.body[:300] + b"..."
        return f"{self.method} {self.address} {self.headers} {self.kind} {body!r}"


@dataclass
class Told:
    """What came of asking an operation."""

    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


@cache
def operations() -> dict[str, APIOperation]:
    """{"GET /api/v1/…": operation}, all of the schema."""
    load_all_checks()
    found = schemathesis.openapi.from_path(SCHEMA).get_all_operations()
    return {f"{each.method.upper()} {each.path}": each for each in (one.ok() for one in found)}


def reading(name: str) -> bool:
    return name.startswith("GET ")


def answered(told: dict[str, Told]) -> list[str]:
    """The operations that did, once at least, what they were asked for."""
    return [name for name, each in told.items() if any(status < 400 for status in each.statuses)]


def ask_all(names: list[str], here: World) -> dict[str, Told]:
    """Every operation named, asked with what is drawn for it by several callers."""
    clients = {who: signed_in(here.people[who]) for who in (LEAD, *OTHERS) if who != STRANGER}
    clients[STRANGER] = APIClient()
    for client in clients.values():
        client.raise_request_exception = False
    return {name: ask_one(operations()[name], here, clients) for name in names}


def ask_one(operation: APIOperation, here: World, clients: dict[str, APIClient]) -> Told:
    told = Told()
    for mode in GenerationMode:
        wrong = mode is not GenerationMode.POSITIVE
        try:
            drawing(operation.as_strategy(generation_mode=mode), here, clients, told, wrong=wrong)
        except (Unsatisfiable, SkipTest):
            continue  # nothing of the operation can be wrong: it takes nothing
    return told


def drawing(
    cases: st.SearchStrategy[Any],
    here: World,
    clients: dict[str, APIClient],
    told: Told,
    *,
    wrong: bool,
) -> None:
    """Ask for EXAMPLES of the cases; what comes of it goes into `told`."""

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, data=st.data())
    def each(case: Any, data: st.DataObject) -> None:
        asked = request_of(case, here, data.draw(st.randoms(use_true_random=True)), wrong=wrong)
        for who in (LEAD, data.draw(st.sampled_from(OTHERS))):
            answer = answer_to(asked, clients[who])
            told.statuses[answer.status_code] += 1
            told.faults += [f"{asked} by {who}: {fault}" for fault in faults_of(case, answer)]

    each()


def request_of(case: Any, here: World, dice: Any, *, wrong: bool) -> Asked:
    """The case with names that exist in most places: of drawn names alone nothing gets far."""
    known = here.address(case.operation.path)
    drawn = quote(case.formatted_path, safe="/%")
    query = {name: value for name, value in (case.query or {}).items() if dice.random() < 0.9}
    declared = {each.name for each in case.operation.query}
    query |= {
        name: value
        for name, value in KNOWN_QUERY.items()
        if name in declared and dice.random() < 0.7
    }
    if wrong and query and dice.random() < 0.3:
        query[dice.choice(sorted(query))] = dice.choice(ODD_WORDS)
    words = urlencode({name: _word(value) for name, value in query.items()}, doseq=True)
    address = drawn if wrong and dice.random() < 0.3 else known
    key = (case.headers or {}).get("Idempotency-Key")
    body, kind = body_of(case, dice, wrong=wrong)
    return Asked(
        case.operation.method.upper(),
        f"{address}?{words}" if words else address,
        {"Idempotency-Key": key} if key and dice.random() < 0.3 else {},
        body,
        kind,
    )


def body_of(case: Any, dice: Any, *, wrong: bool) -> tuple[bytes, str]:
    if case.operation.method.upper() == "GET":
        return b"", ""
    kind = case.media_type or "application/json"
    if wrong and dice.random() < 0.25:
        return dice.choice(BROKEN), kind
    if wrong and dice.random() < 0.1:
        return b"<a/>", dice.choice(("text/xml", "", "x"))
    if kind == OCTETS and dice.random() < 0.5:
        return octets(), kind
    if isinstance(case.body, bytes):
        return case.body, kind
    if case.body is NOT_SET:
        return b"{}", kind
    body = deepcopy(case.body)
    if wrong and dice.random() < 0.4:
        body = with_odd(body, dice)
    return json.dumps(body).encode(), kind


def with_odd(body: Any, dice: Any) -> Any:
    """The body with something in the place of one of its values that JSON can write, and that no
    column and no float can hold."""
    place = body
    while place and isinstance(place, dict | list):
        at = dice.choice(sorted(place) if isinstance(place, dict) else range(len(place)))
        inner = place[at]
        if not (inner and isinstance(inner, dict | list)) or dice.random() < 0.3:
            place[at] = dice.choice(ODD)
            return body
        place = inner
    return dice.choice(ODD)


def answer_to(asked: Asked, client: APIClient) -> Any:
    """What the client is told; whatever the request did is undone."""
    headers = {
        f"HTTP_{name.upper().replace('-', '_')}": value for name, value in asked.headers.items()
    }
    with transaction.atomic():
        answer = client.generic(asked.method, asked.address, asked.body, asked.kind, **headers)
        if answer.streaming:
            answer.drawn = answer.getvalue()
        transaction.set_rollback(True)
    return answer


def faults_of(case: Any, answer: Any) -> Iterator[str]:
    """What is wrong with the answer, by the schema."""
    content = answer.drawn if answer.streaming else answer.content
    if answer.status_code == 503 and json.loads(content)["code"] in AWAY:
        return
    checks = [status_code_conformance]
    if answer.status_code not in (204, 304):
        checks += [content_type_conformance, response_schema_conformance]
    sent = requests.Request("GET", "http://testserver/").prepare()
    told = Response(
        status_code=answer.status_code,
        headers={name: [value] for name, value in answer.items()},
        content=content,
        request=sent,
        elapsed=0.0,
        verify=False,
    )
    for check in checks:
        try:
            case.validate_response(told, checks=[check])
        except (Failure, Failures) as failure:
            reasons = getattr(failure, "exceptions", [failure])
            yield from (f"{reason.title}: {reason.message}"[:600] for reason in reasons)
    if answer.status_code == 500:
        yield f"server error: {content[:300]!r}"


def _word(value: Any) -> Any:
    return [str(each) for each in value] if isinstance(value, list) else str(value)
