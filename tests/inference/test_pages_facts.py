"""The model facts page: the model card of any version, its plots, and what is said when they are not there."""

import html
import re
import shutil
from pathlib import Path

import pytest
from django.urls import reverse

from inference.engine.bundle import CARD, read_card
from inference.models import Job
from inference.training import report
from tests.callers import session_of
from tests.factories import JobFactory, ModelVersionFactory
from tests.inference.measured import PLOT, measured_version, rewrite

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(tmp_path, evaluated_bundle):
    return measured_version(tmp_path / "bundle", bundle=evaluated_bundle)


@pytest.fixture
def reader(two_hospitals):
    return session_of(two_hospitals.north.radiologist)


def _page(client, version) -> str:
    response = client.get(reverse("model_facts", args=[version.pk]))
    assert response.status_code == 200
    return response.content.decode()


def _words(markup: str) -> str:
    """The words of a page as they are read: without tags, spaces made one."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", "", markup)))


def test_the_page_has_every_line_of_the_model_card(reader, version):
    folder = Path(version.bundle_path)
    text = report.card_text(read_card(folder / CARD), folder)
    page = _words(_page(reader, version))

    lines = [line for line in text.replace("`", "").replace("**", "").splitlines() if line.startswith("|")]
    cells = {cell.strip() for line in lines for cell in line.split("|")}
    assert len(cells) > 100
    assert [cell for cell in cells if cell.strip("-") and cell not in page] == []
    paragraphs = [part for part in text.split("\n\n") if not part.startswith(("|", "#", "!", "- "))]
    spoken = [re.sub(r"\s+", " ", part.replace("**", "").replace("`", "")).strip() for part in paragraphs]
    assert len(spoken) > 5
    assert [part for part in spoken if part not in page] == []


def test_every_plot_has_its_words_and_its_points_beneath(reader, version):
    page = _page(reader, version)

    shown = re.findall(r'<img src="([^"]*)" alt="([^"]*)"', page)
    assert [address.rsplit("/", 1)[1] for address, _ in shown] == [
        "model-confusion.svg", "model-roc.svg", "model-precision-recall.svg", "model-reliability.svg",
        "model-risk-coverage.svg",
    ]  # fmt: skip
    assert [words for _, words in shown if len(words) < 20] == []
    for address, _ in shown:
        assert reader.get(address)["Content-Type"] == "image/svg+xml"
    for column in ("false positive rate", "recall", "confidence", "coverage"):
        assert re.search(rf'<th scope="col">{column}\s*</th>', page)


def test_the_sections_can_be_reached_from_the_contents(reader, version):
    page = _page(reader, version)

    targets = re.findall(r'<a href="#([a-z0-9-]+)">', page)
    assert "limits-and-known-failures" in targets
    assert "in-use" in targets
    assert [target for target in targets if f'id="{target}"' not in page] == []


def test_a_version_that_was_measured_again_says_so(reader, version):
    notice = "written after this version was registered"
    assert notice not in _page(reader, version)
    rewrite(version, "evaluation.json", (Path(version.bundle_path) / "evaluation.json").read_text() + "\n")

    assert notice in _page(reader, version)


def test_a_bundle_that_is_gone_is_said_and_the_rest_is_shown(reader, version):
    shutil.rmtree(version.bundle_path)
    page = _page(reader, version)

    assert "The model card of this version cannot be shown." in page
    assert "Restore the bundle" in page
    assert "In use here" in page
    assert version.weights_sha256 in page


def test_figures_of_another_release_are_shown_below_the_reason(reader, version):
    rewrite(version, "evaluation.json", '{"made by": "another release", "confusion": [[7, 1], [2, 9]]}')
    page = _page(reader, version)

    assert "The model card of this version cannot be shown." in page
    assert "Below stands what is stored in the bundle" in page
    assert "another release" in page
    assert '<a href="#evaluation-confusion">' in page


def test_what_a_bundle_says_is_never_markup(reader, tmp_path, evaluated_bundle):
    version = measured_version(tmp_path / "bundle", bundle=evaluated_bundle, name="<b onclick=alert(1)>x</b>")

    assert "<b onclick" not in _page(reader, version)
    assert "&lt;b onclick" in _page(reader, version)


def test_what_the_version_did_here_is_counted(reader, version):
    JobFactory.create_batch(3, model_version=version, status=Job.Status.DONE)
    JobFactory(model_version=version, status=Job.Status.FAILED)
    JobFactory(status=Job.Status.DONE)

    assert "done: 3, failed: 1" in _page(reader, version)


def test_a_plot_is_a_drawing_that_runs_and_loads_nothing(reader, version):
    response = reader.get(reverse("model_plot", args=[version.pk, "curve.svg"]))

    assert response.status_code == 200
    assert response.content == PLOT
    assert response["Content-Type"] == "image/svg+xml"
    policy = set(response["Content-Security-Policy"].split("; "))
    assert policy == {"default-src 'none'", "style-src 'unsafe-inline'", "sandbox"}
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["other.svg", "evaluation.json", "card.json", "..%2Fcard.json"])
def test_nothing_but_plots_is_handed_out(reader, version, name):
    assert reader.get(f"/models/{version.pk}/plots/{name}").status_code == 404


@pytest.mark.parametrize("role", ["radiologist", "hospital_admin", "integrator", "model_manager"])
def test_who_may_see_models_may_see_their_facts(two_hospitals, version, role):
    assert "Model facts" in _page(session_of(getattr(two_hospitals.south, role)), version)


def test_who_may_not_see_models_may_not_see_their_facts(two_hospitals, version):
    for person in (two_hospitals.north.technician, two_hospitals.stranger):
        for name, arguments in (("model_facts", [version.pk]), ("model_plot", [version.pk, "curve.svg"])):
            assert session_of(person).get(reverse(name, args=arguments)).status_code == 403


def test_an_unknown_version_is_not_there(reader):
    unknown = ModelVersionFactory.build()

    assert reader.get(reverse("model_facts", args=[unknown.pk])).status_code == 404
    assert reader.get(reverse("model_plot", args=[unknown.pk, "curve.svg"])).status_code == 404
