from __future__ import annotations

from typing import Any

from django.db import migrations, models


def move_hints(apps: Any, schema_editor: Any) -> None:
    """The balance of hints gets columns of its own: a claim counts without reading first."""
    for member in apps.get_model("labelling", "Membership").objects.iterator():
        if had := member.qualification.pop("hints", None):
            member.plain, member.unaided = had.get("plain", 0), had.get("unaided", 0)
            member.save(update_fields=["plain", "unaided", "qualification"])


def move_hints_back(apps: Any, schema_editor: Any) -> None:
    for member in apps.get_model("labelling", "Membership").objects.iterator():
        if member.plain or member.unaided:
            member.qualification["hints"] = {"plain": member.plain, "unaided": member.unaided}
            member.save(update_fields=["qualification"])


def forget_unanswered(apps: Any, schema_editor: Any) -> None:
    """A key is now taken in the transaction that answers it: none is left that wasn't answered."""
    apps.get_model("labelling", "IdempotencyKey").objects.filter(status=None).delete()


def all_were_in_force(apps: Any, schema_editor: Any) -> None:
    apps.get_model("labelling", "Ranking").objects.update(in_force=models.F("created"))


class Migration(migrations.Migration):
    dependencies = [
        ("labelling", "0007_cvat"),
    ]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="plain",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="membership",
            name="unaided",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddIndex(
            model_name="idempotencykey",
            index=models.Index(fields=["created"], name="key_by_age"),
        ),
        migrations.AddField(
            model_name="ranking",
            name="in_force",
            field=models.DateTimeField(null=True),
        ),
        migrations.RunPython(all_were_in_force, migrations.RunPython.noop),
        migrations.RunPython(move_hints, move_hints_back),
        migrations.RunPython(forget_unanswered, migrations.RunPython.noop),
    ]
