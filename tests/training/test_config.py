import dataclasses
import json

import pytest

from training.config import FitConfig, read_config
from training.errors import BadConfig


def test_file_then_settings_then_seed_decide(tmp_path):
    path = tmp_path / "fit.json"
    path.write_text(json.dumps({"width": 8, "steps": 10, "seed": 1}))

    config = read_config(path, ["steps=20", "precision=bf16", "augment=false"], seed=7)

    assert (config.width, config.steps, config.seed) == (8, 20, 7)
    assert (config.precision, config.augment) == ("bf16", False)


@pytest.mark.parametrize(
    ("setting", "field", "says"),
    [
        ("widht=8", "widht", "no setting"),
        ("width=0", "width", "between 1 and 256"),
        ("width=wide", "width", "of type int"),
        ("width=true", "width", "of type int"),
        ("ema=1", "ema", "between 0 and"),
        ("precision=fp8", "precision", "auto, bf16, fp32"),
        ("crop=100", "crop", "multiple of 2**depth = 16"),
        ("learning_rate=nan", "learning_rate", "of type float"),
        ("steps", "steps", "key=value"),
    ],
)
def test_a_wrong_setting_is_named(setting, field, says):
    with pytest.raises(BadConfig, match=says.replace("*", r"\*")) as refusal:
        read_config(None, [setting], seed=None)

    assert refusal.value.field == field


def test_a_config_file_that_is_no_object_is_named(tmp_path):
    path = tmp_path / "fit.json"
    path.write_text("[1, 2]")

    with pytest.raises(BadConfig, match="JSON object") as refusal:
        read_config(path, [], seed=None)

    assert refusal.value.field == str(path)


def test_not_a_number_is_no_learning_rate():
    with pytest.raises(BadConfig, match="learning_rate"):
        FitConfig(learning_rate=float("nan"))


def test_every_default_keeps_its_own_rule():
    config = FitConfig()

    assert FitConfig(**config.as_json()) == config
    assert {field.name for field in dataclasses.fields(FitConfig)} == set(config.as_json())
