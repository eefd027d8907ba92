"""Label sets by name: which findings a network is taught to tell apart."""

from collections.abc import Mapping
from dataclasses import dataclass

from inference.engine.labels import LABELS
from inference.training.errors import BadDataSet
from inference.training.findings import FINDINGS


@dataclass(frozen=True)
class LabelSet:
    """The labels in the order of the network's outputs, and the label of each finding that has one."""

    name: str
    labels: tuple[str, ...]
    of_finding: Mapping[str, str]

    def label_of(self, finding: str) -> str | None:
        """The label of a finding (one of `findings.FINDINGS`); None when films of it are left out."""
        return self.of_finding.get(finding)


_PNEUMONIAS = ("viral_pneumonia", "bacterial_pneumonia", "fungal_pneumonia", "pneumonia", "lung_opacity")

LABEL_SETS: Mapping[str, LabelSet] = {
    labels.name: labels
    for labels in (
        # All that is known not to be COVID-19 is one side here, tuberculosis and the rest with it.
        LabelSet(
            "covid",
            ("covid19", "non_covid"),
            {finding: "covid19" if finding == "covid19" else "non_covid" for finding in FINDINGS},
        ),
        LabelSet(
            "covid-normal-pneumonia",
            LABELS,
            {"covid19": "covid19", "normal": "normal", **dict.fromkeys(_PNEUMONIAS, "pneumonia")},
        ),
        # The Radiography Database's "lung opacity" is any lung infection that is not COVID-19, so a pneumonia of no
        # named cause belongs to it. One of a named bacterium or fungus has no class there.
        LabelSet(
            "four",
            ("covid19", "lung_opacity", "normal", "viral_pneumonia"),
            {
                "covid19": "covid19",
                "lung_opacity": "lung_opacity",
                "pneumonia": "lung_opacity",
                "normal": "normal",
                "viral_pneumonia": "viral_pneumonia",
            },
        ),
        LabelSet(
            "coronahack",
            ("normal", "pneumonia", "pneumonia_covid"),
            {"covid19": "pneumonia_covid", "normal": "normal", **dict.fromkeys(_PNEUMONIAS, "pneumonia")},
        ),
    )
}
PRODUCT_LABEL_SET = "covid-normal-pneumonia"


def label_set(name: str) -> LabelSet:
    """The label set of that name; use wherever a person names one.

    Raises BadDataSet for a name that is none of `LABEL_SETS`.
    """
    if name not in LABEL_SETS:
        raise BadDataSet(
            expected=f"a label set among {', '.join(LABEL_SETS)}", received=repr(name), remedy="Name one of these"
        )
    return LABEL_SETS[name]
