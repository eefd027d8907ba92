"""Plain Python: a picture file in, a Prediction out; no Django, no Celery, and TensorFlow only in the compile step."""

import sys

# Where this package is found, OpenVINO reports each import to its maker's analytics service, and forks from a thread to
# do it. The fork ends NumPy's threads, and a matrix product that runs meanwhile waits for them for ever.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
