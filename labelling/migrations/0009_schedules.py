from __future__ import annotations

from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import OuterRef, Q, Subquery


def name_campaigns(apps: Any, schema_editor: Any) -> None:
    """A round's job names the round's campaign, as all others do: a campaign's jobs are one query."""
    rounds = apps.get_model("labelling", "Round").objects.filter(pk=OuterRef("round"))
    jobs = apps.get_model("labelling", "Job").objects.filter(campaign=None, round__isnull=False)
    jobs.update(campaign=Subquery(rounds.values("campaign")[:1]))


def count_tries(apps: Any, schema_editor: Any) -> None:
    """What is under way: until now all attempts counted, whichever step they died in."""
    unfinished = apps.get_model("labelling", "Job").objects.filter(state__in=["waiting", "running"])
    unfinished.update(tries=models.F("attempts"))


class Migration(migrations.Migration):
    dependencies = [("labelling", "0008_queue_speed")]

    operations = [
        migrations.CreateModel(
            name="Schedule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("on", models.BooleanField(default=False)),
                ("labels", models.PositiveIntegerField(null=True)),
                ("cron", models.CharField(blank=True, max_length=120)),
                ("drift", models.BooleanField(default=False)),
                ("quiet_days", models.PositiveSmallIntegerField(null=True)),
                ("gap_hours", models.FloatField(default=6)),
                ("least_labels", models.PositiveIntegerField(default=20)),
                ("looked", models.DateTimeField()),
                (
                    "campaign",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="schedule",
                        to="labelling.campaign",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        name="schedule_gap_is_a_time", condition=Q(gap_hours__gte=0)
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="Chore",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=40, unique=True)),
                ("every", models.FloatField(null=True)),
                ("cron", models.CharField(blank=True, max_length=120)),
                ("on", models.BooleanField(default=True)),
                ("sent", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        name="chore_has_one_rhythm",
                        condition=Q(every__isnull=False, every__gt=0, cron="")
                        | Q(every__isnull=True) & ~Q(cron=""),
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="DeadTask",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                ("ids", models.JSONField(default=dict)),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("error", models.TextField()),
                ("times", models.PositiveIntegerField(default=1)),
                ("first", models.DateTimeField()),
                ("last", models.DateTimeField()),
            ],
            options={"indexes": [models.Index(fields=["-last"], name="dead_task_by_time")]},
        ),
        migrations.AddField("job", "tries", models.PositiveIntegerField(default=0)),
        migrations.AddField("job", "away", models.PositiveIntegerField(default=0)),
        migrations.AddIndex(
            "job", models.Index(fields=["campaign", "-id"], name="job_of_campaign")
        ),
        # Last: on PostgreSQL nothing more can be done to a table whose rows were just changed.
        migrations.RunPython(name_campaigns, migrations.RunPython.noop),
        migrations.RunPython(count_tries, migrations.RunPython.noop),
    ]
