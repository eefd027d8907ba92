"""Synthetic chest films for the browser tests: generated, no person's."""

import io
from pathlib import Path

from PIL import Image

from inference.engine import synthetic


def film_bytes(label: str = "normal", seed: int = 1) -> bytes:
    """Return one synthetic film as PNG."""
    file = io.BytesIO()
    Image.fromarray(synthetic.sample(label, seed)).save(file, "PNG")
    return file.getvalue()


def write_films(folder: Path, count: int) -> list[Path]:
    """Write so many different films and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"film-{number}.png" for number in range(1, count + 1)]
    for number, path in enumerate(paths, start=1):
        path.write_bytes(film_bytes(["pneumonia", "normal", "covid19"][number % 3], seed=number))
    return paths
