"""What a simple classifier can guess of a film's source from the network's embedding: the shortcut check."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.engine.predict import Predictor
from inference.training.dataset import Film, read_film
from inference.training.metrics import Figures, bootstrap

# A source with fewer films on either side teaches and tests nothing.
_FEWEST = 10
# Principal directions kept of the embedding: all that some two thousand films can speak for, and quick.
_DIRECTIONS = 128
_PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)
_FOLDS = 4

Floats = NDArray[np.float64]


def source_figures(
    predictor: Predictor, *, fitted_on: Sequence[Film], films: Sequence[Film], images: Path
) -> dict[str, Any]:
    """How well a linear classifier on the embedding names the source of films, over all labels and within each.

    fitted_on: films the classifier learns from, of other patient groups than `films`, which it is scored on; neither
    should be films the network learned from. Within one label no disease tells the sources apart, so that whatever is
    guessed there above chance is style, borders, or the people who come to a hospital.
    Returns for "all labels" and "LABEL only", where two sources or more have ten films on both sides: n, groups,
    sources, films learned from, the share of the largest source, and accuracy and balanced accuracy with intervals.
    """
    learned, tested = embeddings(predictor, fitted_on, images=images), embeddings(predictor, films, images=images)
    found = {}
    for name, label in (("all labels", None), *((f"{label} only", label) for label in predictor.labels)):
        own = [index for index, film in enumerate(fitted_on) if label in (None, film.label)]
        other = [index for index, film in enumerate(films) if label in (None, film.label)]
        figures = guess_source(
            (learned[own], [fitted_on[index] for index in own]), (tested[other], [films[index] for index in other])
        )
        if figures is not None:
            found[name] = figures
    return found


def embeddings(predictor: Predictor, films: Sequence[Film], *, images: Path) -> Floats:
    """The mean of the last convolutional map, (n, channels), of every film as the product prepares it."""
    return np.array(
        [
            predictor.run(predictor.prepare(read_film(images / film.file)))[1].mean(axis=(0, 1), dtype=np.float64)
            for film in films
        ]
    )


def guess_source(
    learned: tuple[Floats, Sequence[Film]], tested: tuple[Floats, Sequence[Film]]
) -> dict[str, Any] | None:
    """Fit a classifier of the source on some films and score it on others; None with fewer than two sources.

    learned, tested: embeddings (n, channels) and the films they are of. Logistic regression on standardised principal
    directions, its penalty chosen by cross-validation over patient groups, each source weighted alike.
    Source: Alain and Bengio, Understanding intermediate layers using linear classifier probes, arXiv 1610.01644.
    """
    counts = (Counter(film.source for film in learned[1]), Counter(film.source for film in tested[1]))
    sources = sorted(source for source in counts[0] if min(counts[0][source], counts[1][source]) >= _FEWEST)
    if len(sources) < 2:
        return None
    (values, films), (others, other_films) = _of(sources, learned), _of(sources, tested)
    said = _fit(values, films).predict(others)
    true = np.array([film.source for film in other_films])

    def figures(chosen: NDArray[np.int64]) -> Figures:
        right = (said == true)[chosen]
        recalls = [right[true[chosen] == source].mean() for source in np.unique(true[chosen])]
        return {"accuracy": float(right.mean()), "balanced accuracy": float(np.mean(recalls))}

    groups = np.array([film.group for film in other_films])
    return {
        "n": len(other_films),
        "groups": len(set(groups.tolist())),
        "learned from": len(films),
        "sources": sources,
        "largest source": round(max(counts[1][source] for source in sources) / len(other_films), 6),
        "figures": bootstrap(groups, figures),
    }


def _of(sources: Sequence[str], given: tuple[Floats, Sequence[Film]]) -> tuple[Floats, list[Film]]:
    chosen = [index for index, film in enumerate(given[1]) if film.source in sources]
    return given[0][chosen], [given[1][index] for index in chosen]


def _fit(values: Floats, films: Sequence[Film]) -> Any:
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    smallest_fold = len(values) * (_FOLDS - 1) // _FOLDS // 2
    probe = make_pipeline(
        StandardScaler(),
        # Whitened, because along directions of unequal length the fit takes a hundred times as many steps.
        PCA(min(_DIRECTIONS, values.shape[1], smallest_fold), whiten=True, random_state=0),
        LogisticRegression(class_weight="balanced", max_iter=1000),
    )
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=0)
    search = GridSearchCV(probe, {"logisticregression__C": list(_PENALTIES)}, scoring="balanced_accuracy", cv=folds)
    search.fit(values, [film.source for film in films], groups=[film.group for film in films])
    return search
