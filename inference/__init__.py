"""Jobs and trained models. Knows no patient, and imports no Django here: the engine loads through this package."""
