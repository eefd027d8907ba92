"""DICOM files made from code: one phantom film, any header, the transfer syntaxes that Python can write."""

import io
import warnings
from typing import Any

import numpy as np
from PIL import Image
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite
from pydicom.uid import (
    DigitalXRayImageStorageForPresentation,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    RLELossless,
)

from tests.pictures.rasters import phantom

ROOT = "1.2.826.0.1.3680043.10.1234"
LOSSLESS_SYNTAXES = (
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    RLELossless,
    JPEG2000Lossless,
)


def dicom_dataset(pixels: np.ndarray | None = None, *, big_endian: bool = False, **overrides: Any) -> Dataset:
    """The data set of one chest film. An override sets an element by keyword, None removes it."""
    pixels = phantom(top=4095) if pixels is None else pixels
    dataset = Dataset()
    _describe_patient(dataset)
    _describe_pixels(dataset, pixels)
    order = ">" if big_endian else "<"
    dataset.PixelData = _even(pixels.astype(pixels.dtype.newbyteorder(order)).tobytes())
    dataset["PixelData"].VR = "OW" if pixels.dtype.itemsize == 2 else "OB"
    _set(dataset, overrides)
    return dataset


def dicom_bytes(
    pixels: np.ndarray | None = None,
    *,
    transfer_syntax: str = ExplicitVRLittleEndian,
    preamble: bytes = bytes(128),
    meta: dict[str, Any] | None = None,
    **overrides: Any,
) -> bytes:
    """A DICOM file of one chest film in `transfer_syntax`; `meta` and `overrides` change the headers."""
    big = transfer_syntax == ExplicitVRBigEndian
    dataset = dicom_dataset(pixels, big_endian=big, **overrides)
    dataset.file_meta = _meta(dataset, transfer_syntax, meta or {})
    if transfer_syntax in (RLELossless, JPEG2000Lossless):
        _compress(dataset, transfer_syntax)
    elif transfer_syntax == JPEGBaseline8Bit:
        _compress_baseline(dataset, phantom() if pixels is None else pixels)
    return write(dataset, preamble=preamble)


def write(dataset: Dataset, *, preamble: bytes = bytes(128)) -> bytes:
    """The bytes of a data set with file meta, written as it is, wrong or right."""
    syntax = dataset.file_meta.TransferSyntaxUID
    dataset.preamble = preamble
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dcmwrite(
            file,
            dataset,
            implicit_vr=syntax == ImplicitVRLittleEndian,
            little_endian=syntax != ExplicitVRBigEndian,
            force_encoding=True,
        )
    return file.getvalue()


def _describe_patient(dataset: Dataset) -> None:
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = DigitalXRayImageStorageForPresentation
    dataset.SOPInstanceUID = f"{ROOT}.1"
    dataset.StudyInstanceUID = f"{ROOT}.2"
    dataset.SeriesInstanceUID = f"{ROOT}.3"
    dataset.StudyDate = "20240229"
    dataset.AccessionNumber = "ACC1"
    dataset.Modality = "DX"
    dataset.StudyDescription = "Chest PA"
    dataset.PatientName = "Phantom^Grey"
    dataset.PatientID = "MRN1"
    dataset.PatientBirthDate = "19700101"
    dataset.PatientSex = "O"
    dataset.BodyPartExamined = "CHEST"
    dataset.ViewPosition = "PA"


def _describe_pixels(dataset: Dataset, pixels: np.ndarray) -> None:
    dataset.SamplesPerPixel = 1 if pixels.ndim == 2 else pixels.shape[2]
    dataset.PhotometricInterpretation = "MONOCHROME2" if pixels.ndim == 2 else "RGB"
    if pixels.ndim == 3:
        dataset.PlanarConfiguration = 0
    dataset.Rows, dataset.Columns = pixels.shape[:2]
    dataset.BitsAllocated = pixels.dtype.itemsize * 8
    dataset.BitsStored = 12 if pixels.dtype.itemsize == 2 else 8
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")


def _meta(dataset: Dataset, transfer_syntax: str, overrides: dict[str, Any]) -> FileMetaDataset:
    meta = FileMetaDataset()
    stated = {
        "FileMetaInformationGroupLength": 0,  # the writer fills it in
        "MediaStorageSOPClassUID": dataset.get("SOPClassUID", ""),
        "MediaStorageSOPInstanceUID": dataset.get("SOPInstanceUID", ""),
        "TransferSyntaxUID": transfer_syntax,
    }
    _set(meta, {**stated, **overrides})
    return meta


def _set(dataset: Dataset, values: dict[str, Any]) -> None:
    """Set elements by keyword, valid or not; None removes one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # bad values are the point
        for keyword, value in values.items():
            if value is not None:
                setattr(dataset, keyword, value)
            elif keyword in dataset:
                delattr(dataset, keyword)


def _compress(dataset: Dataset, transfer_syntax: str) -> None:
    syntax = dataset.file_meta.TransferSyntaxUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.compress(transfer_syntax, generate_instance_uid=False)
    dataset.file_meta.TransferSyntaxUID = syntax


def _compress_baseline(dataset: Dataset, pixels: np.ndarray) -> None:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=95)
    dataset.PixelData = encapsulate([file.getvalue()])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True


def _even(data: bytes) -> bytes:
    return data + b"\0" * (len(data) % 2)
