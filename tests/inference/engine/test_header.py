"""What a file is, by its content: every good one is taken with its facts, every bad one refused with its reason."""

import subprocess
import sys
from pathlib import Path

import pytest

from inference.engine.errors import UnreadableImage
from inference.engine.header import Limits, inspect_file
from inference.engine.header_facts import HeaderStream
from tests.pictures import corpus, deflate_bomb, good_pictures, jpeg_bytes, phantom, png_bytes, raw_png, tiff_bytes

BAD = {name: (data, code) for name, data, code in corpus()}
GOOD = dict(good_pictures())
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def put(tmp_path):
    def write(data: bytes, name: str = "film") -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_with_its_reason(put, name):
    data, code = BAD[name]

    with pytest.raises(UnreadableImage) as refusal:
        inspect_file(put(data, name))

    assert refusal.value.code == code
    assert refusal.value.expected
    assert refusal.value.received
    assert refusal.value.remedy


@pytest.mark.parametrize("name", GOOD)
def test_a_good_file_is_taken_whatever_its_name(put, name):
    facts = inspect_file(put(GOOD[name], "renamed.exe"))

    assert (facts.width, facts.height) == (128, 160)
    assert facts.bits in (8, 12, 16)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (png_bytes(), ("png", "image/png", 8, 1)),
        (png_bytes(phantom(top=65535)), ("png", "image/png", 16, 1)),
        (jpeg_bytes(), ("jpeg", "image/jpeg", 8, 1)),
        (tiff_bytes(phantom(top=65535), big_endian=True), ("tiff", "image/tiff", 16, 1)),
        (GOOD["lossless.webp"], ("webp", "image/webp", 8, 3)),
        (GOOD["grey8.bmp"], ("bmp", "image/bmp", 8, 3)),
        (GOOD["opaque.png"], ("png", "image/png", 8, 4)),
        (GOOD["baseline.dcm"], ("dicom", "application/dicom", 8, 1)),
    ],
)
def test_the_facts_are_the_headers(put, data, said):
    facts = inspect_file(put(data))

    assert (facts.format, facts.media_type, facts.bits, facts.samples) == said


def test_too_many_bytes_are_refused_before_anything_is_read(put):
    with pytest.raises(UnreadableImage) as refusal:
        inspect_file(put(b"x" * 2000), limits=Limits(max_bytes=1999))

    assert refusal.value.code == "too_many_bytes"


def test_the_refusal_of_a_stranger_says_what_came(put):
    with pytest.raises(UnreadableImage, match="GIF"):
        inspect_file(put(BAD["film.gif"][0]))


@pytest.mark.parametrize(
    "name", ["grey8.png", "progressive.jpg", "lossless.webp", "grey8.bmp", "1.2.840.10008.1.2.5.dcm"]
)
def test_a_file_cut_anywhere_is_refused(put, name):
    data = GOOD[name]

    for length in range(0, len(data), max(1, len(data) // 60)):
        with pytest.raises(UnreadableImage):
            inspect_file(put(data[:length]))


@pytest.mark.parametrize("part", [b"\xff\xff", b"\xff\xda\x00\x02"], ids=["fill bytes", "empty scans"])
def test_a_hostile_jpeg_is_not_read_again_for_each_of_its_parts(put, monkeypatch, part):
    hostile = put(jpeg_bytes()[:-2] + part * 5_000_000)
    asked = []
    read = HeaderStream.read
    monkeypatch.setattr(HeaderStream, "read", lambda stream, count: asked.append(count) or read(stream, count))

    with pytest.raises(UnreadableImage):
        inspect_file(hostile)

    assert sum(asked) < 4 * hostile.stat().st_size
    assert len(asked) < 100_000


@pytest.mark.parametrize("make", [deflate_bomb, lambda: raw_png(50_000, 50_000, data=bytes(11_000))])
def test_a_bomb_costs_almost_no_memory(put, make):
    bomb = put(make())
    growth = _memory_growth(f"inspect_file(Path({str(bomb)!r}))")

    assert growth < 20 * 1024**2


def test_the_memory_measure_sees_what_a_naive_reader_takes(put):
    bomb = put(deflate_bomb(256 * 1024**2))

    assert _memory_growth(f"__import__('pydicom').dcmread({str(bomb)!r})") > 200 * 1024**2


def _memory_growth(statement: str) -> int:
    """Bytes by which a child's peak memory grows while it runs `statement`."""
    program = f"""
import re, warnings
from pathlib import Path
from inference.engine.header import inspect_file
warnings.simplefilter("ignore")
def peak():
    # Not ru_maxrss: a child starts with its parent's, and a test process that has loaded much would hide everything.
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
before = peak()
try:
    {statement}
except Exception:
    pass
print((peak() - before) * 1024)
"""
    answer = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return int(answer.stdout)
