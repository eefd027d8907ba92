"""A DICOM film is shown as its header says: modality, window or table, photometric, padding, bit depth, byte order."""

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import JPEGBaseline8Bit, SecondaryCaptureImageStorage

from inference.engine.errors import UnreadableImage
from inference.engine.read import Picture, read_picture
from tests.pictures import LOSSLESS_SYNTAXES, dicom_bytes, phantom

FILM = phantom(top=4095)


@pytest.fixture
def read(tmp_path):
    def write_and_read(data: bytes) -> Picture:
        path = tmp_path / "film.dcm"
        path.write_bytes(data)
        return read_picture(path)

    return write_and_read


def linear(values: np.ndarray, centre: float, width: float) -> np.ndarray:
    """PS3.3 C.11.2.1.2.1, written the way the standard writes it."""
    y = (values - (centre - 0.5)) / (width - 1) + 0.5
    return np.where(
        values <= centre - 0.5 - (width - 1) / 2, 0, np.where(values > centre - 0.5 + (width - 1) / 2, 1, y)
    )


def table(values: np.ndarray, *, first: int = 0, bits: int = 8) -> Sequence:
    item = Dataset()
    item.add_new(0x00283002, "US", [len(values), first, bits])
    item.add_new(0x00283006, "OW", values.astype("<u2").tobytes())
    item.ModalityLUTType = "US"
    return Sequence([item])


def test_a_linear_window_is_the_standards_formula(read):
    picture = read(dicom_bytes(FILM, WindowCenter=2000, WindowWidth=1500))

    assert np.allclose(picture.pixels, linear(FILM.astype(float), 2000, 1500), atol=1e-5)
    assert picture.window == "window centre 2000, width 1500 (LINEAR)"


def test_a_linear_exact_window_has_no_half_pixel_offset(read):
    picture = read(dicom_bytes(FILM, WindowCenter=2000, WindowWidth=1500, VOILUTFunction="LINEAR_EXACT"))

    assert np.allclose(picture.pixels, np.clip((FILM - 2000.0) / 1500 + 0.5, 0, 1), atol=1e-5)


def test_a_sigmoid_window_is_the_standards_formula(read):
    picture = read(dicom_bytes(FILM, WindowCenter=2000, WindowWidth=1500, VOILUTFunction="SIGMOID"))

    assert np.allclose(picture.pixels, 1 / (1 + np.exp(-4 * (FILM - 2000.0) / 1500)), atol=1e-5)


def test_the_first_of_several_windows_is_taken(read):
    picture = read(dicom_bytes(FILM, WindowCenter=[2000, 1], WindowWidth=[1500, 1]))

    assert np.allclose(picture.pixels, linear(FILM.astype(float), 2000, 1500), atol=1e-5)


@pytest.mark.parametrize(
    ("centre", "width"), [(2000, 0), (2000, -5), (1e9, 10), (0, 1e9), ("", ""), (-500, 100), ("NaN", "NaN")]
)
def test_an_absurd_window_gives_way_to_the_percentiles_and_says_so(read, centre, width):
    stretched = read(dicom_bytes(FILM)).pixels

    picture = read(dicom_bytes(FILM, WindowCenter=centre, WindowWidth=width))

    assert np.allclose(picture.pixels, stretched, atol=1e-6)
    assert "set aside" in picture.window or centre == ""


def test_a_window_that_is_no_number_is_set_aside(read):
    film = dicom_bytes(FILM, WindowCenter="2000", WindowWidth="1500")
    picture = read(film.replace(b"DS\x04\x002000", b"DS\x04\x00x000", 1))

    assert np.allclose(picture.pixels, read(dicom_bytes(FILM)).pixels, atol=1e-6)
    assert "set aside" in picture.window


def test_without_a_window_the_percentiles_are_stretched_and_named(read):
    low, high = np.percentile(FILM, (0.1, 99.9))

    picture = read(dicom_bytes(FILM))

    assert np.allclose(picture.pixels, np.clip((FILM - low) / (high - low), 0, 1), atol=1e-5)
    assert "no window stated" in picture.window


def test_a_voi_table_goes_before_a_window(read):
    curve = np.linspace(0, 255, 4096) ** 2 / 255
    picture = read(dicom_bytes(FILM, VOILUTSequence=table(curve), WindowCenter=1, WindowWidth=2))

    assert np.allclose(picture.pixels, curve.astype(np.uint16)[FILM] / 255, atol=1e-5)
    assert picture.window == "VOI look-up table"


def test_a_broken_voi_table_gives_way_to_the_window(read):
    empty = Sequence([Dataset()])
    picture = read(dicom_bytes(FILM, VOILUTSequence=empty, WindowCenter=2000, WindowWidth=1500))

    assert np.allclose(picture.pixels, linear(FILM.astype(float), 2000, 1500), atol=1e-5)


def test_the_window_is_in_rescaled_units(read):
    picture = read(
        dicom_bytes(FILM, RescaleSlope=2, RescaleIntercept=-1000, RescaleType="US", WindowCenter=3000, WindowWidth=3000)
    )

    assert np.allclose(picture.pixels, linear(FILM * 2.0 - 1000, 3000, 3000), atol=1e-5)


def test_a_modality_table_goes_before_the_window(read):
    log = np.log1p(np.arange(4096)) * 400
    picture = read(dicom_bytes(FILM, ModalityLUTSequence=table(log, bits=16), WindowCenter=3000, WindowWidth=600))

    assert np.allclose(picture.pixels, linear(log.astype(np.uint16)[FILM].astype(float), 3000, 600), atol=1e-5)


def test_a_rescale_to_nothing_is_refused(read):
    with pytest.raises(UnreadableImage) as refusal:
        read(dicom_bytes(FILM, RescaleSlope=0, RescaleIntercept=0))

    assert refusal.value.code == "bad_rescale"


def test_eight_bits_with_a_rescale_that_changes_nothing_are_shown_as_stored(read):
    picture = read(dicom_bytes(phantom(), RescaleSlope=1, RescaleIntercept=0))

    assert np.allclose(picture.pixels, phantom() / 255, atol=1e-6)


@pytest.mark.parametrize("window", [{}, {"WindowCenter": 2000, "WindowWidth": 1500}])
def test_monochrome1_is_inverted_behind_its_window(read, window):
    plain = read(dicom_bytes(FILM, **window)).pixels

    inverse = read(dicom_bytes(FILM, PhotometricInterpretation="MONOCHROME1", **window))

    assert np.allclose(inverse.pixels, 1 - plain, atol=1e-6)
    assert inverse.window.endswith("MONOCHROME1 inverted")


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_black_and_does_not_count(read, photometric):
    padded = FILM.copy()
    padded[:30] = 4095
    picture = read(dicom_bytes(padded, PixelPaddingValue=4095, PhotometricInterpretation=photometric))
    alone = read(dicom_bytes(FILM[30:], PhotometricInterpretation=photometric))

    assert not picture.pixels[:30].any()
    assert np.allclose(picture.pixels[30:], alone.pixels, atol=1e-5)


def test_a_padding_range_is_padding(read):
    padded = FILM.copy()
    padded[:10], padded[10:20] = 4000, 4090
    picture = read(dicom_bytes(padded, PixelPaddingValue=4000, PixelPaddingRangeLimit=4095))

    assert not picture.pixels[:20].any()


def test_signed_pixels_keep_their_sign(read):
    signed = FILM.astype(np.int16) - 2048
    picture = read(dicom_bytes(signed, BitsStored=16, HighBit=15, WindowCenter=0, WindowWidth=2000))

    assert np.allclose(picture.pixels, linear(signed.astype(float), 0, 2000), atol=1e-5)


def test_signed_pixels_of_twelve_bits_are_sign_extended(read):
    signed = FILM.astype(np.int16) - 2048
    stored = (signed & 0x0FFF).astype(np.uint16)  # the four high bits say nothing
    picture = read(dicom_bytes(stored, PixelRepresentation=1, WindowCenter=0, WindowWidth=2000))

    assert np.allclose(picture.pixels, linear(signed.astype(float), 0, 2000), atol=1e-5)


def test_overlay_bits_above_the_stored_ones_are_not_brightness(read):
    dirty = FILM.copy()
    dirty[40:60, 40:60] |= 0xF000
    window = {"WindowCenter": 2000, "WindowWidth": 1500}

    assert np.allclose(read(dicom_bytes(dirty, **window)).pixels, read(dicom_bytes(FILM, **window)).pixels)


@pytest.mark.parametrize("syntax", LOSSLESS_SYNTAXES)
@pytest.mark.parametrize("top", [255, 4095])
def test_every_lossless_transfer_syntax_gives_the_same_film(read, syntax, top):
    film = phantom(top=top)

    assert np.array_equal(read(dicom_bytes(film, transfer_syntax=syntax)).pixels, read(dicom_bytes(film)).pixels)


def test_jpeg_baseline_gives_nearly_the_same_film(read):
    film = phantom()

    lossy = read(dicom_bytes(film, transfer_syntax=JPEGBaseline8Bit)).pixels

    assert np.abs(lossy - film / 255).max() < 0.05


def test_an_odd_number_of_bytes_is_padded_and_read(read):
    film = phantom(161, 129)

    for syntax in LOSSLESS_SYNTAXES:
        assert np.allclose(read(dicom_bytes(film, transfer_syntax=syntax)).pixels, film / 255), syntax


def test_grey_kept_in_separate_colour_planes_is_read(read):
    planes = np.repeat(phantom()[np.newaxis], 3, axis=0)
    film = dicom_bytes(
        np.moveaxis(planes, 0, -1),
        SOPClassUID=SecondaryCaptureImageStorage,
        Modality="OT",
        PlanarConfiguration=1,
        PixelData=planes.tobytes(),
    )

    assert np.allclose(read(film).pixels, phantom() / 255, atol=1e-6)
