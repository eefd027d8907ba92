"""The endpoints of models/: versions, and which of them reads new scans."""
