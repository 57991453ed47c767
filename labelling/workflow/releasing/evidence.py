"""What is known of a release's model: its card, how it was judged, whether the test was opened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from labelling.errors import BadInput, NotFound
from labelling.models import Campaign, Evaluation, Model, Snapshot

SHORTEST = 8


@dataclass(frozen=True)
class Evidence:
    """The newest evaluations from before a release was made; None: there was none."""

    comparison: Evaluation | None
    promotion: Evaluation | None
    test: Evaluation | None

    def files(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """(name, content) of a JSON file each."""
        for each in (self.comparison, self.promotion, self.test):
            if each is not None:
                yield f"evaluations/{each.kind}.json", told(each)


def told(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "kind": evaluation.kind,
        "split": evaluation.split,
        "why": evaluation.why,
        "snapshot": evaluation.snapshot.hash if evaluation.snapshot else None,
        "model": evaluation.model.hash if evaluation.model else None,
        "created": evaluation.created.isoformat(),
        "report": evaluation.report,
    }


def evidence_of(snapshot: Snapshot, model: Model | None, *, before: datetime) -> Evidence:
    """Three queries."""
    made = (
        Evaluation.objects.filter(campaign=snapshot.campaign, created__lte=before)
        .select_related("snapshot", "model")
        .order_by("-created", "-pk")
    )
    of_model = made.filter(Q(model=model) | Q(model=None)) if model else made
    judged = made.filter(model=model) if model else made.none()
    kinds = Evaluation.Kind
    return Evidence(
        comparison=of_model.filter(kind=kinds.COMPARISON, snapshot=snapshot).first()
        or of_model.filter(kind=kinds.COMPARISON).first(),
        promotion=judged.filter(kind=kinds.PROMOTION).first(),
        test=judged.filter(kind=kinds.TEST, snapshot=snapshot).first(),
    )


def model_named(campaign: Campaign, name: str) -> Model:
    """By its hash, the first letters of it, or `champion`. Raises NotFound, BadInput."""
    models = Model.objects.filter(campaign=campaign)
    if name == Model.State.CHAMPION:
        found = list(models.filter(state=name))
    else:
        found = list(models.filter(hash__startswith=name)[:2]) if len(name) >= SHORTEST else []
    if not found:
        raise NotFound(
            f"Campaign {campaign.slug} has no model {name!r}.",
            field="model",
            help=f"Give at least {SHORTEST} letters of its hash, or champion.",
        )
    if len(found) > 1:
        raise BadInput(f"Several models begin with {name}.", field="model", help="Give more.")
    return found[0]
