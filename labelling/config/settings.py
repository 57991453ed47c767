"""All settings, read once from the environment (`.env.example` lists them)."""

import mimetypes
from pathlib import Path

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from labelling.config import env, logs, security

# --- where things are
BASE_DIR = Path(__file__).resolve().parents[2]
WORKBENCH_VAR = env.folder("WORKBENCH_VAR", BASE_DIR / "var")
WORKBENCH_SAMPLES = Path(env.text("WORKBENCH_SAMPLES") or BASE_DIR.parent / "shared" / "data")
STORAGE_URL = env.url("STORAGE_URL", (WORKBENCH_VAR / "blobs").as_uri(), ("file", "s3"))

# --- S3, where STORAGE_URL names a bucket; boto3 and GDAL take the keys from the environment
AWS_ENDPOINT_URL = env.site("AWS_ENDPOINT_URL")
AWS_REGION = env.text("AWS_REGION")
AWS_ACCESS_KEY_ID = env.secret("AWS_ACCESS_KEY_ID")
AWS_SECRET_ACCESS_KEY = env.secret("AWS_SECRET_ACCESS_KEY")
env.pass_on(AWS_ACCESS_KEY_ID=AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY=AWS_SECRET_ACCESS_KEY)

# --- web
SECRET_KEY = env.secret("SECRET_KEY") or env.generated_secret(WORKBENCH_VAR / "secret-key")
if len(SECRET_KEY) < 32:
    raise ImproperlyConfigured("SECRET_KEY must have at least 32 random characters, or none.")
DEBUG = env.flag("DEBUG", "False")
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1],testserver")
ROOT_URLCONF = "labelling.config.urls"
WSGI_APPLICATION = "labelling.config.wsgi.application"
AUTHENTICATION_BACKENDS = ["labelling.config.auth.Backend"]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login/"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
# A label of 512² is two planes of 262 144 bytes; 2048² still fits.
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 2**20

# --- security
PROXIES = env.whole("PROXIES", 0, low=0, high=9)
"""How many stand before the web process and say for whom they ask."""
HTTPS = env.flag("HTTPS", "False")
HSTS_SECONDS = env.whole("HSTS_SECONDS", 0, low=0, high=63_072_000)
if HSTS_SECONDS and not HTTPS:
    raise ImproperlyConfigured("HSTS_SECONDS has no effect without HTTPS: set HTTPS=True as well.")
vars().update(
    security.transport_settings(https=HTTPS, hsts_seconds=HSTS_SECONDS, proxies=PROXIES),
    **security.sign_in_settings(),
)
CSRF_TRUSTED_ORIGINS = env.origins("TRUSTED_ORIGINS")
SESSION_ENGINE = "labelling.config.sessions"
SESSION_COOKIE_AGE = 3600 * env.whole("SESSION_HOURS", 336, low=1, high=2160)
CONTENT_SECURITY_POLICY = security.POLICY
AUTH_PASSWORD_VALIDATORS = security.PASSWORD_VALIDATORS
SILENCED_SYSTEM_CHECKS = security.SILENCED
REQUESTS_A_MINUTE = {"person": 6000, "stranger": 600}
"""Of one caller to one web process. A person whose keys never rest asks a few hundred times."""

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "axes",
    "csp",
    "labelling",
]
MIDDLEWARE = [
    "labelling.api.observing.Observing",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    # Last: it turns a sign-in that was locked out into its own answer.
    "axes.middleware.AxesMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- static files: the front end's build; Debian's Python lacks some types
mimetypes.add_type("text/javascript", ".js")
FRONTEND_DIST = BASE_DIR / "frontend" / "dist"
STATIC_URL = "/static/"
STATICFILES_DIRS = [FRONTEND_DIST] if FRONTEND_DIST.is_dir() else []
STATIC_ROOT = env.folder("STATIC_ROOT", WORKBENCH_VAR / "static")
# With a folder named: collected and compressed (manage.py collectstatic); else as they lie.
WHITENOISE_USE_FINDERS = not env.text("STATIC_ROOT")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
# Vite writes a hash into each file's name.
WHITENOISE_IMMUTABLE_FILE_TEST = r"^.+[.-][0-9A-Za-z_-]{8,12}\..+$"

# --- database
DATABASE_URL = env.url(
    "DATABASE_URL",
    f"sqlite:///{WORKBENCH_VAR / 'workbench.sqlite3'}",
    ("sqlite", "postgres", "postgresql"),
)
DATABASE_URL = env.with_password("DATABASE_URL", DATABASE_URL, env.secret("DATABASE_PASSWORD"))
DATABASES = {"default": dj_database_url.parse(DATABASE_URL, conn_max_age=60)}
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Deferred transactions lose most of a race between four writers; immediate ones wait.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"

# --- jobs
CELERY_BROKER_URL = env.url(
    "CELERY_BROKER_URL",
    "filesystem://localhost",
    ("filesystem", "amqp", "amqps", "redis", "rediss", "memory"),
)
CELERY_BROKER_URL = env.with_password(
    "CELERY_BROKER_URL", CELERY_BROKER_URL, env.secret("BROKER_PASSWORD")
)
BROKER_FOLDER = WORKBENCH_VAR / "broker"
TORCH_THREADS = env.whole("TORCH_THREADS", 0, low=0, high=1024)
"""Threads of one training or scoring process; 0 leaves the choice to torch."""
CHILD_NICENESS = env.whole("CHILD_NICENESS", 10, low=0, high=19)
"""How far training and scoring step back for the rest of the machine."""
CHILD_MEMORY_MB = env.whole("CHILD_MEMORY_MB", 0, low=0, high=2**24)
"""What one of them may take; 0: as much as there is."""
WORKER_MEMORY_MB = env.whole("WORKER_MEMORY_MB", 2048, low=128, high=2**24)
"""A worker's process that has grown beyond is replaced after its task."""
WORKER_TASKS = env.whole("WORKER_TASKS", 1000, low=1, high=10**9)
"""Tasks after which it is replaced anyway."""
STOP_GRACE = env.number("STOP_GRACE", 40, low=1, high=55)
"""Seconds that work has to keep what it has when its worker is to end; less than a lease."""
KEEP_LEFTOVERS_DAYS = env.number("KEEP_LEFTOVERS_DAYS", 14, low=1, high=3650)
"""For so long what interrupted and finished work left behind stays."""
CLOCK_SPEED = env.number("CLOCK_SPEED", 1, low=1, high=100_000)
CLOCK_EPOCH = env.moment("CLOCK_EPOCH")
"""The moment from which time runs faster, the same for every process."""
if CLOCK_SPEED != 1 and CLOCK_EPOCH is None:
    raise ImproperlyConfigured(
        f"CLOCK_SPEED={CLOCK_SPEED:g} needs CLOCK_EPOCH, the time from which the clock runs "
        "faster, such as 2026-06-01T12:00:00Z: each process would have a time of its own."
    )

# --- API
REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "labelling.api.bearing.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["labelling.api.throttling.Throttle"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["labelling.api.parsing.Json"],
    "EXCEPTION_HANDLER": "labelling.api.errors.handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Cloudmask Workbench",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "ENUM_NAME_OVERRIDES": {
        "JobStateEnum": "labelling.models.Job.State",
        "ModelStateEnum": "labelling.models.Model.State",
        "PromotionVerdictEnum": "labelling.workflow.promotion_verdict.VERDICTS",
        "RoundStateEnum": "labelling.models.Round.State",
        "TaskStateEnum": "labelling.models.Task.State",
        "VerdictEnum": "labelling.models.Review.Verdict",
    },
}

# --- CVAT: which server campaigns are linked to, and our right to speak to it
CVAT_URL = env.site("CVAT_URL")
CVAT_TOKEN = env.secret("CVAT_TOKEN")
CVAT_CA_FILE = env.certificates("CVAT_CA_FILE")
"""Whose certificates of that server are trusted; empty: those the machine trusts."""
CVAT_WEBHOOK_SECRET = env.secret("CVAT_WEBHOOK_SECRET")
if CVAT_WEBHOOK_SECRET and not 16 <= len(CVAT_WEBHOOK_SECRET) <= 64:
    raise ImproperlyConfigured("CVAT_WEBHOOK_SECRET must have 16 to 64 random characters.")

# --- metrics, for Prometheus
METRICS_TOKEN = env.secret("METRICS_TOKEN")
METRICS_PORT = env.whole("METRICS_PORT", 0, low=0, high=65535)
"""Where a worker answers /metrics; 0: nowhere."""

# --- logs
LOG_FORMAT = env.text("LOG_FORMAT", "text")
if LOG_FORMAT not in ("text", "json"):
    raise ImproperlyConfigured(f"LOG_FORMAT must be text or json, not {LOG_FORMAT!r}.")
LOGGING = logs.settings_of(LOG_FORMAT)
