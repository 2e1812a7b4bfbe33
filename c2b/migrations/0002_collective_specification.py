from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from c2b.kit.ids import new_id
from json import dumps, loads
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0001_initial')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Allocation',
            fields=[
                ('id', fields.CharField(primary_key=True, default=new_id, unique=True, db_index=True, max_length=26)),
                ('campaign', fields.ForeignKeyField('models.Campaign', source_field='campaign_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('round', fields.IntField()),
                ('turn', fields.IntField()),
                ('input_digest', fields.CharField(max_length=64)),
                ('result', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('state', fields.CharField(default='proposed', max_length=10)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('objections_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('accepted', fields.JSONField(default=list, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
            ],
            options={'table': 'allocation', 'app': 'models', 'unique_together': (('campaign_id', 'round', 'turn'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='BatchVote',
            fields=[
                ('id', fields.CharField(primary_key=True, default=new_id, unique=True, db_index=True, max_length=26)),
                ('campaign', fields.ForeignKeyField('models.Campaign', source_field='campaign_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('attribute', fields.CharField(max_length=64)),
                ('choices', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('closes_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('tie_rule', fields.CharField(max_length=8)),
                ('state', fields.CharField(default='open', max_length=6)),
                ('outcome', fields.JSONField(null=True, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('tally', fields.JSONField(null=True, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('closed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'batch_vote', 'app': 'models', 'unique_together': (('campaign_id', 'attribute'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Preview',
            fields=[
                ('campaign_id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=26)),
                ('wishes_version', fields.IntField()),
                ('result', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('nudges', fields.JSONField(default=list, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('computed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'preview', 'app': 'models', 'pk_attr': 'campaign_id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Reconfirmation',
            fields=[
                ('id', fields.CharField(primary_key=True, default=new_id, unique=True, db_index=True, max_length=26)),
                ('participation', fields.ForeignKeyField('models.Participation', source_field='participation_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('campaign_id', fields.CharField(db_index=True, max_length=26)),
                ('reason', fields.CharField(max_length=8)),
                ('terms_version', fields.IntField()),
                ('faults', fields.JSONField(default=list, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('state', fields.CharField(default='open', max_length=8)),
                ('asked_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('answer_until', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('answered_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'reconfirmation', 'app': 'models', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Campaign',
            name='objection_hours',
            field=fields.IntField(default=24),
        ),
        ops.AddField(
            model_name='Campaign',
            name='terms_version',
            field=fields.IntField(default=1),
        ),
        ops.AddField(
            model_name='Campaign',
            name='wishes_version',
            field=fields.IntField(default=0),
        ),
        ops.AddField(
            model_name='Participation',
            name='outcome',
            field=fields.JSONField(null=True, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads),
        ),
        ops.AddField(
            model_name='Participation',
            name='preferences',
            field=fields.JSONField(default=dict, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads),
        ),
    ]
