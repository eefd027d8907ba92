"""What a DICOM header says of patient and study, literally, and what of it is refused."""

import csv
import os
import struct
from pathlib import Path

import pytest
from pydicom.uid import JPEGBaseline8Bit, SecondaryCaptureImageStorage

from inference.engine.errors import UnreadableImage
from inference.engine.header import DicomFacts, Limits, inspect_file, sanitised_prefix
from tests.pictures import dicom_bytes, nested_dicom, phantom, png_bytes, polyglot_preambles

DATA = Path(os.environ.get("LIGHTBOX_DATA", "../shared/data")) / "dicom"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"no DICOM files under LIGHTBOX_DATA ({DATA})")

# What each file of the collection's odd half must be told; None: taken (its oddity is nothing that we read).
ODD = {
    "CT_small.dcm": "wrong_sop_class",
    "JPEG-lossy.dcm": "wrong_modality",  # a bone scan wrapped as secondary capture
    "MR_truncated.dcm": "wrong_sop_class",
    "SC_rgb.dcm": None,  # by its header; its colours are the colour check's
    "SC_rgb_small_odd.dcm": "too_small",
    "US1_J2KR.dcm": "wrong_sop_class",
    "badVR.dcm": "wrong_sop_class",
    "emri_small.dcm": "wrong_sop_class",
    "emri_small_jpeg_2k_lossless_too_short.dcm": "wrong_sop_class",
    "nema_CT1_J2KR.dcm": "wrong_sop_class",
    "nema_RG2_JPLL.dcm": "not_chest",
    "nema_RG2_RLE.dcm": "not_chest",
    "nema_RG3_J2KR.dcm": "not_chest",
    "nema_RG3_JPLY.dcm": "not_chest",
    "nih_udacity_test4.dcm": "not_chest",  # RIBCAGE
    "nih_udacity_test5.dcm": "wrong_modality",  # CT on a film
    "nih_udacity_test6.dcm": None,  # patient position XX
    "no_meta.dcm": "not_an_image",
    "rtstruct.dcm": "no_file_meta",
    "test-SR.dcm": "wrong_sop_class",
}


@pytest.fixture
def facts_of(tmp_path):
    def inspect(data: bytes) -> DicomFacts:
        path = tmp_path / "film.dcm"
        path.write_bytes(data)
        facts = inspect_file(path).dicom
        assert facts is not None
        return facts

    return inspect


def test_the_patient_and_study_modules_are_read(facts_of):
    facts = facts_of(dicom_bytes())

    assert (facts.patient_id, facts.patient_name, facts.patient_birth_date) == ("MRN1", "Phantom^Grey", "1970-01-01")
    assert (facts.patient_sex, facts.accession_number, facts.study_date) == ("O", "ACC1", "2024-02-29")
    assert (facts.modality, facts.body_part, facts.view) == ("DX", "CHEST", "PA")
    assert facts.study_instance_uid == "1.2.826.0.1.3680043.10.1234.2"


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        ("ISO_IR 100", "Müller^Jürgen"),
        ("ISO_IR 192", "Wałęsa^Łukasz"),
        ("ISO_IR 144", "Люкceмбypг"),
        ("GB18030", "王^小东"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
        (["ISO 2022 IR 100", "ISO 2022 IR 126"], "Dionysios=Διονυσιος"),
    ],
)
def test_names_are_decoded_by_the_files_character_sets(facts_of, charset, name):
    assert facts_of(dicom_bytes(SpecificCharacterSet=charset, PatientName=name)).patient_name == name


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "=HYPERLINK(1)", "O'Brien^A; DROP TABLE", "A^B\\C"])
def test_a_hostile_name_stays_the_text_that_it_is(facts_of, name):
    shown = facts_of(dicom_bytes(PatientName=name)).patient_name

    assert shown == name


def test_a_name_longer_than_the_standard_allows_is_refused(facts_of):
    with pytest.raises(UnreadableImage) as refusal:
        facts_of(dicom_bytes(PatientName="A" * 200))

    assert refusal.value.code == "bad_text"


@pytest.mark.parametrize(
    ("stated", "understood"), [("", None), ("1970.01.02", "1970-01-02"), ("19700102", "1970-01-02")]
)
def test_a_birth_date_is_iso_or_unknown(facts_of, stated, understood):
    assert facts_of(dicom_bytes(PatientBirthDate=stated)).patient_birth_date == understood


@pytest.mark.parametrize("part", ["", "CHEST", "chest pa", "THORAX", "LUNG", "CHEST_AP"])
def test_a_chest_or_an_unstated_body_part_is_taken(facts_of, part):
    assert facts_of(dicom_bytes(BodyPartExamined=part)).body_part == part.upper()


@pytest.mark.parametrize("modality", ["", "CR", "DX", "RG", "OT"])
def test_secondary_capture_may_carry_any_projection_film(facts_of, modality):
    film = dicom_bytes(SOPClassUID=SecondaryCaptureImageStorage, Modality=modality)

    assert facts_of(film).modality == modality


def test_lossy_compression_is_said(facts_of):
    assert not facts_of(dicom_bytes()).lossy
    assert facts_of(dicom_bytes(LossyImageCompression="01")).lossy
    assert facts_of(dicom_bytes(phantom(), transfer_syntax=JPEGBaseline8Bit)).lossy


@pytest.mark.parametrize("defined_length", [False, True])
def test_nesting_is_taken_up_to_the_limit_and_not_beyond(tmp_path, defined_length):
    limits = Limits(max_depth=4)
    path = tmp_path / "film.dcm"

    path.write_bytes(nested_dicom(4, defined_length=defined_length))
    assert inspect_file(path, limits=limits).width == 128

    path.write_bytes(nested_dicom(5, defined_length=defined_length))
    with pytest.raises(UnreadableImage) as refusal:
        inspect_file(path, limits=limits)
    assert refusal.value.code == "nested_too_deep"


def test_an_icon_with_encapsulated_pixels_inside_a_sequence_is_walked_over(facts_of):
    fragments = struct.pack("<HHI", 0xFFFE, 0xE000, 4) + b"icon" + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    pixels = struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF) + fragments
    item = struct.pack("<HHI", 0xFFFE, 0xE000, len(pixels)) + pixels
    icon = struct.pack("<HH2sHI", 0x0088, 0x0200, b"SQ", 0, len(item)) + item
    film = dicom_bytes()
    at = film.rindex(b"\xe0\x7f\x10\x00O")

    assert facts_of(film[:at] + icon + film[at:]).patient_id == "MRN1"


@pytest.mark.parametrize("name", polyglot_preambles())
def test_the_preamble_is_zeroed_and_nothing_else(name):
    preamble = polyglot_preambles()[name]
    film = dicom_bytes(preamble=preamble)

    clean = sanitised_prefix(film)

    assert clean[:128] == bytes(128)
    assert clean[128:] == film[128:]


@pytest.mark.parametrize("data", [b"", b"DICM", png_bytes(), bytes(200)])
def test_what_is_no_dicom_file_keeps_every_byte(data):
    assert sanitised_prefix(data) == data


@needs_data
def test_every_chest_film_of_the_collection_is_taken_with_its_listed_facts():
    with (DATA / "index.csv").open() as file:
        listed = {row["file"]: row for row in csv.DictReader(file)}
    films = sorted((DATA / "chest").glob("*.dcm"))
    assert films

    for film in films:
        facts, row = inspect_file(film), listed[f"chest/{film.name}"]
        assert facts.dicom is not None
        assert (facts.height, facts.width, facts.bits) == (int(row["rows"]), int(row["cols"]), int(row["bits"]))
        assert (facts.dicom.modality, facts.dicom.view) == (row["modality"], row["view"])


@needs_data
def test_every_odd_file_of_the_collection_gets_its_listed_answer():
    answers = {}
    for path in sorted((DATA / "odd").glob("*.dcm")):
        try:
            inspect_file(path)
            answers[path.name] = None
        except UnreadableImage as refusal:
            answers[path.name] = refusal.code

    assert answers == {name: ODD[name] for name in answers}
    assert answers
