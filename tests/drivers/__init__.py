"""Processes that tests start. Importing this sets Django up, from their environment."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labelling.config.settings")
django.setup()
