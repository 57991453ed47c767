"""Whether a snapshot holds the planes that a feature set asks for, and how large they are."""

from collections.abc import Sequence

from training.errors import BadChip, BadSnapshot
from training.features.layout import Layout, layout_of
from training.features.sets import FeatureSet
from training.planes import Planes, complaint, whole
from training.snapshot import Sample, Snapshot


def layout_for(features: FeatureSet, snapshot: Snapshot, samples: Sequence[Sample]) -> Layout:
    """The set's channels on these samples, not yet normalised.

    Raises BadConfig where an index needs a band that the snapshot lacks, BadSnapshot where no
    sample has a plane that the set asks for: a network would meet it first when it is used.
    """
    check_held(features, samples)
    extra = [_planes_of(f"extra:{name}", snapshot, samples) for name in features.extra]
    return layout_of(features, snapshot.bands, extra)


def check_held(features: FeatureSet, samples: Sequence[Sample]) -> None:
    """Raises BadSnapshot naming the first plane of the set that none of the samples has."""
    for name in features.planes:
        if not any(has(sample, name) for sample in samples):
            raise BadSnapshot(
                f"The features are {features.text}, but no sample of the snapshot has {name}: "
                "bring it in and freeze the labels again, or leave it out of features.",
                field=name,
            )


def has(sample: Sample, name: str) -> bool:
    return sample.sun is not None if name == "sun" else name in sample.planes


def checked_planes(snapshot: Snapshot, sample: Sample, layout: Layout) -> Planes:
    """A sample's planes, blank where it has none. Raises BadChip where one can't be used."""
    side = (snapshot.tile_size, snapshot.tile_size)
    planes = snapshot.read_planes(sample, layout.features.planes)
    for name, plane in planes.items():
        if plane is not None and (wrong := complaint(name, plane, layout, side)):
            raise BadChip(f"{sample.key}: {wrong}.", field=sample.planes.get(name, name))
    return whole(planes, layout, side)


def _planes_of(name: str, snapshot: Snapshot, samples: Sequence[Sample]) -> int:
    """How many planes an extra raster has, by the first sample that has it."""
    first = next(sample for sample in samples if name in sample.planes)
    plane = snapshot.read_planes(first, [name])[name]
    assert plane is not None
    return len(plane)
