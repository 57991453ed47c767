"""Everything `training` refuses, as one tree.

Refusal
├── BadConfig            a setting's name or value                 (usage: exit status 2)
├── BadSnapshot          manifest.json does not keep its contract
│   ├── EmptySnapshot    no sample at all, or none in the split asked for
│   ├── MissingChip      a chip named by the manifest is not on disk
│   ├── BadChip          a chip of another dtype, shape or content
│   └── UnknownLabel     a label code that is no class of the campaign
├── NothingToLearn       fewer than two classes labelled in the pool
├── Diverged             the loss is no number any more
├── BadCheckpoint        a checkpoint that cannot be read, or that belongs to another run
├── BadModel             weights or card missing, damaged or not of each other
├── BadTile              an array that the model cannot take
├── BadEvidence          masks that were not judged on the same scenes and pixels
├── Interrupted          it was asked to end, and can be gone on with
├── RankLost             another process of the same fit has ended
├── OutOfMemory          the machine gave no more memory
├── DiskFull             the disk took no more bytes
└── Unforeseen           a fault of this program; its traceback is on standard error
"""


class Refusal(Exception):
    """Something was refused; `field` names the file, key or argument to look at."""

    code = "refused"

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class BadConfig(Refusal):
    code = "bad_config"


class BadSnapshot(Refusal):
    code = "bad_snapshot"


class EmptySnapshot(BadSnapshot):
    code = "empty_snapshot"


class MissingChip(BadSnapshot):
    code = "missing_chip"


class BadChip(BadSnapshot):
    code = "bad_chip"


class UnknownLabel(BadSnapshot):
    code = "unknown_label"


class NothingToLearn(Refusal):
    code = "nothing_to_learn"


class Diverged(Refusal):
    code = "diverged"


class BadCheckpoint(Refusal):
    code = "bad_checkpoint"


class BadModel(Refusal):
    code = "bad_model"


class BadTile(Refusal):
    code = "bad_tile"


class BadEvidence(Refusal):
    code = "bad_evidence"


class Interrupted(Refusal):
    code = "interrupted"


class RankLost(Refusal):
    code = "rank_lost"


class OutOfMemory(Refusal):
    code = "out_of_memory"


class DiskFull(Refusal):
    code = "disk_full"


class Unforeseen(Refusal):
    code = "unforeseen"
