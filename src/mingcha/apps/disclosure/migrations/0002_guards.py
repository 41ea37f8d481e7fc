"""What was published is guarded by a trigger (``guards.py``)."""

from django.db import migrations

from mingcha.apps.disclosure import guards


def add(apps, schema_editor):
    guards.add(schema_editor.connection)


def lift(apps, schema_editor):
    guards.lift(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("disclosure", "0001_initial")]
    operations = [migrations.RunPython(add, lift)]
