from __future__ import annotations

from typing import Any

from django.db import migrations, models
from django.db.models import F, OuterRef, Subquery, Value


def begin_with_the_products(apps: Any, schema_editor: Any) -> None:
    """What ingest writes for new tiles; the sweep goes on from there."""
    enrolments = apps.get_model("labelling", "CampaignTile").objects
    scene = apps.get_model("labelling", "Tile").objects.filter(pk=OuterRef("tile"))
    enrolments.update(
        cloud=Subquery(scene.values(share=F("scene__cloud_cover") / Value(100.0))[:1])
    )


class Migration(migrations.Migration):
    dependencies = [("labelling", "0012_regions")]

    operations = [
        migrations.AddField(
            model_name="campaigntile",
            name="cloud",
            field=models.FloatField(null=True),
        ),
        migrations.RunPython(begin_with_the_products, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="campaigntile",
            index=models.Index(fields=["campaign", "cloud", "tile"], name="enrolment_by_cloud"),
        ),
    ]
