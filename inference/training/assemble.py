"""Makes a bundle of a trained run: weights as stored; temperature, rule and gate chosen on validation films."""

import subprocess
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from inference.engine import gate, preprocess
from inference.engine.bundle import Card, pack, write_bundle
from inference.engine.calibrate import choose_rule, fit_temperature, probabilities
from inference.engine.lung_looks import fit_lung_limits, look
from inference.engine.network import LOGITS, build
from inference.training.config import TrainingConfig
from inference.training.inputs import Inputs
from inference.training.runs import RunState, finder_of, refuse_other_manifest
from inference.training.train import Data, load_run, split_inputs

# Films the gate's statistics are fitted on: enough for 48 directions, few enough for two cores.
GATE_FILMS = 3000
# Share of validation films that the gate may refuse: real frontal films elsewhere must stay below 1 %, and 0.6 % here
# became 1.2 % of the test films of resnet50-v2.
REFUSED_SHARE = 0.004


def assemble(run: Path, data: Data, *, out: Path, most_error: float, networks: Any = None) -> Card:
    """Write the bundle of a run's last checkpoint, or best where it may stop early, to `out`; use when it has ended.

    data: what the run learned from; its finder is the run's own. most_error: the error that the selective rule may make
    on validation films, e.g. 0.05. networks: a table of networks of one's own.
    Returns the card, still without metrics: `evaluate` adds them.
    Raises BadRun for another manifest or finder than the run's own, BadBundle when `out` holds something.
    """
    refuse_other_manifest(run, data.manifest)
    config, state, trained = load_run(run)
    data = replace(data, finder=finder_of(run))
    weights = {variable.path: np.asarray(variable) for variable in trained.variables}
    model = _as_stored(config, weights, networks)
    inputs = split_inputs(config, data, "validation", size=config.final_size)
    logits, embeddings = run_network(model, inputs.pixels)
    targets = np.array([config.labels.index(film.label) for film in inputs.films])
    temperature = fit_temperature(logits, targets)
    rule = choose_rule(probabilities(logits, temperature=temperature), targets, most_error=most_error)
    statistics = _gate_statistics(config, data, model)
    limits = _gate_limits(inputs, embeddings, statistics)
    card = Card(
        name=out.name,
        architecture=config.network,
        labels=config.labels,
        input_size=config.final_size,
        preprocess_version=preprocess.LUNGS_ONLY if data.finder else preprocess.WHOLE_FILM,
        temperature=temperature,
        selective_rule=rule,
        mirrored=True,
        gate_limits=limits,
        manifest_sha256=data.manifest.sha256,
        code_commit=_commit(),
        training=_training(config, state),
    )
    return write_bundle(out, card, weights=weights, statistics=statistics, finder=data.finder)


def run_network(model: Any, inputs: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logits (n, labels) and embeddings (n, channels) of preprocessed films (n, side, side) uint8.

    Each the mean of the film as it is and mirrored, as the predictor of a bundle made here reads it.
    """
    pooled = keras.Model(model.input, [model.output[LOGITS], model.get_layer("embedding").output])
    films = inputs[..., np.newaxis].astype(np.float32) / 255.0
    as_is, mirrored = (pooled.predict(way, batch_size=64, verbose=0) for way in (films, films[:, :, ::-1]))
    return (as_is[0] + mirrored[0]) / 2, (as_is[1] + mirrored[1]) / 2


def _as_stored(config: TrainingConfig, weights: dict[str, NDArray[np.float32]], networks: Any) -> Any:
    # Everything is chosen with the float16 weights that the product will run, not with the trained ones.
    stored = pack(weights)
    model = build(config.network, label_count=len(config.labels), networks=networks)
    for variable in model.variables:
        variable.assign(stored[variable.path].astype(np.float32))
    return model


def _gate_statistics(config: TrainingConfig, data: Data, model: Any) -> gate.GateStatistics:
    inputs = split_inputs(config, data, "train", size=config.final_size)
    count = len(inputs.films)
    chosen = np.sort(np.random.default_rng(config.seed).choice(count, min(GATE_FILMS, count), replace=False))
    template = _as_floats(inputs.overview[chosen]).mean(axis=0)
    return gate.fit_statistics(template, run_network(model, inputs.pixels[chosen])[1])


def _gate_limits(inputs: Inputs, embeddings: NDArray[np.float32], statistics: gate.GateStatistics) -> gate.GateLimits:
    alike = [gate.likeness(film[..., np.newaxis], statistics.template) for film in _as_floats(inputs.overview)]
    # Two ways of being refused share what may be refused.
    share = REFUSED_SHARE if inputs.whole_lungs is None else REFUSED_SHARE / 2
    limits = gate.fit_limits(np.array(alike), gate.distance(embeddings, statistics), refused_share=share)
    if inputs.whole_lungs is None:
        return limits
    looks = [found for lungs in inputs.whole_lungs if (found := look(_as_floats(lungs))) is not None]
    return replace(limits, lungs=fit_lung_limits(looks, refused_share=share))


def _as_floats(values: NDArray[np.uint8]) -> NDArray[np.float32]:
    return values.astype(np.float32) / np.float32(255)


def _training(config: TrainingConfig, state: RunState) -> dict[str, Any]:
    return {
        **asdict(config),
        # A card travels: it names what the run began from, not where that lay on one machine.
        "initial_weights": Path(config.initial_weights).name,
        "epochs_done": state.epoch,
        "seconds": round(state.seconds),
        "history": state.history,
    }


def _commit() -> str:
    command = ["git", "rev-parse", "HEAD"]
    done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.strip() if done.returncode == 0 else "unknown"
