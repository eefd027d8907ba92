"""Trains the lung finder on films with drawn lung masks, and measures it on patient groups held back."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from inference.engine.bundle import pack, sha256_of
from inference.engine.lungs import LUNG
from inference.engine.network_lungs import build_lungs
from inference.training.augment import change_style, move
from inference.training.dataset import Film
from inference.training.errors import BadDataSet
from inference.training.lung_films import load_pairs, mask_path

Grey = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class LungTraining:
    """A run of the lung finder: every number that shapes it."""

    epochs: int = 14
    batch: int = 32
    learning_rate: float = 2e-3
    seed: int = 1
    precision: str = "mixed_bfloat16"


class MaskedBatches(keras.utils.PyDataset):
    """One epoch of films with their masks, both moved alike; batch i of epoch e is the same however often drawn."""

    def __init__(self, inputs: Grey, masks: Grey, *, config: LungTraining) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self._inputs, self._masks, self._config, self._epoch = inputs, masks, config, 0

    def __len__(self) -> int:
        return len(self._inputs) // self._config.batch

    def on_epoch_end(self) -> None:
        """Go on to the next epoch's order and changes."""
        self._epoch += 1

    def __getitem__(self, index: int) -> tuple[Grey, Grey]:
        order = np.random.default_rng([self._config.seed, self._epoch]).permutation(len(self._inputs))
        chosen = np.sort(order[index * self._config.batch : (index + 1) * self._config.batch])
        generator = np.random.default_rng([self._config.seed, self._epoch, index])
        films, masks = move((self._inputs[chosen], self._masks[chosen]), generator)
        return np.clip(change_style(films, generator), 0, 1)[..., np.newaxis], masks[..., np.newaxis]


def train_lungs(
    films: Sequence[Film], *, images: Path, masks: Path, out: Path, config: LungTraining | None = None
) -> dict[str, Any]:
    """Train the finder on the training films that have a mask; write its weights (.npz) and its figures beside them.

    films: of the manifest. images, masks: folders; a mask is named as its film, .png, the film squashed to a square.
    Skips films or masks that cannot be read, and lists them.
    Returns Dice and share of films with Dice above 0.9 on test films, as stored (float16 kernels), and the curve.
    Raises BadDataSet when too few films have a mask, UnreadableImage when more than 1 % cannot be read.
    """
    config = config or LungTraining()
    having = [film for film in films if mask_path(masks, film).exists()]
    learned = [film for film in having if film.split == "train"]
    held_back = [film for film in having if film.split == "test"]
    if len(learned) < config.batch or not held_back:
        raise BadDataSet(
            expected=f"masks in {masks} of {config.batch} training films and a test film at least",
            received=f"{len(learned)} and {len(held_back)}",
            remedy="Name the folder of lung masks; a mask is named as its film, .png",
        )
    inputs, drawn = load_pairs(learned, images, masks)
    unseen, drawn_unseen = load_pairs(held_back, images, masks)
    keras.utils.set_random_seed(config.seed)
    model = _model(config, steps=config.epochs * (len(inputs) // config.batch))
    batches = MaskedBatches(inputs, drawn, config=config)
    fitted = model.fit(batches, epochs=config.epochs, verbose=2, shuffle=False)
    stored = pack({variable.path: np.asarray(variable) for variable in model.variables})
    for variable in model.variables:
        variable.assign(stored[variable.path].astype(np.float32))
    _write(stored, out)
    scores = dice(model.predict(unseen[..., np.newaxis], batch_size=64, verbose=0)[..., 0], drawn_unseen)
    found: dict[str, Any] = {
        "trained on": len(inputs),
        "n": len(scores),
        "dice": float(scores.mean()),
        "dice above 0.9": float((scores > 0.9).mean()),
        "losses": fitted.history["loss"],
        "sha256": sha256_of(out),
    }
    out.with_suffix(".json").write_text(json.dumps({**found, **vars(config)}, indent=2) + "\n")
    return found


def _write(stored: dict[str, NDArray[np.floating]], out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f"partial-{out.name}")
    # An open file, because NumPy gives a name without .npz another one.
    with partial.open("wb") as file:
        np.savez(file, allow_pickle=False, **stored)
    partial.replace(out)


def dice(found: Grey, drawn: Grey) -> NDArray[np.float64]:
    """Dice overlap of (n, side, side) chances with drawn masks (0..1), one value a film.

    Source: Dice, Ecology 26 (1945), 297-302.
    """
    ours, theirs = found >= LUNG, drawn >= LUNG
    both = (ours & theirs).sum(axis=(1, 2))
    return 2.0 * both / np.maximum(ours.sum(axis=(1, 2)) + theirs.sum(axis=(1, 2)), 1)


def _model(config: LungTraining, *, steps: int) -> keras.Model:
    previous = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy(config.precision)
    try:
        model = build_lungs()
    finally:
        keras.mixed_precision.set_dtype_policy(previous)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps, warmup_target=config.learning_rate, warmup_steps=steps // 20
    )
    model.compile(keras.optimizers.AdamW(rate, clipnorm=5.0), _overlap_and_entropy, jit_compile=False)
    return model


def _overlap_and_entropy(drawn: keras.KerasTensor, found: keras.KerasTensor) -> keras.KerasTensor:
    # Entropy alone is content with blurred edges, overlap alone is slow to start.
    both = keras.ops.sum(drawn * found, axis=(1, 2, 3))
    either = keras.ops.sum(drawn + found, axis=(1, 2, 3))
    overlap = (2.0 * both + 1.0) / (either + 1.0)
    return keras.ops.mean(keras.losses.binary_crossentropy(drawn, found), axis=(1, 2)) + 1.0 - overlap
