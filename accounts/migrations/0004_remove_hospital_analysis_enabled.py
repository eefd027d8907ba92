"""Where the model is stopped stands in inference.ModelStop, with who, when and why; inference 0003 copied it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_audit_is_append_only"), ("inference", "0003_history_until_now")]
    operations = [migrations.RemoveField(model_name="hospital", name="analysis_enabled")]
