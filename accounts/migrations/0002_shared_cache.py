"""The table that every process counts in (CACHES): part of migrate, so that no deployment forgets it."""

from django.core.management import call_command
from django.db import migrations


def create_table(apps, schema_editor):
    # Creates what CACHES names, and nothing where it names no table.
    call_command("createcachetable", database=schema_editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunPython(create_table, migrations.RunPython.noop)]
