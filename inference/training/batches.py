"""One epoch of balanced, augmented batches as a tf.data pipeline."""

import os

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from inference.training.augment import augment, mix_up
from inference.training.config import TrainingConfig
from inference.training.inputs import Inputs

Batch = tuple[NDArray[np.float32], NDArray[np.float32]]


class Batches:
    """The batches of one epoch; batch i of epoch e is the same however often, and after whatever break, it is drawn."""

    def __init__(
        self,
        inputs: Inputs,
        targets: NDArray[np.int64],
        weights: NDArray[np.float64],
        *,
        config: TrainingConfig,
        epoch: int,
    ) -> None:
        self._inputs, self._targets, self._weights = inputs, targets, weights
        self._config, self._epoch = config, epoch

    def batch(self, index: int) -> Batch:
        """Films (batch, side, side, 1) float32 in 0..1 and targets (batch, labels) of one step."""
        generator = np.random.default_rng([self._config.seed, self._epoch, index])
        chosen = np.sort(generator.choice(len(self._targets), self._config.batch, p=self._weights))
        films = self._inputs.pixels[chosen].astype(np.float32) / 255.0
        lungs = None if self._inputs.lungs is None else self._inputs.lungs[chosen].astype(np.float32) / 255.0
        targets = np.eye(len(self._config.labels), dtype=np.float32)[self._targets[chosen]]
        films = augment(films, lungs, generator)
        films, targets = mix_up(films, targets, generator, alpha=self._config.mix_up)
        return films[..., np.newaxis], targets

    def pipeline(self) -> tf.data.Dataset:
        """The epoch in order, made ahead of the network, so that the processor never waits for a film."""
        side, labels = self._inputs.pixels.shape[1], len(self._config.labels)

        def make(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            films, targets = tf.numpy_function(self.batch, [index], (tf.float32, tf.float32))
            films.set_shape((self._config.batch, side, side, 1))
            targets.set_shape((self._config.batch, labels))
            return films, targets

        steps = tf.data.Dataset.range(self._config.steps_per_epoch)
        # Half the cores: on a processor the network needs the others, and one core alone would starve a GPU.
        makers = max(1, (os.cpu_count() or 1) // 2)
        return steps.map(make, num_parallel_calls=makers, deterministic=True).prefetch(4)
