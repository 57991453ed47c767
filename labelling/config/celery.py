"""The Celery application: `celery --app labelling.config.celery worker|beat`."""

import os
from datetime import timedelta

from celery import Celery
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labelling.config.settings")

from django.conf import settings

from labelling.config import pulse, tracing, worker_metrics
from labelling.enqueue import EXPIRES, QUEUES, TICK_SECONDS, VISIBILITY_SECONDS, Job

app = Celery("labelling", broker=settings.CELERY_BROKER_URL, set_as_current=True)
app.conf.update(
    include=["labelling.tasks"],
    accept_content=["json"],
    task_serializer="json",
    task_ignore_result=True,
    # Acknowledged at once: recovery rests on the leases in the database, never on the broker.
    task_acks_late=False,
    worker_prefetch_multiplier=1,
    worker_max_memory_per_child=settings.WORKER_MEMORY_MB * 1024,
    worker_max_tasks_per_child=settings.WORKER_TASKS,
    # A request waits no longer than this for a broker that is gone; a sweep sends again.
    task_publish_retry_policy={"max_retries": 1, "interval_start": 0.2},
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    task_default_queue="web",
    task_queues=[Queue(name) for name in ("web", "io", "cvat", "score", "train")],
    beat_schedule_filename=str(settings.WORKBENCH_VAR / "beat-schedule"),
    beat_schedule={
        # All else is sent by the tick, in rhythms that the database holds.
        "tick": {
            "task": Job.TICK.value,
            "schedule": timedelta(seconds=TICK_SECONDS),
            "options": {"queue": QUEUES[Job.TICK], "expires": EXPIRES[Job.TICK]},
        },
    },
)
if settings.CELERY_BROKER_URL.startswith(("redis://", "rediss://")):
    # Redis gives a message to another worker that isn't acknowledged by then. Late acknowledged
    # tasks are ended long before (labelling/tasks.py).
    app.conf.broker_transport_options = {"visibility_timeout": VISIBILITY_SECONDS}

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

for each in (tracing, pulse, worker_metrics):
    each.install(app)
