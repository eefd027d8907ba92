"""Template tags of the clinical record's pages."""
