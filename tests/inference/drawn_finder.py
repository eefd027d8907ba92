"""A lung finder for drawn films, made without TensorFlow: what is dark is lung."""

from pathlib import Path

import numpy as np

from inference.engine.lungs import FINDER_SIDE


def write_drawn_finder(graph: Path) -> float:
    """Write a finder's graph (.xml and .bin) that marks the darker places of an equalised film; returns 0."""
    import openvino
    from openvino import opset13 as ops

    pixels = ops.parameter([-1, FINDER_SIDE, FINDER_SIDE, 1], np.float32, name="pixels")
    darker = ops.multiply(ops.subtract(np.float32(0.3), pixels), np.float32(40))
    openvino.save_model(openvino.Model([ops.sigmoid(darker)], [pixels]), graph, compress_to_fp16=False)
    return 0.0
