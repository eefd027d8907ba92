"""The stages of a scan's life, one per file; a stage never calls another, the pipeline calls them in order."""
