"""The Celery application: `celery --app labelling.config.celery worker|beat`."""

import os
from datetime import timedelta

from celery import Celery
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labelling.config.settings")

from django.conf import settings

from labelling.enqueue import QUEUES, Job

app = Celery("labelling", broker=settings.CELERY_BROKER_URL, set_as_current=True)
app.conf.update(
    include=["labelling.tasks"],
    accept_content=["json"],
    task_serializer="json",
    task_ignore_result=True,
    # Acknowledged at once: recovery rests on the leases in the database, never on the broker.
    task_acks_late=False,
    worker_prefetch_multiplier=1,
    # A request waits no longer than this for a broker that is gone; a sweep sends again.
    task_publish_retry_policy={"max_retries": 1, "interval_start": 0.2},
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    task_default_queue="web",
    task_queues=[Queue(name) for name in ("web", "io", "cvat", "score", "train")],
    beat_schedule_filename=str(settings.WORKBENCH_VAR / "beat-schedule"),
    beat_schedule={
        "sweep": {
            "task": Job.SWEEP.value,
            "schedule": timedelta(seconds=20),
            "options": {"queue": QUEUES[Job.SWEEP], "expires": 60},
        },
        "cvat": {
            "task": Job.CVAT_POLL.value,
            "schedule": timedelta(seconds=60),
            "options": {"queue": QUEUES[Job.CVAT_POLL], "expires": 60},
        },
    },
)

if settings.CELERY_BROKER_URL.startswith("filesystem://"):
    for name in ("messages", "processed", "control"):
        (settings.BROKER_FOLDER / name).mkdir(parents=True, exist_ok=True)
    app.conf.broker_transport_options = {
        # One folder for both directions: whoever sends and whoever receives is on this machine.
        "data_folder_in": str(settings.BROKER_FOLDER / "messages"),
        "data_folder_out": str(settings.BROKER_FOLDER / "messages"),
        "processed_folder": str(settings.BROKER_FOLDER / "processed"),
        "control_folder": str(settings.BROKER_FOLDER / "control"),
    }
