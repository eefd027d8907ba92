"""Makes the lung finder's serving graph from its stored weights; imports TensorFlow, so never in serving."""

from pathlib import Path
from typing import Any

import numpy as np

from inference.engine.bundle import read_arrays
from inference.engine.errors import BadBundle
from inference.engine.lungs import FINDER_SIDE, LungFinder

# Largest difference in any place's chance between Keras and the graph.
TOLERANCE = 1e-4


def finder_model(weights: Path) -> Any:
    """The finder's Keras network with its stored weights, float32.

    Raises BadBundle when the file is none, or its variables are not the network's.
    """
    from inference.engine.network_lungs import build_lungs

    model = build_lungs()
    stored = read_arrays(weights)
    received = {name: value.shape for name, value in stored.items()}
    expected = {variable.path: tuple(variable.shape) for variable in model.variables}
    if expected != received:
        raise BadBundle(
            expected=f"the lung finder's weights in {weights}",
            received=f"other variables: {sorted(set(expected.items()) ^ set(received.items()))[:4]}",
            remedy="Train the finder with this version, or name the file that `lungs` wrote",
        )
    for variable in model.variables:
        variable.assign(stored[variable.path].astype(np.float32))
    return model


def write_finder_graph(weights: Path, graph: Path) -> float:
    """Write the graph (.xml and .bin) of a finder's weights (.npz); returns its largest difference from Keras.

    Raises BadBundle when it is above 1e-4.
    """
    import openvino
    import tensorflow

    model = finder_model(weights)
    signature = [tensorflow.TensorSpec((None, FINDER_SIDE, FINDER_SIDE, 1), tensorflow.float32, name="pixels")]
    traced = tensorflow.function(lambda pixels: model(pixels, training=False), input_signature=signature)
    openvino.save_model(openvino.convert_model(traced.get_concrete_function()), graph, compress_to_fp16=False)
    inputs = np.random.default_rng(0).random((4, FINDER_SIDE, FINDER_SIDE, 1)).astype(np.float32)
    served = LungFinder(graph)
    gaps = [np.abs(np.asarray(model(one[np.newaxis]))[0, ..., 0] - served(one)).max() for one in inputs]
    # Not Python's max, which passes over a value that is not a number.
    difference = float(np.max(gaps))
    if not difference <= TOLERANCE:
        raise BadBundle(
            expected=f"a lung finder's graph within {TOLERANCE} of Keras",
            received=f"a difference of {difference:.2e}",
            remedy="Do not register this bundle; report the difference with the OpenVINO version",
        )
    return difference
