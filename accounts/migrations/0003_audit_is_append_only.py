"""Triggers that refuse UPDATE and DELETE of audit lines, whoever asks."""

from django.db import migrations

from accounts import audit_guard


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_shared_cache")]
    operations = [
        migrations.RunPython(
            lambda apps, schema_editor: audit_guard.install(schema_editor.connection),
            lambda apps, schema_editor: audit_guard.remove(schema_editor.connection),
        )
    ]
