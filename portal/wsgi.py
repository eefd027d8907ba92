"""The WSGI application gunicorn serves."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from portal.chunked_body import ChunkedBody

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = ChunkedBody(get_wsgi_application(), max_bytes=settings.UPLOAD_MAX_BYTES_PER_REQUEST)
