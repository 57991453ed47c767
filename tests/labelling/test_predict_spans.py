"""How windows cover a length: every rule that the joining of their masks rests on."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelling.compute.predicting.spans import check, settled, spans
from labelling.errors import BadInput


@st.composite
def cuttings(draw):
    """(length, size, overlap, step) that `check` lets through."""
    step = 2 ** draw(st.integers(1, 5))
    size = step * draw(st.integers(8, 20))
    overlap = 4 * draw(st.integers(1, size // 16))
    return draw(st.integers(1, 8 * size)), size, overlap, step


@settings(max_examples=150, deadline=None)
@given(cuttings())
def test_windows_cover_all_and_their_weights_add_up_to_one(cutting):
    length, size, overlap, step = cutting
    check(size=size, overlap=overlap, step=step)
    covered = spans(length, size=size, overlap=overlap, step=step)

    total = np.zeros(length)
    for span in covered:
        assert span.start % step == 0
        assert min(size, length) - step < span.length <= size
        total[span.first : span.last] += span.weights
    np.testing.assert_allclose(total, 1, atol=1e-6)


@settings(max_examples=150, deadline=None)
@given(cuttings())
def test_what_a_window_knows_least_of_does_not_count(cutting):
    length, size, overlap, step = cutting
    covered = spans(length, size=size, overlap=overlap, step=step)

    assert (covered[0].first, covered[-1].last) == (0, length)
    for one, other in pairwise(covered):
        assert one.start + one.length - other.start >= overlap
        assert other.first - other.start >= overlap // 4
        assert one.start + one.length - one.last >= overlap // 4
        # Rows are final once the next window begins to count: no third one may reach back.
        assert one.last - other.first == overlap // 2 <= len(other.weights)
    ends = settled(covered)
    assert [begin for begin, _ in ends] == [0, *(end for _, end in ends[:-1])]
    assert ends[-1][1] == length


@pytest.mark.parametrize(
    ("size", "overlap", "field"),
    [(1000, 128, "window"), (64, 16, "window"), (1024, 0, "overlap"), (1024, 260, "overlap")],
)
def test_windows_that_cannot_be_joined_are_refused_by_setting(size, overlap, field):
    with pytest.raises(BadInput) as refused:
        check(size=size, overlap=overlap, step=16)

    assert refused.value.field == field
