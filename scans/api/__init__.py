"""The REST doors of the clinical record; portal/api_urls.py lists their addresses."""
