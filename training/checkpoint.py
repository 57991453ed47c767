"""A trained model as two files: weights.safetensors, and card.json that says what they are.

The card is written last and holds the hash of the weights: where it is, the model is whole.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from training.errors import BadModel
from training.features.layout import Layout, read_layout
from training.features.sets import parse
from training.files import canonical, sha256, write_whole
from training.snapshot import Class
from training.survey import Normalisation
from training.unet import UNet, UNetConfig

FORMAT = "cloudmask-model/1"
FEATURES = "features"
WEIGHTS, CARD = "weights.safetensors", "card.json"

State = dict[str, Tensor]


@dataclass(frozen=True)
class Card:
    """What predicting needs of card.json; `content` is all of it."""

    network: UNetConfig
    bands: tuple[str, ...]
    classes: tuple[Class, ...]
    normalisation: Normalisation
    layout: Layout
    """What the network sees."""
    temperatures: tuple[float, ...]
    """One a member, > 0: logits are divided by it."""
    content: Mapping[str, Any]

    @property
    def hash(self) -> str:
        return str(self.content["card_sha256"])

    @property
    def class_names(self) -> list[str]:
        return [one.name for one in self.classes]


def write_model(folder: Path, states: Sequence[State], content: Mapping[str, Any]) -> Card:
    """Weights of all members beside-then-rename, then the card. Raises OSError."""
    octets = pack(states, features=content.get("features", {}).get("set"))
    write_whole(folder / WEIGHTS, octets)
    card = {
        "format": FORMAT,
        "weights": {"file": WEIGHTS, "sha256": sha256(octets), "bytes": len(octets)},
        **content,
    }
    card["card_sha256"] = sha256(canonical(card))
    text = json.dumps(card, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_whole(folder / CARD, text.encode())
    return read_card(folder)


def read_model(folder: Path) -> tuple[Card, list[State]]:
    """Raises BadModel naming the file that is missing, damaged or of another model."""
    card = read_card(folder)
    path = folder / WEIGHTS
    octets = _octets(path)
    if sha256(octets) != card.content["weights"]["sha256"]:
        raise BadModel(
            f"{path} is damaged or of another model: its hash is not the card's.", field=str(path)
        )
    states = unpack(octets, str(path))
    if len(states) != len(card.temperatures):
        raise BadModel(
            f"{path} holds {len(states)} members, the card {len(card.temperatures)}.",
            field=str(path),
        )
    for state in states:
        check_fits(state, card.network, str(path))
    return card, states


def read_card(folder: Path) -> Card:
    """Raises BadModel where the card is missing, altered or lacks a key."""
    path = folder / CARD
    try:
        content = json.loads(_octets(path))
        claimed = content.pop("card_sha256")
        bands = tuple(content["bands"])
        genuine = sha256(canonical(content)) == claimed and content["format"] == FORMAT
        content["card_sha256"] = claimed
        card = Card(
            network=UNetConfig(**content["network"]),
            bands=bands,
            classes=tuple(Class(one["code"], one["name"]) for one in content["classes"]),
            normalisation=Normalisation(
                tuple(content["normalisation"]["mean"]),
                tuple(content["normalisation"]["deviation"]),
            ),
            layout=read_layout(content.get("features"), bands),
            temperatures=tuple(content["temperatures"]),
            content=content,
        )
    except (ValueError, TypeError, KeyError, AttributeError) as problem:
        raise BadModel(f"{path} is no card of a model: {problem!r}.", field=str(path)) from None
    if not genuine:
        raise BadModel(f"{path} was altered: its hash is not the one it states.", field=str(path))
    if card.network.bands != card.layout.size(len(bands)):
        raise BadModel(
            f"{path} tells of {card.layout.size(len(bands))} channels, its network takes "
            f"{card.network.bands}.",
            field=str(path),
        )
    return card


def describe_network(config: UNetConfig) -> dict[str, Any]:
    return asdict(config)


def pack(states: Sequence[State], *, features: str | None = None) -> bytes:
    """One safetensors file; member m's tensors are named `member<m>.…`.

    `features`: the set that the networks see; kept in the file's header.
    """
    return safetensors.torch.save(
        {
            f"member{member}.{name}": tensor.detach().cpu().contiguous()
            for member, state in enumerate(states)
            for name, tensor in state.items()
        },
        metadata=None if features is None else {FEATURES: features},
    )


def unpack(octets: bytes, name: str) -> list[State]:
    """The inverse of `pack`. Raises BadModel naming `name`."""
    try:
        tensors = safetensors.torch.load(octets)
    except SafetensorError as problem:
        raise BadModel(f"{name} is no safetensors file: {problem}.", field=name) from None
    states: dict[str, State] = {}
    for key, tensor in tensors.items():
        member, _, rest = key.partition(".")
        states.setdefault(member, {})[rest] = tensor
    members = [f"member{number}" for number in range(len(states))]
    if not members or set(members) != set(states):
        raise BadModel(f"{name} must name its tensors member0.…, member1.…", field=name)
    return [states[member] for member in members]


def read_weights(path: Path, *, features: str | None = None) -> list[State]:
    """Weights alone, without a card.

    Raises BadModel, also where the file says that its networks see another feature set than
    `features`: channels of one number may mean different things.
    """
    octets = _octets(path)
    states = unpack(octets, str(path))
    theirs = _features_of(octets)
    if features is not None and theirs is not None and parse(theirs) != parse(features):
        raise BadModel(
            f"{path} was trained on the features {theirs}, this run is to see "
            f"{parse(features).text}: set features to the same, or start without these weights.",
            field=str(path),
        )
    return states


def _features_of(octets: bytes) -> str | None:
    """What the header of a safetensors file, already unpacked, says of features; None: nothing."""
    length = int.from_bytes(octets[:8], "little")
    told = json.loads(octets[8 : 8 + length]).get("__metadata__", {}).get(FEATURES)
    return None if told is None else str(told)


def check_fits(state: State, network: UNetConfig, name: str) -> None:
    """Raises BadModel naming the first tensor that this network does not have so, or that holds a
    value which is no number."""
    wanted = {key: tuple(tensor.shape) for key, tensor in UNet(network).state_dict().items()}
    given = {key: tuple(tensor.shape) for key, tensor in state.items()}
    for key in sorted(wanted.keys() | given.keys()):
        if wanted.get(key) != given.get(key):
            raise BadModel(
                f"{name}: tensor {key} has shape {given.get(key)}, the network wants "
                f"{wanted.get(key)} ({network}).",
                field=name,
            )
        if not torch.isfinite(state[key]).all():
            raise BadModel(
                f"{name}: tensor {key} holds values that are not finite: the training that made "
                "it went wrong. Take another model.",
                field=name,
            )


def _octets(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise BadModel(f"{path} cannot be read: {problem.strerror}.", field=str(path)) from None
