"""Who activated a version stands in Activation, for every time; 0003 copied the last."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("inference", "0003_history_until_now")]
    operations = [migrations.RemoveField(model_name="modelversion", name="activated_by")]
