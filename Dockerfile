# The whole desk in one image; docker-compose.yml starts it as web, workers and scheduler.
FROM python:3.11.13-slim-bookworm AS build
WORKDIR /build
COPY requirements-installer.txt requirements.txt ./
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --require-hashes -r requirements-installer.txt \
 && /opt/venv/bin/uv pip install --no-cache --python /opt/venv/bin/python --require-hashes -r requirements.txt \
 && /opt/venv/bin/uv pip uninstall --python /opt/venv/bin/python uv \
 && /opt/venv/bin/python -m compileall -q /opt/venv

FROM python:3.11.13-slim-bookworm
# The folders are made here, so that a new named volume takes their owner from the image.
RUN groupadd --gid 10001 lightbox \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin lightbox \
 && install -d -o lightbox -g lightbox -m 0750 \
      /var/lib/lightbox /var/lib/lightbox/media /var/lib/lightbox/graphs /var/lib/lightbox/scratch \
 && install -d -o lightbox -g lightbox -m 0755 /srv/static
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
# Owned by root: the processes cannot change their own code, with or without a read-only root.
COPY . .
RUN python -m compileall -q /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    TMPDIR=/var/lib/lightbox/scratch \
    STATE_DIR=/var/lib/lightbox \
    MEDIA_ROOT=/var/lib/lightbox/media \
    LIGHTBOX_GRAPH_DIR=/var/lib/lightbox/graphs \
    STATIC_ROOT=/srv/static \
    BIND=0.0.0.0 \
    PORT=8000
USER 10001:10001
EXPOSE 8000
CMD ["gunicorn", "--config", "deploy/gunicorn.conf.py", "portal.wsgi"]
