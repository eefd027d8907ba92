"""Words to findings, findings to labels."""

import pytest

from inference.engine.labels import LABELS
from inference.training.errors import BadDataSet
from inference.training.findings import FINDINGS, finding_of
from inference.training.label_sets import LABEL_SETS, PRODUCT_LABEL_SET, label_set


@pytest.mark.parametrize(
    ("words", "finding"),
    [
        ("covid19", "covid19"),
        ("COVID", "covid19"),
        ("COVID-19", "covid19"),
        ("COVID-19, ARDS", "covid19"),
        ("Pneumonia/Viral/COVID-19", "covid19"),
        ("Pnemonia/Virus/COVID-19", "covid19"),
        ("Pneumonia/Viral/Herpes ", "viral_pneumonia"),
        ("Pneumonia/Viral/Influenza/H1N1", "viral_pneumonia"),
        ("Pneumonia/Viral/MERS-CoV", "viral_pneumonia"),
        ("Viral Pneumonia", "viral_pneumonia"),
        ("Pnemonia/bacteria", "bacterial_pneumonia"),
        ("Pneumonia/Bacterial/E.Coli", "bacterial_pneumonia"),
        ("Pneumonia/Bacterial/Staphylococcus/MRSA", "bacterial_pneumonia"),
        ("Pneumonia/Fungal/Pneumocystis", "fungal_pneumonia"),
        ("Pneumonia/Aspiration", "pneumonia"),
        ("PNEUMONIA", "pneumonia"),
        ("Pnemonia", "pneumonia"),
        ("Lung_Opacity", "lung_opacity"),
        ("NORMAL", "normal"),
        ("No Finding", "normal"),
        ("Tuberculosis", "tuberculosis"),
        ("ARDS", "other"),
        ("Pneumonia/Lipoid", "other"),
        ("Pnemonia/Stress-Smoking/ARDS", "other"),
        ("Non-COVID", "non_covid"),
        ("todo", None),
        ("Unknown", None),
        ("", None),
        ("Pneumonia/flu", None),
        ("Normal/COVID-19", None),
        ("Non-COVID, Pneumonia", None),
        ("Pneumonia/Viral/Bacterial", None),
    ],
)
def test_the_words_of_the_public_data_sets_are_known(words, finding):
    assert finding_of(words) == finding


def test_words_of_ones_own_come_first():
    assert finding_of("Negative", also={"negative": "normal"}) == "normal"
    assert finding_of("Pneumonia/Viral", also={"Pneumonia/Viral": "other"}) == "other"
    assert finding_of("Infiltrate, Pneumonia", also={"infiltrate": "lung_opacity"}) == "lung_opacity"


def test_every_finding_is_known_by_its_own_name():
    assert {finding: finding_of(finding) for finding in FINDINGS} == {finding: finding for finding in FINDINGS}


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("covid", ("covid19", "non_covid")),
        ("covid-normal-pneumonia", LABELS),
        ("four", ("covid19", "lung_opacity", "normal", "viral_pneumonia")),
        ("coronahack", ("normal", "pneumonia", "pneumonia_covid")),
    ],
)
def test_the_label_sets_and_the_order_of_their_labels(name, labels):
    assert label_set(name).labels == labels
    assert label_set(name).name == name


@pytest.mark.parametrize("name", LABEL_SETS)
def test_a_label_set_maps_known_findings_to_its_own_labels_and_uses_them_all(name):
    found = label_set(name)
    assert set(found.of_finding) <= set(FINDINGS)
    assert set(found.of_finding.values()) == set(found.labels)


def test_what_no_label_means_is_left_out():
    assert label_set(PRODUCT_LABEL_SET).label_of("tuberculosis") is None
    assert label_set("four").label_of("bacterial_pneumonia") is None
    assert label_set("covid").label_of("tuberculosis") == "non_covid"


def test_an_unknown_label_set_is_refused_with_the_known_ones():
    with pytest.raises(BadDataSet, match="among covid, covid-normal-pneumonia, four, coronahack; received 'five'"):
        label_set("five")
