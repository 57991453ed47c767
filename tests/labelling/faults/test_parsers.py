"""What people and programs write is read, or refused by a name: nothing else ever comes of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import example, given, settings
from hypothesis import strategies as st

from labelling.adapters.keys import check_key
from labelling.config import env
from labelling.errors import BadInput
from labelling.workflow.cron import check_cron, next_after
from labelling.workflow.settings_table import SETTINGS, check_number

few = settings(max_examples=150, deadline=None, derandomize=True, database=None)
START = datetime(2026, 6, 1, tzinfo=UTC)
CRON_WORDS = (
    "*",
    "*/5",
    "*/0",
    "0",
    "59",
    "60",
    "1-5",
    "5-1",
    "1,2",
    "mon",
    "L",
    "-",
    "/",
    "31",
    "²",
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


def tried(read: Callable[[], Any]) -> tuple[Any, Any]:
    """(what was read, None), or (None, the refusal)."""
    try:
        return read(), None
    except (BadInput, ImproperlyConfigured) as refused:
        return None, refused


def fields_of_cron() -> st.SearchStrategy[str]:
    field = st.sampled_from(CRON_WORDS) | st.from_regex(r"[0-9*/,\-]{1,6}", fullmatch=True)
    return st.lists(field, min_size=4, max_size=6).map(" ".join)


@few
@given(text=st.text(max_size=30) | fields_of_cron())
@example(text="0 0 31 2 *")
@example(text="0 0 1 1 99999999999999999999")
def test_a_rhythm_is_one_that_comes_again_or_is_refused(text):
    neat, refused = tried(lambda: check_cron(text, field="schedule.cron"))

    if refused:
        assert refused.field == "schedule.cron"
        return
    assert check_cron(neat, field="schedule.cron") == neat
    assert next_after(neat, START) > START


@few
@given(name=st.sampled_from(sorted(SETTINGS)), value=JSON)
def test_a_value_of_a_setting_is_in_its_range_or_is_refused_by_its_name(name, value):
    setting = SETTINGS[name]
    if setting.kind not in ("number", "whole") or not setting.range:
        return

    _, refused = tried(lambda: check_number(setting, value))

    if refused:
        assert refused.field == name
        return
    assert isinstance(value, int | float)
    assert not isinstance(value, bool)
    assert setting.range[0] <= value <= setting.range[1]


@few
@given(
    key=st.text(max_size=20)
    | st.lists(st.sampled_from(["a", "..", ".", "", "\\", "\x00"])).map("/".join)
)
def test_a_key_stays_inside_the_store_or_is_refused(key, tmp_path_factory):
    root = tmp_path_factory.getbasetemp()
    checked, refused = tried(lambda: check_key(key))

    if refused:
        assert refused.field == "key"
        return
    inside = (root / checked).resolve()
    assert inside.is_relative_to(root.resolve())
    assert inside != root.resolve()


READERS = {
    "flag": lambda name: env.flag(name, "False"),
    "hosts": lambda name: env.hosts(name, "localhost"),
    "moment": env.moment,
    "site": env.site,
    "origins": env.origins,
    "whole": lambda name: env.whole(name, 1, low=0, high=9),
    "number": lambda name: env.number(name, 1, low=0, high=9),
    "url": lambda name: env.url(name, "file:///tmp", ("file", "s3", "amqp")),
}
ADDRESSES = st.sampled_from(
    [
        "http://[",
        "amqp://u:a/b@h/v",
        "amqp://h:99999/",
        "s3://[::1",
        "https://h:x",
        "1e999",
        "nan",
        "٣",
        "²",
        "+1",
        "1_0",
    ]
)


@pytest.mark.parametrize("kind", READERS)
@few
@given(
    value=ADDRESSES | st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=20)
)
def test_a_setting_of_the_environment_is_read_or_refused_by_its_name(kind, value):
    with patch.dict(os.environ, FUZZED=value):
        _, refused = tried(lambda: READERS[kind]("FUZZED"))

    assert refused is None or str(refused).startswith("FUZZED")


def test_a_password_that_breaks_its_address_is_not_told(monkeypatch):
    monkeypatch.setenv("CELERY_BROKER_URL", "amqp://guest:pa/ss@host/v")

    with pytest.raises(ImproperlyConfigured, match=r"CELERY_BROKER_URL .*port") as refused:
        env.url("CELERY_BROKER_URL", "", ("amqp",))

    assert "pa/ss" not in str(refused.value)
