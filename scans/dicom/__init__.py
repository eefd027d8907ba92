"""DICOM: what the header of a file says about the patient and the study."""
