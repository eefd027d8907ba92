"""How runs do on sources they never saw: the nearest thing to another hospital that the training data allow."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.engine.bundle import LEFT_OUT, LOGITS_OUTSIDE, load_card, write_card
from inference.engine.calibrate import probabilities
from inference.training.config import TrainingConfig
from inference.training.dataset import Film, Manifest
from inference.training.inputs import load_inputs
from inference.training.metrics import Scores, auroc, bootstrap, with_intervals
from inference.training.runs import finder_of, refuse_other_manifest
from inference.training.train import load_run

_RESAMPLES = 300
# Preprocessed films that are turned to float32 at a time: some hundred megabytes at 224 px.
_BLOCK = 512


class Scored(NamedTuple):
    """Films a run was applied to: logits (n, labels), targets, sources and patient groups (n,)."""

    logits: NDArray[np.float32]
    targets: NDArray[np.int64]
    sources: NDArray[np.str_]
    groups: NDArray[np.str_]


def outside_logits(run: Path, manifest: Manifest, images: Path, cache: Path) -> Scored:
    """Logits of every film of the sources that a run left out; use to fit what must hold at another hospital.

    run: folder of a run trained with `--leave-out`. images, cache: as in training. Films of a patient group that is
    also in a source the run knew are not among them.
    Raises ValueError when the run left no source out, BadRun when it learned from another manifest.
    """
    config, _, model = load_run(run)
    _refuse(run, config, manifest)
    films = outside_films(manifest, config.left_out_sources)
    return _score(run, config, model, films, images=images, cache=cache)[0]


def outside_films(manifest: Manifest, left_out: Sequence[str]) -> list[Film]:
    """Films of the sources left out, of every split, less those of a patient group that a known source also has."""
    known = {film.group for film in manifest.films if film.source not in left_out}
    return [film for film in manifest.films if film.source in left_out and film.group not in known]


def evaluate_left_out(
    runs: Sequence[Path], manifest: Manifest, *, images: Path, cache: Path, bundle: Path
) -> dict[str, Any]:
    """Score runs trained with `--leave-out`, inside and outside their sources; write left_out.json into a bundle.

    The runs are siblings of the bundle's (same network and recipe, their own budget), not the bundle itself, which saw
    every source. images, cache: as in training. The logits of the films outside go to left_out.npz beside.
    Returns what was written. Raises ValueError when a run left no source out or has other labels than the bundle,
    BadRun when it learned from another manifest.
    """
    card = load_card(bundle)
    siblings, insides, outsides = [], [], []
    for run in runs:
        sibling, inside, outside = _sibling(run, manifest, labels=card.labels, images=images, cache=cache)
        siblings.append(sibling)
        insides.append(inside)
        outsides.append(outside)
    found = {
        "manifest_sha256": manifest.sha256,
        "siblings": siblings,
        "mean over sources": mean_over_sources(siblings),
        "pooled": with_intervals(pooled(outsides), labels=card.labels, resamples=_RESAMPLES),
    }
    (bundle / LEFT_OUT).write_text(json.dumps(found, indent=1) + "\n")
    _write_logits(bundle / LOGITS_OUTSIDE, insides, [scored for scored, _ in outsides])
    write_card(card, bundle)
    return found


def pooled(outsides: Sequence[tuple[Scored, Sequence[Film]]]) -> Scores:
    """Every film once, with the probabilities of the siblings that never saw its source, averaged.

    outsides: of each sibling, what it was applied to and the films, in the same order. All labels are among the films
    even where each source has one, so that figures which compare labels are defined.
    """
    rows: dict[Film, list[NDArray[np.float64]]] = {}
    for scored, films in outsides:
        for film, row in zip(films, _scores(scored).probabilities, strict=True):
            rows.setdefault(film, []).append(row)
    targets = {film: target for scored, films in outsides for film, target in zip(films, scored.targets, strict=True)}
    return Scores(
        np.array([np.mean(own, axis=0) for own in rows.values()]),
        np.array([targets[film] for film in rows], dtype=np.int64),
        np.array([film.group for film in rows]),
    )


def mean_over_sources(siblings: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """The figures by which recipes are chosen: each the plain mean over the sources left out where it is defined.

    siblings: as in left_out.json. A source that several siblings left out counts once, as their mean.
    Returns for each figure its mean as `value`, and over how many sources as `sources`.
    """
    values: dict[str, dict[str, list[float]]] = {}
    for sibling in siblings:
        for source, found in sibling["sources"].items():
            for name, figure in found["figures"].items():
                values.setdefault(name, {}).setdefault(source, []).append(figure["value"])
    return {
        name: {"value": round(float(np.mean([np.mean(own) for own in of.values()])), 6), "sources": len(of)}
        for name, of in values.items()
    }


def _sibling(
    run: Path, manifest: Manifest, *, labels: tuple[str, ...], images: Path, cache: Path
) -> tuple[dict[str, Any], Scored, tuple[Scored, list[Film]]]:
    config, state, model = load_run(run)
    _refuse(run, config, manifest)
    if config.labels != labels:
        raise ValueError(f"Expected the bundle's labels {labels}; received {config.labels} in {run}. Name a sibling.")
    known = manifest.of_split("test", without_sources=config.left_out_sources)
    inside, _ = _score(run, config, model, known, images=images, cache=cache)
    unseen = outside_films(manifest, config.left_out_sources)
    outside, films = _score(run, config, model, unseen, images=images, cache=cache)
    found = {
        "network": config.network,
        "left out": list(config.left_out_sources),
        "size": config.final_size,
        "minutes": round(state.seconds / 60, 1),
        "epochs": state.epoch,
        "initial weights": config.initial_weights,
        "inside": with_intervals(_scores(inside), labels=labels, resamples=_RESAMPLES),
        "outside": with_intervals(_scores(outside), labels=labels, resamples=_RESAMPLES),
        "sources": {
            source: _of_source(_at(outside, outside.sources == source), inside, labels)
            for source in sorted(set(outside.sources.tolist()))
        },
    }
    return found, inside, (outside, films)


def _of_source(outside: Scored, inside: Scored, labels: tuple[str, ...]) -> dict[str, Any]:
    """Figures of one source's films, and each of its labels' AUROC against the films of other labels inside.

    Nearly every source has one label, so an AUROC within it is not defined; beside the inside test films one is.
    """
    found = with_intervals(_scores(outside), labels=labels, resamples=_RESAMPLES)
    scores, known = _scores(outside), _scores(inside)

    def beside_inside(chosen: NDArray[np.int64]) -> dict[str, float]:
        some = scores.at(chosen)
        areas = {}
        for index in np.unique(some.targets):
            own, others = some.targets == index, known.targets != index
            ranked = np.concatenate([some.probabilities[own, index], known.probabilities[others, index]])
            positive = np.arange(len(ranked)) < own.sum()
            areas[f"auroc {labels[index]} beside inside films"] = auroc(ranked, positive)
        return areas

    found["figures"] |= bootstrap(scores.groups, beside_inside, resamples=_RESAMPLES)
    return found


def _refuse(run: Path, config: TrainingConfig, manifest: Manifest) -> None:
    if not config.left_out_sources:
        raise ValueError("Expected a run that left sources out; received one that saw all. Train with --leave-out.")
    refuse_other_manifest(run, manifest)


def _score(
    run: Path, config: TrainingConfig, model: Any, films: list[Film], *, images: Path, cache: Path
) -> tuple[Scored, list[Film]]:
    # Here and not above: the makers of bundles fit their rules on these logits, and so load this file.
    from inference.training.assemble import run_network

    finder = finder_of(run)
    inputs, kept = load_inputs(films, images=images, size=config.final_size, cache=cache, finder=finder)
    blocks = [
        run_network(model, np.asarray(inputs[first : first + _BLOCK]))[0] for first in range(0, len(kept), _BLOCK)
    ]
    scored = Scored(
        np.concatenate(blocks),
        np.array([config.labels.index(film.label) for film in kept], dtype=np.int64),
        np.array([film.source for film in kept]),
        np.array([film.group for film in kept]),
    )
    return scored, kept


def _scores(scored: Scored) -> Scores:
    return Scores(probabilities(scored.logits, temperature=1.0), scored.targets, scored.groups)


def _at(scored: Scored, mask: NDArray[np.bool_]) -> Scored:
    return Scored(scored.logits[mask], scored.targets[mask], scored.sources[mask], scored.groups[mask])


def _write_logits(path: Path, insides: Sequence[Scored], outsides: Sequence[Scored]) -> None:
    # Those inside are there to compare with: a sibling that is unsure of every film is unsure of unseen ones too.
    kept = _joined(outsides) | {f"inside_{name}": values for name, values in _joined(insides).items()}
    np.savez_compressed(path, allow_pickle=False, **kept)


def _joined(parts: Sequence[Scored]) -> dict[str, NDArray[Any]]:
    joined = {name: np.concatenate([getattr(one, name) for one in parts]) for name in Scored._fields}
    return joined | {"sibling": np.repeat(np.arange(len(parts)), [len(one.targets) for one in parts])}
