"""Processes that tests start. Importing this sets Django up, from the environment they are given."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labelling.config.settings")
django.setup()
