"""From public data sets' own layouts to the one manifest; a layout is a file here and a line in `LAYOUTS`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from inference.training.errors import BadDataSet
from inference.training.importers.collection import COLLECTION
from inference.training.importers.coronahack import CORONAHACK
from inference.training.importers.covid_chestxray import COVID_CHESTXRAY
from inference.training.importers.films import Imported, Part, gather
from inference.training.importers.folders import FOLDERS
from inference.training.importers.found import Layout, Reading
from inference.training.importers.radiography import RADIOGRAPHY
from inference.training.label_sets import LabelSet
from inference.training.splits import SplitPlan

LAYOUTS: Mapping[str, Layout] = {
    layout.name: layout for layout in (COLLECTION, FOLDERS, RADIOGRAPHY, CORONAHACK, COVID_CHESTXRAY)
}
DEFAULT_LAYOUT = COLLECTION.name


@dataclass(frozen=True)
class DataSet:
    """A data set on disk: its layout's name, its folder or table, and a name for its source ("" for the usual)."""

    layout: str
    path: Path
    source: str = ""

    @property
    def name(self) -> str:
        """The source of its films where they name none themselves."""
        path = self.path.resolve()
        return self.source or LAYOUTS[self.layout].source or (path.parent if path.is_file() else path).name


def import_data(
    data_sets: Sequence[DataSet],
    *,
    labels: LabelSet,
    plan: SplitPlan | None = None,
    keep_split: bool = False,
    reading: Reading | None = None,
) -> Imported:
    """The films of one or more data sets, grouped and split together; use for the import command.

    plan: None takes the default one, and leaves a layout that has folds of patient groups its own.
    keep_split: a data set's own train, validation and test hold where no group stands on two of them.
    Raises BadDataSet for a layout that is not there, and when no film is left.
    """
    names = [data_set.name for data_set in data_sets]
    if len(set(names)) < len(names):
        raise BadDataSet(
            expected="a name of its own for each data set's source",
            received=", ".join(names),
            remedy="Rename a folder; sources with one name could not be told apart",
        )
    reading = reading or Reading()
    parts = [
        Part(
            source=data_set.name,
            found=LAYOUTS[data_set.layout].read(data_set.path, replace(reading, source=data_set.name)),
            keeps_split=keep_split or (LAYOUTS[data_set.layout].keeps_split and plan is None),
        )
        for data_set in data_sets
    ]
    return gather(parts, labels=labels, plan=plan or SplitPlan(), reading=reading)
