"""What an experiment file may say, and what is refused before anything is trained."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelling.compute.experiment.design import READY, read_experiment
from labelling.errors import BadInput
from tests.labelling.experiment.worlds import FILE, as_json

ARMS = FILE["arm"]


def read(**changes):
    return read_experiment(as_json(**changes), "trial.json")


def test_a_file_becomes_arms_by_seeds_with_the_shared_settings_in_each():
    told = read(seeds=[3, 5])

    assert told.seeds == (3, 5)
    assert told.others == ["mask", "dark"]
    config = told.arm("mask").config(5)
    assert (config.seed, config.steps, config.features) == (5, 3, "sqrt+masks:rule")
    assert told.arm("dark").config(3).common_gain == 0


def test_another_mask_can_be_named_without_another_file():
    told = read_experiment(as_json(), "trial.json", rule_mask="scl")

    assert told.arm("mask").settings["features"] == "sqrt+masks:scl"
    assert told.rule_mask == "scl"


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"metrics": "iou"}, "metrics", "no key 'metrics'"),
        ({"title": None}, "title", "lacks the key 'title'"),
        ({"title": 3}, "title", "must be a text"),
        ({"importance": True}, "importance", "whole number"),
        ({"importance": -1}, "importance", "0 to 100"),
        ({"seeds": 1}, "seeds", "must be 2 to 1000"),
        ({"seeds": 1001}, "seeds", "must be 2 to 1000"),
        ({"seeds": [0, 2**63]}, "seed", "seed must be between"),
        ({"seeds": [1, 1]}, "seeds", "each once"),
        ({"seeds": [0, "a"]}, "seeds", "whole numbers"),
        ({"metric": "kappa"}, "metric", "no metric 'kappa'"),
        ({"metric": "iou"}, "metric", "no metric 'iou'"),
        ({"baseline": "best"}, "baseline", "no arm 'best'"),
        ({"arm": ARMS[:1]}, "arm", "at least two arms"),
        ({"arm": [*ARMS, {"name": "plain", "steps": 4}]}, "arm", "name of its own"),
        ({"arm": [*ARMS, {"name": "twin", "common_gain": 0}]}, "twin", "'dark' and 'twin'"),
        ({"arm": [*ARMS, {"name": "../x"}]}, "arm", "can't name an arm"),
        ({"arm": [*ARMS, {"steps": 4}]}, "arm", "a table with a name"),
        ({"arm": [*ARMS, {"name": "odd", "step": 4}]}, "step", "'step' is no setting"),
        ({"arm": [*ARMS, {"name": "odd", "seed": 4}]}, "seed", "'seed' is no setting"),
        ({"arm": [*ARMS, {"name": "odd", "steps": 0}]}, "steps", "Arm 'odd': steps must be"),
        ({"arm": [*ARMS, {"name": "odd", "features": "ndvi"}]}, "features", "no feature 'ndvi'"),
        ({"fit": {"widht": 4}}, "widht", "'widht' is no setting"),
        ({"rule_mask": None}, "rule_mask", "no rule_mask is named"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_its_name(changes, field, said):
    with pytest.raises(BadInput) as refused:
        read(**changes)

    assert refused.value.field == field
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.toml", b'title = "a"\ntitle = "b"', "Cannot overwrite"),
        ("a.json", b'{"title": "a", "title": "b"}', "'title' is there twice"),
        ("a.json", b"[1]", "one table"),
        ("a.json", b"\xff", "can't be read"),
        ("a.yaml", b"", "a .toml or a .json"),
    ],
)
def test_a_file_that_is_none_is_refused(name, content, said):
    with pytest.raises(BadInput, match=said):
        read_experiment(content, name)


@given(st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from([*FILE, "name", "x"]), inner, max_size=4
    ),
    max_leaves=8,
))  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_any_json_is_read_or_refused(told):
    with pytest.raises(BadInput) as refused:  # nothing so small is an experiment
        read_experiment(json.dumps(told).encode(), "any.json")

    assert refused.value.field


@pytest.mark.parametrize("path", sorted(READY.glob("*.toml")), ids=lambda path: path.stem)
def test_the_files_that_come_along_are_sound(path):
    told = read_experiment(path.read_bytes(), path.name)

    assert len(told.seeds) >= 8
    assert len(told.others) >= 2
