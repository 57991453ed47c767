"""What the engine refuses.

EngineError (a ValueError)
├── BadTile      probabilities, validity or pooling settings that cannot be scored
├── BadPool      arrays of a pool that do not belong together, or a pool file that cannot be read
├── BadRequest   a batch that cannot be asked for: its size, its seed, its strategy
└── BadHistory   figures of past rounds that an estimate cannot be made from
"""


class EngineError(ValueError):
    """A refusal; `field` names the argument or array at fault."""

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


class BadTile(EngineError):
    """One tile's arrays, or the pooling settings, cannot give a score."""


class BadPool(EngineError):
    """The arrays of a pool contradict each other, or its file is damaged."""


class BadRequest(EngineError):
    """No batch can answer this request."""


class BadHistory(EngineError):
    """Figures of past rounds contradict each other, or are out of range."""
