"""Fill a scratch database with people and ranked tasks, and print what the clients need as JSON.

Run as `python -m tests.labelling.crowd_rows PEOPLE TASKS` with DATABASE_URL set; with `numbers`
instead it prints the number of each task's annotation.
"""

from __future__ import annotations

import json
import sys

import django


def main(people: int, tasks: int) -> None:
    django.setup()

    from django.core.management import call_command

    from tests.factories import CampaignFactory, TaskFactory, TileFactory, rank

    call_command("migrate", verbosity=0)
    campaign = CampaignFactory(slug="north")
    sessions = [_sign_in(f"annotator-{n}", campaign) for n in range(people)]
    shared = TileFactory()
    copies = [TaskFactory(campaign=campaign, tile=shared, copy=copy) for copy in range(people)]
    singles = [TaskFactory(campaign=campaign) for _ in range(tasks)]
    rank(campaign, *copies, *singles)
    told = {
        "sessions": sessions,
        "copies": [str(task.uuid) for task in copies],
        "ranks": {str(task.uuid): place for place, task in enumerate(singles, start=1)},
    }
    json.dump(told, sys.stdout)


def _sign_in(name: str, campaign) -> str:
    """The session key of a new annotator. No password: hashing would be most of the test's time."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore

    from labelling.models import Membership

    user = User.objects.create(username=name)
    Membership.objects.create(campaign=campaign, user=user, role="annotator")
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return session.session_key


def numbers() -> None:
    django.setup()

    from labelling.models import Annotation

    told = {str(task): n for task, n in Annotation.objects.values_list("task__uuid", "n")}
    json.dump(told, sys.stdout)


if __name__ == "__main__" and sys.argv[1] == "numbers":
    numbers()
elif __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
