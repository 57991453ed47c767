from importlib import import_module
from typing import Any

import django.db.models.deletion
from django.db import migrations, models

RANKS = import_module("labelling.migrations.0004_queue_quality_and_models")


def unfollow(apps: Any, schema_editor: Any) -> None:
    """SQLite adds a column by making the table anew, which no trigger may name meanwhile."""
    if schema_editor.connection.vendor == "sqlite":
        RANKS.forget(apps, schema_editor)


def follow_again(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "sqlite":
        RANKS.follow(apps, schema_editor)


def key() -> models.BigAutoField:
    return models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )


class Migration(migrations.Migration):
    dependencies = [("labelling", "0010_tokens")]

    operations = [
        migrations.RunPython(unfollow, follow_again),
        migrations.AddField(
            model_name="campaign", name="picking", field=models.JSONField(default=dict)
        ),
        migrations.RunPython(follow_again, unfollow),
        migrations.AddField(model_name="score", name="drawn", field=models.JSONField(default=dict)),
        migrations.CreateModel(
            name="TileFigures",
            fields=[
                ("id", key()),
                ("recipe", models.CharField(max_length=32)),
                ("values", models.BinaryField()),
                (
                    "tile",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="figures",
                        to="labelling.tile",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("tile", "recipe"), name="tile_measured_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Foresight",
            fields=[
                ("id", key()),
                ("slice", models.CharField(max_length=20)),
                ("probability", models.FloatField(null=True)),
                ("codes", models.JSONField()),
                ("confusion", models.JSONField()),
                ("created", models.DateTimeField()),
                (
                    "annotation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="labelling.annotation",
                    ),
                ),
                (
                    "round",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="foresights",
                        to="labelling.round",
                    ),
                ),
                (
                    "tile",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="labelling.tile",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("round", "tile"), name="foreseen_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("probability__isnull", True),
                            models.Q(("probability__gt", 0), ("probability__lte", 1)),
                            _connector="OR",
                        ),
                        name="foresight_probability_is_one",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LabelCost",
            fields=[
                ("id", key()),
                ("seconds", models.PositiveIntegerField()),
                ("figures", models.JSONField()),
                ("created", models.DateTimeField()),
                (
                    "annotation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="cost",
                        to="labelling.annotation",
                    ),
                ),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="labelling.campaign",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["campaign", "id"], name="cost_of_campaign")],
            },
        ),
        migrations.CreateModel(
            name="Duel",
            fields=[
                ("id", key()),
                ("n", models.PositiveIntegerField()),
                ("arms", models.JSONField()),
                ("pairs", models.JSONField()),
                ("judged_until", models.DateTimeField()),
                ("created", models.DateTimeField()),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="duels",
                        to="labelling.campaign",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("campaign", "n"), name="duel_numbered")
                ],
            },
        ),
    ]
