"""Whose mistakes a model makes."""

import numpy as np
import pytest

from training.errors import BadEvidence
from training.evaluation.inheritance import Rule, repeated_share, righted_share
from training.evaluation.scheme import Scheme
from training.snapshot import Class

SCHEME = Scheme.of([Class(0, "clear"), Class(1, "cloud"), Class(2, "thin"), Class(3, "shadow")])
CLEAR, CLOUD, THIN, SHADOW, NONE = 0, 1, 2, 3, 255


def row(*codes):
    return np.array([codes], dtype=np.uint8)


def test_an_error_is_repeated_only_by_saying_the_very_same():
    rule = Rule.of(SCHEME, [CLEAR, CLOUD, THIN, SHADOW])
    truth = row(CLOUD, CLOUD, CLOUD, CLOUD, CLOUD, SHADOW)
    mask = row(CLEAR, CLEAR, CLEAR, CLOUD, CLOUD, CLEAR)
    said = row(CLEAR, CLOUD, SHADOW, CLEAR, CLOUD, CLEAR)

    counts = rule.counts(truth, mask, said)

    # Of three clouds missed by the mask one is missed alike, one is found, one gets a third name;
    # the model's own mistake on the fourth is nobody's legacy, nor is it one to be right together.
    assert repeated_share(counts)[[CLOUD, SHADOW]].tolist() == pytest.approx([1 / 3, 1])
    assert righted_share(counts)[[CLOUD, SHADOW]].tolist() == pytest.approx([1 / 3, 0])
    assert repeated_share(counts)[-1] == pytest.approx(2 / 4)
    assert np.isnan(repeated_share(counts)[CLEAR])


def test_where_truth_mask_or_model_say_nothing_nothing_is_counted():
    rule = Rule.of(SCHEME, [CLEAR, CLOUD])
    counts = rule.counts(row(NONE, CLOUD, CLOUD), row(CLEAR, NONE, CLEAR), row(CLEAR, CLEAR, NONE))

    assert counts.sum() == 0


def test_a_class_that_the_mask_lacks_is_no_mistake():
    rule = Rule.of(SCHEME, [CLEAR, CLOUD])
    truth, mask, said = row(THIN, SHADOW, THIN), row(CLOUD, CLEAR, CLEAR), row(CLEAR, CLEAR, CLEAR)

    counts = rule.counts(truth, mask, said)

    assert rule.collapse.merged.names == ("clear", "cloud")
    assert counts[..., 0].sum() == 1, "only the thin cloud called clear"
    assert repeated_share(counts)[1] == 1


def test_a_mask_without_a_class_of_the_campaign_is_refused():
    with pytest.raises(BadEvidence, match="None of the classes"):
        Rule.of(Scheme.of([Class(7, "wheat")]), [CLEAR, CLOUD])
