"""In which numbers the serving graph computes: float32, or bfloat16 for a bundle whose accuracy was measured in it."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from inference.engine.bundle import Card
from inference.engine.errors import BadPrecision

# As OpenVINO's INFERENCE_PRECISION_HINT names them.
F32, BF16 = "f32", "bf16"
PRECISIONS = (F32, BF16)
# What `python -m inference.training precision` writes into a bundle.
MEASURED = "precision.json"
# As OpenVINO's OPTIMIZATION_CAPABILITIES name it.
_BFLOAT16 = "BF16"
_MEASURE = "Run python -m inference.training precision on the bundle, or unset LIGHTBOX_GRAPH_PRECISION"


def precision_to_serve(bundle_dir: Path, card: Card) -> str:
    """The precision that $LIGHTBOX_GRAPH_PRECISION asks for, float32 when unset; use when a worker loads a bundle.

    card: as `load_card` gives it, so that the measurement's own hash is checked.
    Raises BadPrecision for a name that is none, and for bfloat16 when the bundle does not say what these very weights
    answer in it: it changes numbers, and nobody has looked by how much.
    """
    asked = os.environ.get("LIGHTBOX_GRAPH_PRECISION") or F32
    if asked not in PRECISIONS:
        raise BadPrecision(
            expected=f"one of {', '.join(PRECISIONS)} in LIGHTBOX_GRAPH_PRECISION",
            received=repr(asked),
            remedy="Correct it, or unset it for float32",
        )
    if asked != F32:
        _check_measured(asked, bundle_dir, card)
    return asked


def _check_measured(precision: str, bundle_dir: Path, card: Card) -> None:
    expected = f"a bundle whose accuracy was measured in {precision}, since LIGHTBOX_GRAPH_PRECISION asks for it"
    if MEASURED not in card.files:
        raise BadPrecision(expected=expected, received=f"{card.name}, without {MEASURED}", remedy=_MEASURE)
    found = json.loads((bundle_dir / MEASURED).read_text())
    if (found["precision"], found["weights_sha256"]) != (precision, card.weights_sha256):
        received = f"one of {found['precision']} with weights {found['weights_sha256'][:8]}"
        raise BadPrecision(expected=expected, received=received, remedy=_MEASURE)


def precisions_here() -> tuple[str, ...]:
    """The precisions that this machine's processor computes in; float32 is always one."""
    import openvino

    return PRECISIONS if _BFLOAT16 in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES") else (F32,)


def check_processor(precision: str, *, capabilities: Sequence[str], device: str) -> None:
    """Refuse a precision that the processor does not compute in; OpenVINO would take another and not say so.

    capabilities: OpenVINO's OPTIMIZATION_CAPABILITIES. device: the processor's name.
    Raises BadPrecision.
    """
    if precision == BF16 and _BFLOAT16 not in capabilities:
        raise BadPrecision(
            expected="a processor that computes in bfloat16 (avx512_bf16 or amx_bf16)",
            received=device,
            remedy="Unset LIGHTBOX_GRAPH_PRECISION, or run the workers on such a processor",
        )
