"""How gunicorn serves the portal, on a laptop and in the container alike."""

import os
from pathlib import Path

EMBEDDED = not os.environ.get("DATABASE_URL")

bind = f"{os.environ.get('BIND', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
# Threads, because a slow uploader must not hold a whole process.
threads = 8
timeout = 60
graceful_timeout = 4 if EMBEDDED else 30
keepalive = 65 if not EMBEDDED else 2
# The heartbeat file must lie in memory: on a busy disk a worker looks dead, and a read-only root has no other place.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
# Off: the socket lives in the home folder, read-only in the container and shared by two desks on one laptop.
control_socket_disable = True
# The path without its query, because a search for a patient stands in the query.
access_log_format = '{"time":"%(t)s","address":"%(h)s","method":"%(m)s","path":"%(U)s","status":%(s)s,"seconds":%(L)s}'
accesslog = None if EMBEDDED else "-"
if not EMBEDDED:
    from portal.log_config import gunicorn_logging

    logconfig_dict = gunicorn_logging()
