"""The pages of the clinical record."""
