"""The class-activation map: where in the picture the model's answer came from, in the same pass as the answer."""

import numpy as np
from numpy.typing import NDArray


def class_activation_map(
    last_map: NDArray[np.floating], kernel: NDArray[np.floating], label_index: int
) -> NDArray[np.float16]:
    """What influenced one label's score, place by place; it is not a lesion's outline.

    last_map: (h, w, channels), the last convolutional map of one film. kernel: (channels, labels) of the linear head.
    label_index: the label to explain.
    Returns (h, w) float16 in 0..1, 1 at the strongest place; all zero where nothing speaks for the label.
    Source: Zhou et al., Learning deep features for discriminative localization, arXiv 1512.04150; for a pooled
    linear head it equals Grad-CAM (Selvaraju et al., arXiv 1610.02391, appendix A).
    """
    evidence = np.maximum(last_map.astype(np.float64) @ kernel[:, label_index].astype(np.float64), 0.0)
    strongest = float(evidence.max())
    # A map without any evidence must stay zero, not become 0/0.
    return (evidence / strongest if strongest > 0 else evidence).astype(np.float16)
