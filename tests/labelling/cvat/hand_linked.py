"""A campaign on the fake server, linked by hand: what is pushed and connected elsewhere is put
there as rows, so that these tests are about the way back alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
from django.contrib.auth.models import User

from labelling.adapters.cvat.client import Cvat
from labelling.adapters.cvat.door import open_door
from labelling.imagery.drawings.masks import encode
from labelling.models import Campaign, CvatBatch, CvatJob, CvatLink, CvatUser, Task
from labelling.workflow.claims import claim_next
from labelling.workflow.cvat.dealing import Pulled
from labelling.workflow.cvat.errands import run_errands
from labelling.workflow.cvat.labels import wishes
from labelling.workflow.cvat.pulling import pull
from tests.contract.fake import Server
from tests.contract.fake.state import Image, Job, Label, Project
from tests.contract.fake.state import Task as FakeTask
from tests.factories import NOON, TaskFactory, rank

SIDE = 256


@dataclass
class Linked:
    campaign: Campaign
    server: Server
    link: CvatLink
    people: dict[int, int] = field(default_factory=dict)
    """{our id: theirs}."""

    @property
    def cvat(self) -> Cvat:
        return open_door(CvatLink.objects.select_related("campaign__schema").get(pk=self.link.pk))

    def tiles(self, count: int, person: User | None = None) -> list[CvatJob]:
        """Ranked tasks that are on the server as one task; the first is in `person`'s hands."""
        tasks = [TaskFactory(campaign=self.campaign) for _ in range(count)]
        rank(self.campaign, *tasks)
        batch = CvatBatch.objects.create(link=self.link, created=NOON)
        remote = self._task(batch.name, [f"{task.uuid}.png" for task in tasks])
        CvatBatch.objects.filter(pk=batch.pk).update(remote=remote.id, state="ready")
        rows = [
            CvatJob.objects.create(
                batch=batch, task=task, frame_name=f"{task.uuid}.png", remote=job.id,
                frame=job.frame, stage=job.stage, state=job.state, updated=job.updated,
                fetched=job.updated,
            )
            for task, job in zip(tasks, self.server.state.jobs_of(remote.id))
        ]  # fmt: skip
        if person:
            self.claim(person)
        return [CvatJob.objects.get(pk=row.pk) for row in rows]

    def claim(self, person: User) -> CvatJob:
        """The person's next tile, assigned there."""
        task = claim_next(campaign=self.campaign, person=person, now=NOON).task
        row = CvatJob.objects.get(task=task)
        job = self.server.state.jobs[row.remote]
        job.assignee, job.updated = self.people[person.pk], self.server.state.now()
        CvatJob.objects.filter(pk=row.pk).update(assignee=person)
        return CvatJob.objects.select_related("task").get(pk=row.pk)

    def draw(self, row: CvatJob, *shapes: dict, state: str = "completed") -> None:
        """Whoever has the job replaces its shapes, and sets its state."""
        there = self.server.state
        with there.lock:
            job = there.jobs[row.remote]
            frame = {"frame": row.frame, "z_order": 0, "rotation": 0.0, "source": "manual"}
            drawn = [{"id": there.number("shape"), **frame, **shape} for shape in shapes]
            there.shapes[job.id] = drawn
            job.state = state
            there.touch_annotations(there.tasks[job.task], [job])

    def pull(self, *, whole: bool = False, cvat: Cvat | None = None) -> Pulled:
        link = CvatLink.objects.select_related("campaign__schema").get(pk=self.link.pk)
        return pull(link, cvat or self.cvat, clock=lambda: NOON + timedelta(minutes=5), whole=whole)

    def errands(self) -> None:
        """What a worker sends: people, stages and states as the queue has them."""
        link = CvatLink.objects.select_related("campaign__schema").get(pk=self.link.pk)
        run_errands(link, clock=lambda: NOON + timedelta(minutes=5), pause=lambda seconds: None)

    def label_id(self, code: int) -> int:
        return self.link.labels[str(code)]

    def mask(self, code: int, where: np.ndarray, **changes) -> dict:
        points = [float(each) for each in encode(where)]
        return {"type": "mask", "label_id": self.label_id(code), "points": points, **changes}

    def label(self, planes: np.ndarray) -> list[dict]:
        """A whole label (256, 256) as masks."""
        codes = [code for code in np.unique(planes).tolist() if code != 255]
        return [self.mask(code, planes == code) for code in codes]

    def _task(self, name: str, files: Sequence[str]) -> FakeTask:
        there = self.server.state
        images = [Image(file, SIDE, SIDE) for file in files]
        now = there.now()
        row = FakeTask(
            there.number("task"), name, self.link.project, 1, now, now,
            images=images, has_data=True,
        )  # fmt: skip
        there.tasks[row.id] = row
        for frame in range(len(images)):
            id = there.number("job")
            there.jobs[id] = Job(id, row.id, frame, 1, there.now(), there.now())
        return row


def linked(campaign: Campaign, server: Server, settings, *people: User) -> Linked:
    settings.CVAT_URL, settings.CVAT_TOKEN = server.url, server.token
    there = server.state
    now = there.now()
    project = Project(there.number("project"), campaign.slug, now, now)
    there.projects[project.id] = project
    labels = {}
    for wish in wishes(campaign):
        label = Label(there.number("label"), project.id, wish.name, wish.colour, "any")
        there.labels[label.id] = label
        labels[wish.code] = label.id
    guide = labels.pop("")
    link = CvatLink.objects.create(
        campaign=campaign, url=server.url, project=project.id, labels=labels, guide_label=guide,
        created=NOON,
    )  # fmt: skip
    made = Linked(campaign, server, link)
    for person in people:
        user = there.add_user(person.username)
        CvatUser.objects.create(link=link, user=person, remote=user.id, username=user.username)
        made.people[person.pk] = user.id
    return made


def stripes(*codes: int) -> np.ndarray:
    """A label of 256² in bands of rows."""
    return np.repeat(np.array(codes, np.uint8), SIDE // len(codes))[:, None].repeat(SIDE, axis=1)


def fresh(task: Task) -> Task:
    return Task.objects.select_related("campaign__schema", "tile").get(pk=task.pk)
