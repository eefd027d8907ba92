"""What was known before these tables: who activated a version last, and which hospitals had the model switched off."""

from django.db import migrations


def copy(apps, schema_editor):
    version_model = apps.get_model("inference", "ModelVersion")
    activation_model = apps.get_model("inference", "Activation")
    before = None
    for version in version_model.objects.exclude(activated_at=None).order_by("activated_at"):
        before = activation_model.objects.create(
            version=version, kind="unreviewed", at=version.activated_at, by_id=version.activated_by_id, returns_to=before
        )
    stop_model = apps.get_model("inference", "ModelStop")
    for hospital in apps.get_model("accounts", "Hospital").objects.filter(analysis_enabled=False):
        stop_model.objects.create(hospital=hospital, reason="Switched off before stops were recorded.")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_audit_is_append_only"), ("inference", "0002_activations_and_stops")]
    operations = [migrations.RunPython(copy, migrations.RunPython.noop)]
