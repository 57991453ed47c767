import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('labelling', '0006_judging'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CvatBatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('remote', models.PositiveBigIntegerField(null=True)),
                ('state', models.CharField(choices=[('planned', 'Planned'), ('creating', 'Creating'), ('ready', 'Ready'), ('gone', 'Gone')], default='planned', max_length=10)),
                ('error', models.TextField(blank=True)),
                ('created', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='CvatJob',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('frame_name', models.CharField(max_length=120)),
                ('remote', models.PositiveBigIntegerField(null=True)),
                ('frame', models.PositiveIntegerField(null=True)),
                ('remote_assignee', models.PositiveBigIntegerField(null=True)),
                ('stage', models.CharField(blank=True, max_length=12)),
                ('state', models.CharField(blank=True, max_length=12)),
                ('updated', models.DateTimeField(null=True)),
                ('fetched', models.DateTimeField(null=True)),
                ('digest', models.CharField(blank=True, max_length=64)),
                ('held_code', models.CharField(blank=True, max_length=40)),
                ('held_text', models.TextField(blank=True)),
                ('minutes', models.FloatField(null=True)),
                ('pulled', models.DateTimeField(null=True)),
                ('gone', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='CvatLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.CharField(max_length=200)),
                ('project', models.PositiveBigIntegerField()),
                ('marker', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('labels', models.JSONField(default=dict)),
                ('guide_label', models.PositiveBigIntegerField(null=True)),
                ('webhook', models.PositiveBigIntegerField(null=True)),
                ('server_version', models.CharField(blank=True, max_length=40)),
                ('watermark', models.DateTimeField(null=True)),
                ('swept', models.DateTimeField(null=True)),
                ('health', models.JSONField(default=dict)),
                ('options', models.JSONField(default=dict)),
                ('created', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='CvatUser',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('remote', models.PositiveBigIntegerField()),
                ('username', models.CharField(max_length=150)),
                ('serves', models.BooleanField(default=True)),
            ],
        ),
        migrations.AddField(
            model_name='outbox',
            name='due',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name='outbox',
            index=models.Index(condition=models.Q(('sent__isnull', True)), fields=['campaign', 'id'], name='outbox_unsent'),
        ),
        migrations.AddField(
            model_name='cvatjob',
            name='annotation',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='labelling.annotation'),
        ),
        migrations.AddField(
            model_name='cvatjob',
            name='assignee',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='cvatjob',
            name='batch',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='jobs', to='labelling.cvatbatch'),
        ),
        migrations.AddField(
            model_name='cvatjob',
            name='prelabel',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='labelling.layer'),
        ),
        migrations.AddField(
            model_name='cvatjob',
            name='task',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cvat_jobs', to='labelling.task'),
        ),
        migrations.AddField(
            model_name='cvatlink',
            name='campaign',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='cvat', to='labelling.campaign'),
        ),
        migrations.AddField(
            model_name='cvatlink',
            name='who',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='cvatbatch',
            name='link',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='batches', to='labelling.cvatlink'),
        ),
        migrations.AddField(
            model_name='cvatuser',
            name='link',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='users', to='labelling.cvatlink'),
        ),
        migrations.AddField(
            model_name='cvatuser',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='cvatjob',
            index=models.Index(fields=['remote'], name='cvat_job_by_remote'),
        ),
        migrations.AddIndex(
            model_name='cvatjob',
            index=models.Index(condition=models.Q(('held_code', ''), _negated=True), fields=['batch', 'id'], name='cvat_job_held'),
        ),
        migrations.AddConstraint(
            model_name='cvatjob',
            constraint=models.UniqueConstraint(condition=models.Q(('gone__isnull', True)), fields=('task',), name='one_live_cvat_job_per_task'),
        ),
        migrations.AddConstraint(
            model_name='cvatjob',
            constraint=models.UniqueConstraint(fields=('batch', 'frame_name'), name='a_cvat_frame_is_named_once'),
        ),
        migrations.AddConstraint(
            model_name='cvatjob',
            constraint=models.UniqueConstraint(fields=('batch', 'remote'), name='a_cvat_job_is_one_row'),
        ),
        migrations.AddConstraint(
            model_name='cvatlink',
            constraint=models.UniqueConstraint(fields=('url', 'project'), name='a_cvat_project_is_linked_once'),
        ),
        migrations.AddConstraint(
            model_name='cvatbatch',
            constraint=models.UniqueConstraint(fields=('link', 'remote'), name='a_cvat_task_is_one_batch'),
        ),
        migrations.AddConstraint(
            model_name='cvatbatch',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['planned', 'creating', 'ready', 'gone'])), name='cvat_batch_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='cvatbatch',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'ready'), _negated=True), ('remote__isnull', False), _connector='OR'), name='ready_cvat_batch_is_somewhere'),
        ),
        migrations.AddConstraint(
            model_name='cvatuser',
            constraint=models.UniqueConstraint(fields=('link', 'user'), name='a_person_is_one_cvat_user'),
        ),
        migrations.AddConstraint(
            model_name='cvatuser',
            constraint=models.UniqueConstraint(fields=('link', 'remote'), name='a_cvat_user_is_one_person'),
        ),
    ]
