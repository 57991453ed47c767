"""What people ask for in words of their own: areas, filters, tokens; an answer, or a refusal."""

from __future__ import annotations

import math

from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from labelling.api.bearing import BearerAuthentication
from labelling.clock import now
from labelling.imagery.polygon import contains
from labelling.insights.catalogue import catalogue
from labelling.insights.filters import FILTERS
from labelling.workflow.scope import checked_rule
from labelling.workflow.tokens import Wanted, make_token
from tests.factories import CampaignFactory, TileFactory, person
from tests.labelling.faults.test_parsers import tried

few = settings(max_examples=150, deadline=None, derandomize=True, database=None)
NUMBER = st.integers() | st.floats() | st.just(10**400) | st.integers(-90, 90)
ODD = st.none() | st.booleans() | NUMBER | st.text(max_size=4)
POSITIONS = st.lists(NUMBER, min_size=2, max_size=3) | st.lists(ODD, max_size=3) | ODD
RING = st.lists(st.lists(st.integers(-80, 80), min_size=2, max_size=2), min_size=3, max_size=5).map(
    lambda ring: [*ring, ring[0]]
)
RINGS = st.lists(RING | st.lists(POSITIONS, max_size=5) | ODD, max_size=3)
AREAS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["Polygon", "MultiPolygon", "Feature", "Point", 1]),
        "coordinates": RINGS | st.lists(RINGS, max_size=2) | ODD,
    }
)
FEATURES = AREAS.map(lambda area: {"type": "Feature", "geometry": area})
RULES = st.fixed_dictionaries(
    {},
    optional={
        "polygon": AREAS
        | st.builds(lambda area: {"type": "Feature", "geometry": area}, AREAS)
        | ODD,
        "months": st.lists(ODD | st.integers(0, 13), max_size=3) | ODD,
        "land_share": ODD,
        "allow_unknown": ODD,
    },
)
WKT = "POLYGON ((0 0, 1 0, 1 1, 0 0))"


@few
@given(rule=RULES | ODD | st.dictionaries(st.text(max_size=4), ODD, max_size=2))
@example(rule={"polygon": WKT})
@example(rule={"land_share": math.nan})
@example(rule={"polygon": {"type": "Polygon", "coordinates": [[[10**400, 0]] * 4]}})
def test_a_scope_is_one_that_places_can_be_held_against_or_is_refused_by_its_entry(rule):
    checked, refused = tried(lambda: checked_rule(rule))

    if refused:
        assert refused.field.startswith("scope")
        return
    assert checked_rule(checked) == checked
    if "polygon" in checked:
        assert contains(checked["polygon"], longitude=25.0, latitude=58.0) in (True, False)


WORDS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["1e999", "nan", "-0", "²", "1_0", "0001-01-01", "9998-12-31", "cloud:0:1", "9" * 5000]
    ),
    st.lists(st.floats().map(str), min_size=3, max_size=5).map(",".join),
    st.lists(st.integers(-1, 14).map(str), max_size=4).map(",".join),
    st.dates().map(str),
    st.uuids().map(str),
)


class TestFilters(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.campaign = CampaignFactory(slug="north")
        TileFactory(campaign=cls.campaign)

    @few
    @given(
        wanted=st.dictionaries(
            st.sampled_from(sorted(FILTERS)) | st.text(max_size=4), WORDS, max_size=3
        )
    )
    @example(wanted={"since": "0001-01-01", "until": "9998-12-31"})
    @example(wanted={"bbox": "-1e308,-1e308,1e308,1e308"})
    def test_a_filter_finds_tiles_or_is_refused_by_its_name(self, wanted):
        page, refused = tried(lambda: catalogue(self.campaign, wanted=wanted))

        if refused:
            assert refused.field in wanted
        else:
            assert len(page.results) <= 1


SCHEMES = st.sampled_from([b"Bearer", b"bearer", b"Basic", b"", b"Bearer\x00"])


class TestTokens(TestCase):
    @classmethod
    def setUpTestData(cls):
        campaign = CampaignFactory(slug="north")
        lead = person("lea", campaign=campaign, role="lead")
        _, cls.secret = make_token(Wanted(campaign, lead, "a", 1), by=lead, now=now())

    @few
    @given(header=st.data())
    def test_only_the_whole_token_signs_anybody_in(self, header):
        cut = self.secret[: header.draw(st.integers(0, len(self.secret)))].encode()
        tail = header.draw(st.just(b"") | st.binary(max_size=6))
        said = header.draw(SCHEMES) + header.draw(st.sampled_from([b" ", b"  ", b""])) + cut + tail

        user, refused = signed_in_by(said)

        words = said.split()
        whole = len(words) == 2 and words[0].lower() == b"bearer"
        assert (user is not None) == (whole and words[1] == self.secret.encode())
        assert refused == (words[:1] != [] and words[0].lower() == b"bearer" and user is None)


def signed_in_by(header: bytes) -> tuple[object, bool]:
    """(who is signed in by the header, whether it was refused)."""
    request = Request(APIRequestFactory().get("/", HTTP_AUTHORIZATION=header.decode("latin-1")))
    try:
        found = BearerAuthentication().authenticate(request)
    except AuthenticationFailed:
        return None, True
    return found and found[0], False
