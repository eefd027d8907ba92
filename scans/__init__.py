"""The clinical record, from intake to report. Read pipeline.py first."""
