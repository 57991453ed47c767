import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

ROLES = [
    ("annotator", "Annotator"),
    ("reviewer", "Reviewer"),
    ("lead", "Lead"),
    ("service", "Service"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("labelling", "0009_schedules"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Token",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(max_length=80)),
                ("shown", models.CharField(max_length=16)),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("role", models.CharField(choices=ROLES, max_length=10)),
                ("read_only", models.BooleanField(default=False)),
                ("created", models.DateTimeField()),
                ("expires", models.DateTimeField()),
                ("revoked", models.DateTimeField(null=True)),
                ("used", models.DateTimeField(null=True)),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tokens",
                        to="labelling.campaign",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tokens",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("role__in", ["annotator", "reviewer", "lead", "service"])
                        ),
                        name="token_role_is_known",
                    )
                ]
            },
        )
    ]
