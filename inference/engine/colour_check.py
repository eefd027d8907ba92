"""The rule that tells a colour photograph from a film in three channels, and the child process that applies it."""

import json
import resource
import statistics
import sys
import warnings
from collections import defaultdict
from pathlib import Path

from PIL import Image

from .header_facts import Limits

# A film photographed or scanned with a tint (blue base, sepia, a warm light box) has one colour per brightness.
# A photograph of the world has many. So each pixel's chroma is compared with the median chroma of its brightness,
# and the share of pixels that stray by more than 16 of 255 decides. Measured: photographs (a portrait, a cat, a
# street of red doors) 0.23 to 0.35; tinted films, also with uneven light, up to 0.03; arrows, letters and coloured
# boxes cover a few per cent. One in ten lies between. A plain saturation threshold would have refused the bluish
# films of the tuberculosis collection, whose every pixel is coloured.
_STRAY = 16
_MOST_STRAYING = 0.10
# A false-colour map (hot, viridis) may also have one colour per brightness, but a saturated one.
_SATURATED = 128
_MOST_SATURATED = 0.10
_SIDE = 128
_BRIGHTNESSES = 16

_RASTERS = ["PNG", "JPEG", "TIFF", "WEBP", "BMP"]
_ADDRESS_SPACE = 3 * 1024**3  # 50 megapixels in RGB, with the copies of a colour transformation
_CPU_SECONDS = 20


def verdict(image: Image.Image) -> str:
    """Judge a picture's colours; use it in the worker on the decoded picture and in the child on a reduced one.

    image: any mode. Returns "grey", "colour" or "transparent" (see-through somewhere).
    """
    if image.has_transparency_data and image.convert("RGBA").getchannel("A").getextrema() != (255, 255):
        return "transparent"
    if image.mode in ("L", "LA") or image.mode.startswith("I"):
        return "grey"
    straying, saturated = straying_share(image.convert("RGB"))
    return "colour" if straying > _MOST_STRAYING or saturated > _MOST_SATURATED else "grey"


def straying_share(image: Image.Image) -> tuple[float, float]:
    """How much of a picture strays from one colour per brightness, and how much of it is saturated.

    Without NumPy: its import would take longer than the check. image: RGB. Returns two shares in 0..1.
    """
    small = image.copy()
    small.thumbnail((_SIDE, _SIDE), reducing_gap=2.0)
    data = small.tobytes()
    pixels = list(zip(data[0::3], data[1::3], data[2::3], strict=True))
    by_brightness: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for red, green, blue in pixels:
        brightness = (red + green + blue) / 3
        by_brightness[int(brightness * _BRIGHTNESSES) >> 8].append((red - brightness, blue - brightness))
    straying = sum(map(_straying, by_brightness.values()))
    saturated = sum(max(pixel) - min(pixel) > _SATURATED for pixel in pixels)
    return straying / len(pixels), saturated / len(pixels)


def _straying(chroma: list[tuple[float, float]]) -> int:
    usual_red = statistics.median(red for red, _ in chroma)
    usual_blue = statistics.median(blue for _, blue in chroma)
    return sum(max(abs(red - usual_red), abs(blue - usual_blue)) > _STRAY for red, blue in chroma)


def _judge(path: Path, file_format: str) -> str:
    if file_format == "dicom":
        return _judge_dicom(path)
    # Pillow warns above this and, the warning being an error, goes no further.
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = Limits().max_pixels
    with path.open("rb") as file, Image.open(file, formats=_RASTERS) as image:
        # A JPEG decodes at an eighth of its size in an eighth of the time; the others ignore this.
        image.draft("RGB", (_SIDE, _SIDE))
        image.load()
        return verdict(image)


def _judge_dicom(path: Path) -> str:
    # Here and not above: pydicom and NumPy take five times as long to import as a raster file takes to judge.
    from .header import inspect_file
    from .read_dicom import decode_dicom

    return verdict(Image.fromarray(decode_dicom(path, inspect_file(path))[1]))


def main(path: str, file_format: str) -> int:
    """The child: limit this process, decode one file, print one JSON object; use it only through `colour`.

    path: the file. file_format: as `FileFacts.format`. Returns the exit status.
    """
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        answer = {"verdict": _judge(Path(path), file_format)}
    except Exception as error:  # whatever a decoder throws, the answer is the same
        answer = {"verdict": "undecodable", "reason": f"{type(error).__name__} from the decoder"}
    sys.stdout.write(json.dumps(answer))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
