"""manage.py prepare: what stands between new code and its first start, and what does not stop it."""

import pytest
from django.core.management import call_command

from inference import registry
from inference.engine.errors import BadBundle
from inference.models import ModelVersion

pytestmark = pytest.mark.django_db


def test_a_shipped_model_that_is_refused_does_not_keep_the_desk_from_starting(monkeypatch, capsys):
    def refuse(bundle_dir):
        raise BadBundle(expected="gate.npz with its hash", received="another", remedy="Restore the bundle")

    monkeypatch.setattr(registry, "register", refuse)
    call_command("prepare")

    told = capsys.readouterr()
    assert "Tables are up to date." in told.out
    assert "the desk starts all the same. Expected gate.npz with its hash; received another." in told.err
    assert not ModelVersion.objects.exists()
