from django.db import migrations, models
from django.db.models import F

STEPS = ["freeze", "fit", "judge", "score", "pick", "open", "done"]
AFTER_THE_FIT = ["score", "pick", "open", "done"]


def rank_by_own_model(apps, schema_editor):
    """Up to now each round was ranked by what it trained; rounds on their way go on like that."""
    rounds = apps.get_model("labelling", "Round").objects
    fitted = rounds.filter(step__in=AFTER_THE_FIT, model__isnull=False, ranked_by__isnull=True)
    fitted.update(ranked_by=F("model"))


def judge_no_more(apps, schema_editor):
    """What was to be judged goes back to its fit, which is adopted as it lies there."""
    apps.get_model("labelling", "Round").objects.filter(step="judge").update(step="fit")


class Migration(migrations.Migration):

    dependencies = [
        ('labelling', '0005_append_only'),
    ]

    operations = [
        migrations.RemoveConstraint(model_name='round', name='round_step_is_known'),
        migrations.AlterField(
            model_name='round',
            name='step',
            field=models.CharField(choices=[('freeze', 'Freeze'), ('fit', 'Fit'), ('judge', 'Judge'), ('score', 'Score'), ('pick', 'Pick'), ('open', 'Open'), ('done', 'Done')], default='freeze', max_length=10),
        ),
        migrations.AddConstraint(
            model_name='round',
            constraint=models.CheckConstraint(condition=models.Q(('step__in', STEPS)), name='round_step_is_known'),
        ),
        migrations.RunPython(rank_by_own_model, judge_no_more),
    ]
