"""The last check before a bundle is recorded: its graph is loaded and asked for synthetic films."""

import itertools
import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from inference.engine.errors import BadBundle

if TYPE_CHECKING:
    from inference.engine.predict import Prediction, Predictor

# The gate may refuse a drawing; a bundle that refuses every one of so many refuses films as well.
_FILMS_PER_LABEL = 4
_ANSWERS_WANTED = 3
_LARGEST_GAP = 1e-6


def check(bundle_dir: Path, graph_dir: Path) -> int:
    """Load a bundle's serving graph and ask it for synthetic films; use before the bundle is recorded.

    Returns how many of the films it answered.

    Raises:
        BadBundle: the graph does not load, no film is answered, or an answer is not a probability for each label.
    """
    import numpy as np
    from PIL import Image

    from inference.engine import synthetic
    from inference.engine.predict import Predictor
    from inference.engine.read import read_picture

    try:
        predictor = Predictor.load(bundle_dir, graph_dir=graph_dir)
    except (OSError, RuntimeError, ValueError, LookupError) as error:
        raise BadBundle(
            expected="a serving graph that loads",
            received=f"{type(error).__name__}: {error}",
            remedy=f"Delete {graph_dir}, so that the graph is made again, and register the bundle again",
        ) from error
    refused: set[str] = set()
    answered = 0
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "film.png"
        for seed, label in itertools.product(range(_FILMS_PER_LABEL), synthetic.labels()):
            if answered == _ANSWERS_WANTED:
                break
            Image.fromarray(np.asarray(synthetic.sample(label, seed))).save(film, compress_level=1)
            prediction = predictor.predict(read_picture(film))
            if prediction.probabilities:
                _check_probabilities(predictor, prediction)
                answered += 1
            else:
                refused.add(str(prediction.reason))
    if not answered:
        raise BadBundle(
            expected="an answer to at least one of the synthetic chest films",
            received=f"refusals of all: {', '.join(sorted(refused))}",
            remedy="Fit the gate again on frontal chest films, and make the bundle again",
        )
    return answered


def _check_probabilities(predictor: "Predictor", prediction: "Prediction") -> None:
    found = prediction.probabilities
    values = list(found.values())
    adds_up = all(math.isfinite(value) and value >= 0 for value in values) and abs(sum(values) - 1) <= _LARGEST_GAP
    if list(found) != list(predictor.labels) or not adds_up:
        raise BadBundle(
            expected=f"finite probabilities for {', '.join(predictor.labels)} that sum to 1",
            received=f"{found}",
            remedy="Train again, or make the bundle again from a run that ended well",
        )
