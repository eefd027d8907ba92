"""The demo's films: synthetic chest X-rays of invented patients, as the files a hospital would send."""

import datetime
import io
from dataclasses import dataclass

import numpy as np
from django.core.files.uploadedfile import SimpleUploadedFile
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

from accounts.demo import NORTH, SOUTH
from inference.engine import synthetic
from scans.models import Priority


@dataclass(frozen=True)
class InventedPatient:
    """A person who does not exist; every family name is Demo."""

    hospital: str
    mrn: str
    given_name: str
    birth_date: datetime.date
    sex: str

    @property
    def name(self) -> str:
        """The name as a person writes it."""
        return f"Demo, {self.given_name}"


@dataclass(frozen=True)
class Film:
    """One scan of the demo; its accession number is its identity, so that it is sent once."""

    accession_number: str
    patient: InventedPatient
    label: str
    indication: str
    priority: Priority = Priority.ROUTINE
    is_dicom: bool = False


def _born(year: int, month: int, day: int) -> datetime.date:
    return datetime.date(year, month, day)


ALDER = InventedPatient(NORTH, "DEMO-N-01", "Alder", _born(1951, 3, 14), "M")
BIRCH = InventedPatient(NORTH, "DEMO-N-02", "Birch", _born(1986, 7, 2), "F")
CEDAR = InventedPatient(NORTH, "DEMO-N-03", "Cedar", _born(1943, 11, 23), "F")
DOGWOOD = InventedPatient(NORTH, "DEMO-N-04", "Dogwood", _born(1999, 1, 30), "M")
ELM = InventedPatient(NORTH, "DEMO-N-05", "Elm", _born(1968, 9, 9), "F")
FIR = InventedPatient(NORTH, "DEMO-N-06", "Fir", _born(1975, 5, 17), "O")
GORSE = InventedPatient(NORTH, "DEMO-N-07", "Gorse", _born(1938, 12, 5), "M")
HAZEL = InventedPatient(SOUTH, "DEMO-S-01", "Hazel", _born(1962, 4, 21), "F")
IVY = InventedPatient(SOUTH, "DEMO-S-02", "Ivy", _born(1990, 8, 11), "F")
JUNIPER = InventedPatient(SOUTH, "DEMO-S-03", "Juniper", _born(1957, 2, 26), "M")

# In the order they are sent: Alder and Hazel were here before, so their later scans have priors.
FILMS = (
    Film("DEMO-001", ALDER, "normal", "Pre-operative film."),
    Film("DEMO-002", BIRCH, "normal", "Cough for three weeks, no fever."),
    Film("DEMO-003", CEDAR, "pneumonia", "Fever and productive cough, crackles on the right.", Priority.URGENT),
    Film("DEMO-004", DOGWOOD, "covid19", "Contact with COVID-19, loss of smell, dry cough."),
    Film("DEMO-005", ELM, "covid19", "Short of breath at rest, saturation 88 %.", Priority.STAT, is_dicom=True),
    Film("DEMO-006", FIR, "normal", "Employment check."),
    Film("DEMO-007", GORSE, "pneumonia", "Confused and febrile, from a care home.", Priority.STAT),
    Film("DEMO-008", ALDER, "pneumonia", "Fever on day four after the operation.", Priority.URGENT),
    Film("DEMO-101", HAZEL, "normal", "Follow-up after pneumonia."),
    Film("DEMO-102", IVY, "covid19", "Fever and muscle pain for five days.", Priority.URGENT, is_dicom=True),
    Film("DEMO-103", JUNIPER, "pneumonia", "Pain on breathing in, smoker."),
    Film("DEMO-104", HAZEL, "normal", "Cough again since last week."),
)


def file_of(film: Film) -> SimpleUploadedFile:
    """Return the film as the file a technician would upload; the same film gives the same bytes."""
    pixels = synthetic.sample(film.label, seed=int(film.accession_number.rpartition("-")[2]))
    content, ending = (_dicom(film, pixels), "dcm") if film.is_dicom else (_png(pixels), "png")
    return SimpleUploadedFile(f"{film.accession_number.lower()}.{ending}", content)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def _dicom(film: Film, pixels: NDArray[np.uint8]) -> bytes:
    """Return a digital X-ray object (PS3.3 A.26) that says of itself that it is synthetic."""
    dataset = Dataset()
    dataset.SOPClassUID = DigitalXRayImageStorageForPresentation
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=["lightbox demo image", film.accession_number])
    dataset.StudyInstanceUID = generate_uid(entropy_srcs=["lightbox demo study", film.accession_number])
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=["lightbox demo series", film.accession_number])
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.Modality = "DX"
    dataset.AccessionNumber = film.accession_number
    dataset.StudyDescription = "SYNTHETIC CHEST, NO PATIENT"
    dataset.PatientID = film.patient.mrn
    dataset.PatientName = f"Demo^{film.patient.given_name}"
    dataset.PatientBirthDate = film.patient.birth_date.strftime("%Y%m%d")
    dataset.PatientSex = film.patient.sex
    dataset.BodyPartExamined = "CHEST"
    dataset.ViewPosition = "PA"
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.BurnedInAnnotation = "YES"
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape
    # Twelve bits, as a detector gives them, so that the demo shows a window at work.
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.WindowCenter, dataset.WindowWidth = "2048", "4096"
    dataset.PixelData = (pixels.astype("<u2") << 4).tobytes()
    dataset["PixelData"].VR = "OW"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()
