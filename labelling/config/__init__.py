"""The Django project. Importing it makes the Celery app current: the web process sends by it."""

from labelling.config.celery import app as celery_app

__all__ = ["celery_app"]
