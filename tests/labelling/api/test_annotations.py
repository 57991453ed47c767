from __future__ import annotations

import uuid

from labelling.models import Annotation
from tests.factories import NOON, TileFactory
from tests.labelling.api.conftest import octets, submit


def test_a_label_comes_back_as_it_was_submitted(ana, in_hand):
    annotation = submit(ana, in_hand, octets(3)).json()

    answer = ana.get(f"/api/v1/annotations/{annotation['id']}/label")

    assert b"".join(answer.streaming_content) == octets(3)
    assert ana.get(f"/api/v1/annotations/{annotation['id']}").json() == annotation


def test_second_labels_stay_blind(ana, ben, rita, lea, max, in_hand):
    annotation = submit(ana, in_hand, octets()).json()

    for path in ("", "/label"):
        statuses = [
            client.get(f"/api/v1/annotations/{annotation['id']}{path}").status_code
            for client in (ana, ben, rita, lea, max)
        ]
        assert statuses == [200, 404, 200, 200, 404]


def test_an_imported_label_has_no_author_and_no_task(campaign, lea):
    annotation = Annotation.objects.create(
        acquisition=TileFactory(campaign=campaign).acquisition,
        schema=campaign.schema,
        n=1,
        tool="import",
        source="L8 Biome",
        raster="labels/1.tif",
        sha256="h",
        pixels={"0": 1},
        labelled_share=1,
        created=NOON,
    )

    told = lea.get(f"/api/v1/annotations/{annotation.uuid}").json()

    assert (told["author"], told["task"]) == ("", None)


def test_an_unknown_annotation_is_not_found(lea):
    assert lea.get(f"/api/v1/annotations/{uuid.uuid4()}").json()["code"] == "not_found"
