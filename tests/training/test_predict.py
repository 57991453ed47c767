import numpy as np
import pytest
import torch

from tests.training.snapshots import CLASSES, paint
from training.errors import BadTile
from training.planes import Tile
from training.predict import Ensemble, predict_codes
from training.snapshot import Class
from training.survey import Normalisation
from training.unet import UNet, UNetConfig, folded, pixelwise

NORMALISATION = Normalisation(mean=(40.0, 45.0, 50.0), deviation=(20.0, 20.0, 25.0))


def ensemble_of(members=1, temperatures=None, *, dtype=torch.float32):
    networks = []
    for seed in range(members):
        torch.manual_seed(seed)
        net = UNet(UNetConfig(bands=3, classes=4, width=4, depth=2, dropout=0.5)).eval()
        networks.append(pixelwise(folded(net).to(dtype)))
    return Ensemble(
        networks,
        normalisation=NORMALISATION,
        temperatures=temperatures or [1.0] * members,
        classes=[Class(*one) for one in CLASSES],
    )


def one(stream):
    (found,) = list(stream)
    return found


def test_a_tile_gives_probabilities_of_every_member_and_one_embedding():
    ensemble = ensemble_of(members=2)
    tile, _ = paint(0)

    probabilities, embedding = one(ensemble.stream([tile]))

    assert probabilities.shape == (2, 4, 64, 64)
    assert probabilities.dtype == torch.float32
    assert torch.allclose(probabilities.sum(dim=1), torch.ones(2, 64, 64), atol=1e-5)
    assert embedding.shape == (ensemble.embedding_size,)
    assert np.isfinite(embedding).all()


def test_tiles_come_one_by_one():
    asked = []

    def tiles():
        for seed in range(3):
            asked.append(seed)
            yield paint(seed)[0]

    stream = ensemble_of().stream(tiles())
    next(stream)

    assert asked == [0]


def test_each_member_has_a_temperature_of_its_own():
    tile, _ = paint(0)
    cold, hot = ensemble_of(2), ensemble_of(2, [1.0, 3.0])

    before, after = one(cold.stream([tile]))[0], one(hot.stream([tile]))[0]

    assert torch.equal(before[0], after[0])
    expected = torch.softmax(cold.logits(tile)[1] / 3.0, dim=0)
    assert torch.allclose(after[1], expected, atol=1e-6)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (61, 50), (3, 64), (1, 1)])
def test_sides_need_not_be_multiples(height, width):
    tile = paint(0)[0][:, :height, :width]

    probabilities, embedding = one(ensemble_of().stream([tile]))

    assert probabilities.shape == (1, 4, height, width)
    assert np.isfinite(embedding).all()


def test_padding_does_not_change_what_lies_far_from_it():
    tile = paint(0, size=128)[0]
    ensemble = ensemble_of()

    whole = ensemble.logits(tile)
    narrow = ensemble.logits(np.ascontiguousarray(tile[:, :, :126]))

    assert torch.allclose(whole[..., :64], narrow[..., :64], atol=1e-4)


def test_passes_depend_on_seed_and_content_and_not_on_the_place_in_the_stream():
    ensemble = ensemble_of()
    tile, other = paint(0)[0], paint(1)[0]

    alone = one(ensemble.stream([tile], passes=4, seed=1))
    after_another = list(ensemble.stream([other, tile], passes=4, seed=1))[1]
    other_seed = one(ensemble.stream([tile], passes=4, seed=2))

    assert alone[0].shape == (4, 4, 64, 64)
    assert torch.equal(alone[0], after_another[0])
    assert (alone[1] == after_another[1]).all()
    assert not torch.equal(alone[0], other_seed[0])


def test_passes_differ_and_their_turns_are_undone():
    ensemble = ensemble_of()
    tile = np.full((3, 32, 32), 1, np.uint16)
    tile[:, 4:8, 20:28] = 9000

    passes = one(ensemble.stream([tile], passes=8))[0]

    # The bright box stands out at the same place in every pass, however the tile was turned.
    apart = (passes - passes.mean(dim=(2, 3), keepdim=True)).abs().sum(dim=1)
    inside = apart[:, 4:8, 20:28].mean(dim=(1, 2))
    assert (inside > apart.mean(dim=(1, 2))).all()
    assert not torch.equal(passes[0], passes[1])


def test_passes_leave_torchs_dice_and_the_plain_forward_alone():
    ensemble = ensemble_of()
    tile = paint(0)[0]
    before = one(ensemble.stream([tile]))[0]
    torch.manual_seed(3)
    expected = torch.rand(1)

    torch.manual_seed(3)
    list(ensemble.stream([tile], passes=2))

    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(one(ensemble.stream([tile]))[0], before)


def test_no_data_is_zero_to_the_network_and_so_is_a_missing_band():
    ensemble = ensemble_of()
    tile = paint(0)[0]
    tile[:, :10] = 0
    tile[1] = 0

    given = ensemble._input(Tile(tile, {}))

    assert (given.x[:, :, :10] == 0).all()
    assert (given.x[:, 1] == 0).all()
    assert (given.valid[:, :, :10] == 0).all()
    expected = (np.sqrt(tile[0, 10:].astype(np.float32)) - 40) / 20
    assert given.x[0, 0, 10:].numpy() == pytest.approx(expected, abs=1e-5)


def test_a_tile_that_may_not_be_written_to_is_read_all_the_same():
    tile = paint(0)[0]
    ensemble = ensemble_of()
    expected = ensemble.logits(tile)

    tile.setflags(write=False)

    assert torch.equal(ensemble.logits(tile), expected)


@pytest.mark.parametrize(
    "tile",
    [
        np.zeros((2, 64, 64), np.uint16),
        np.zeros((3, 64, 64), np.float32),
        np.zeros((64, 64), np.uint16),
        np.zeros((3, 0, 64), np.uint16),
    ],
)
def test_an_array_that_is_no_tile_is_refused_by_number(tile):
    good = paint(0)[0]

    with pytest.raises(BadTile) as refusal:
        list(ensemble_of().stream([good, tile]))

    assert refusal.value.field == "tile 1"


def test_codes_are_the_campaigns_and_255_where_there_is_no_data():
    ensemble = ensemble_of()
    ensemble.classes = (Class(0, "clear"), Class(1, "cloud"), Class(7, "ice"), Class(40, "smoke"))
    tile = paint(0)[0]
    tile[:, :5] = 0

    codes = predict_codes(ensemble, tile)

    assert codes.dtype == np.uint8
    assert (codes[:5] == 255).all()
    assert set(np.unique(codes[5:])) <= {0, 1, 7, 40}


def test_bf16_agrees_with_fp32():
    tile = paint(0)[0]

    exact = one(ensemble_of().stream([tile]))[0]
    rough = one(ensemble_of(dtype=torch.bfloat16).stream([tile]))[0]

    assert rough.dtype == torch.float32
    assert (exact - rough).abs().max() < 0.05
