"""Settings: every environment variable is read here, once. docs/example.env explains each."""

import secrets
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from portal import broker
from portal.api_settings import REST_FRAMEWORK, SPECTACULAR_SETTINGS  # noqa: F401 - Django reads it here
from portal.log_config import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

STATE_DIR = Path(env.str("STATE_DIR", default=str(BASE_DIR / "var")))
STATE_DIR.mkdir(parents=True, exist_ok=True)
DEBUG = env.bool("DEBUG", default=False)
# Embedded: one machine, SQLite, no other service. Anything else is a deployment and must state its secrets.
EMBEDDED = not env.str("DATABASE_URL", default="")


def _secret_key() -> str:
    """Return SECRET_KEY, or in embedded mode a random one kept in the state folder."""
    stated = env.str("SECRET_KEY", default="")
    if stated:
        return stated
    if not EMBEDDED:
        raise ImproperlyConfigured(
            "Expected SECRET_KEY beside DATABASE_URL; received none. Set it to 50 or more random characters."
        )
    kept = STATE_DIR / "secret_key"
    try:
        with kept.open("x", encoding="ascii") as file:
            kept.chmod(0o600)
            file.write(secrets.token_urlsafe(64))
    except FileExistsError:
        pass
    return kept.read_text(encoding="ascii")


SECRET_KEY = _secret_key()
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "portal",
    "accounts",
    "inference",
    "scans",
    "django.contrib.admin.apps.SimpleAdminConfig",  # without what other packages would register
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_filters",
    "django_htmx",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "portal.proxy.ClientAddressMiddleware",
    "portal.request_limits.RequestLimitsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # Before the CSRF check, which reads the whole form: a stranger's gigabyte is refused unread.
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.middleware.StatedAbilityMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "portal" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "portal.navigation.navigation",
            ],
        },
    },
]

# --- The record -------------------------------------------------------------------------------------------------------
SQLITE_OPTIONS = {
    # IMMEDIATE takes the write lock at BEGIN: a transaction waits instead of failing half-way ("database is locked").
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
}


def _database() -> dict[str, Any]:
    """Return the database of DATABASE_URL, or the embedded SQLite file."""
    database: dict[str, Any] = env.db("DATABASE_URL", default=f"sqlite:///{STATE_DIR / 'lightbox.sqlite3'}")
    if "sqlite" in database["ENGINE"]:
        database["OPTIONS"] = SQLITE_OPTIONS
        # A file, not memory: the tests' worker processes read the same database.
        database["TEST"] = {"NAME": str(STATE_DIR / "test.sqlite3")}
    else:
        database.setdefault("CONN_MAX_AGE", 60)
        database["CONN_HEALTH_CHECKS"] = True
        # A worker whose machine loses its power inside a transaction holds its rows, and soon every other worker, for
        # the two hours that TCP takes to notice.
        silence_limit = "-c idle_in_transaction_session_timeout=60000"
        database.setdefault("OPTIONS", {}).setdefault("options", silence_limit)
    return database


DATABASES = {"default": _database()}
# What every process must count together (failed sign-ins, API calls). A table, in both modes: memory would multiply
# each limit by the number of processes, and with Redis nobody could sign in while the doorbell is down.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "shared_cache",
        # Django's 300 would let 300 made-up addresses push a real lock out.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(STATE_DIR / "media")))
# nginx's internal location that serves MEDIA_ROOT (X-Accel-Redirect); empty: Django streams the file itself.
MEDIA_ACCEL_LOCATION = env.str("MEDIA_ACCEL_LOCATION", default="")
STATIC_URL = "static/"
# Embedded: static files are served from where they lie; a deployment serves what `manage.py prepare` collected.
WHITENOISE_USE_FINDERS = EMBEDDED or DEBUG
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(STATE_DIR / "static")))
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if WHITENOISE_USE_FINDERS
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
FILE_UPLOAD_HANDLERS = ["portal.upload_handler.WholeFormHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 100
UPLOAD_MAX_BYTES_PER_FILE = env.int("UPLOAD_MAX_BYTES_PER_FILE", default=100 * 1024 * 1024)
UPLOAD_MAX_BYTES_PER_REQUEST = env.int("UPLOAD_MAX_BYTES_PER_REQUEST", default=1024 * 1024 * 1024)

# --- The doorbell -----------------------------------------------------------------------------------------------------
REDIS_URL = env.str("REDIS_URL", default="")
CELERY_BROKER_URL, CELERY_BROKER_TRANSPORT_OPTIONS = broker.transport(REDIS_URL, STATE_DIR / "broker")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 90
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# A job needs no broker to end, and its lease makes a second delivery harmless: cancelling would only cost an attempt.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20
# Address space of one worker child; a 49-megapixel film with the model loaded took 1.2 GiB.
WORKER_MEMORY_BYTES = env.int("WORKER_MEMORY_BYTES", default=4 * 2**30)
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 2_000_000  # KiB
# With Celery's 4 s, a child that replaces a dead one on a busy machine is killed while it loads the model, and the next
# one, and so on for ever. This is as long as a missing serving graph may take to make.
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 600
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = "maintenance"
CELERY_TASK_ROUTES = {
    "scans.pipeline.diagnose": {"queue": "inference"},
    "scans.pipeline.recompute": {"queue": "maintenance"},  # a look back never delays a scan
    "scans.pipeline.sweep": {"queue": "maintenance"},
}
SWEEP_EVERY_SECONDS = env.float("SWEEP_EVERY_SECONDS", default=5.0)
CELERY_BEAT_SCHEDULE = {
    # Sweeps that were missed are not made up for.
    "sweep": {
        "task": "scans.pipeline.sweep",
        "schedule": SWEEP_EVERY_SECONDS,
        "options": {"expires": 3 * SWEEP_EVERY_SECONDS},
    },
    "tidy": {"task": "scans.pipeline.tidy", "schedule": 24 * 3600.0},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(STATE_DIR / "celerybeat-schedule")
# Beat writes its schedule down after every tick, so that the file's age tells whether it ticks.
CELERY_BEAT_SYNC_EVERY = 1

# --- The model --------------------------------------------------------------------------------------------------------
JOB_LEASE_SECONDS = env.float("JOB_LEASE_SECONDS", default=30.0)
JOB_MAX_ATTEMPTS = env.int("JOB_MAX_ATTEMPTS", default=3)
JOB_BACKOFF_SECONDS = env.float("JOB_BACKOFF_SECONDS", default=5.0)
RING_AGAIN_AFTER_SECONDS = env.float("RING_AGAIN_AFTER_SECONDS", default=20.0)
GRAPH_ROOT = Path(env.str("LIGHTBOX_GRAPH_DIR", default=str(STATE_DIR / "graphs")))

# --- People -----------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "accounts.adapter.ClosedAccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_GET = False
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Lightbox] "
# Per address and per email typed; the sixth wrong password within five minutes is answered 429.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
# Addresses come from a hospital's admin, not from the person: there is nothing to verify before a second factor.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = "Lightbox"
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600
# Of the demo people, embedded mode only; empty: a random one kept in STATE_DIR/demo_password.
DEMO_PASSWORD = env.str("DEMO_PASSWORD", default="")
SESSION_COOKIE_AGE = env.int("SESSION_IDLE_SECONDS", default=8 * 3600 if EMBEDDED else 900)
SESSION_SAVE_EVERY_REQUEST = True
EMAIL_CONFIG = env.email("EMAIL_URL", default="consolemail://")
globals().update(EMAIL_CONFIG)

# --- The wire ---------------------------------------------------------------------------------------------------------
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# TLS ends at nginx, which says so; the embedded desk on a laptop speaks plain HTTP to itself.
HTTPS = env.bool("HTTPS", default=not EMBEDDED)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
# How many proxies of ours stand in front; with 0, X-Forwarded-For is a stranger's claim and is ignored.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] = {"caller": env.str("API_RATE", default="600/minute")}

CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
LOGGING = logging_config(json_lines=not EMBEDDED, level=env.str("LOG_LEVEL", default="INFO"))
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
