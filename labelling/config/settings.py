"""All settings, read once from the environment (`.env.example` lists them)."""

import mimetypes
from pathlib import Path

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from labelling.config import env

# --- where things are
BASE_DIR = Path(__file__).resolve().parents[2]
WORKBENCH_VAR = env.folder("WORKBENCH_VAR", BASE_DIR / "var")
WORKBENCH_SAMPLES = Path(env.text("WORKBENCH_SAMPLES") or BASE_DIR.parent / "shared" / "data")
STORAGE_URL = env.url("STORAGE_URL", (WORKBENCH_VAR / "blobs").as_uri(), ("file", "s3"))

# --- S3, where STORAGE_URL names a bucket; boto3 and GDAL take the keys from the environment
AWS_ENDPOINT_URL = env.text("AWS_ENDPOINT_URL")
AWS_REGION = env.text("AWS_REGION")
AWS_ACCESS_KEY_ID = env.secret("AWS_ACCESS_KEY_ID")
AWS_SECRET_ACCESS_KEY = env.secret("AWS_SECRET_ACCESS_KEY")
env.pass_on(AWS_ACCESS_KEY_ID=AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY=AWS_SECRET_ACCESS_KEY)

# --- web
SECRET_KEY = env.secret("SECRET_KEY") or env.generated_secret(WORKBENCH_VAR / "secret-key")
DEBUG = env.flag("DEBUG", "False")
ALLOWED_HOSTS = env.text("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1],testserver").split(",")
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

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "labelling",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
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
STATIC_ROOT = WORKBENCH_VAR / "static"
STATIC_ROOT.mkdir(exist_ok=True)  # WhiteNoise warns where it is missing
WHITENOISE_USE_FINDERS = True
# Vite writes a hash into each file's name.
WHITENOISE_IMMUTABLE_FILE_TEST = r"^.+[.-][0-9A-Za-z_-]{8,12}\..+$"

# --- database
DATABASE_URL = env.url(
    "DATABASE_URL",
    f"sqlite:///{WORKBENCH_VAR / 'workbench.sqlite3'}",
    ("sqlite", "postgres", "postgresql"),
)
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
BROKER_FOLDER = WORKBENCH_VAR / "broker"
TORCH_THREADS = int(env.number("TORCH_THREADS", 0, low=0, high=1024))
"""Threads of one training or scoring process; 0 leaves the choice to torch."""
CLOCK_SPEED = env.number("CLOCK_SPEED", 1, low=1, high=100_000)

# --- API
REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
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
CVAT_URL = env.text("CVAT_URL")
CVAT_TOKEN = env.secret("CVAT_TOKEN")
CVAT_WEBHOOK_SECRET = env.secret("CVAT_WEBHOOK_SECRET")

# --- logs
LOG_FORMAT = env.text("LOG_FORMAT", "text")
if LOG_FORMAT not in ("text", "json"):
    raise ImproperlyConfigured(f"LOG_FORMAT must be text or json, not {LOG_FORMAT!r}.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
        "json": {"()": "labelling.config.logs.JsonFormatter"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": "INFO"},
    # What GDAL and botocore say themselves would stand beside each refusal of ours.
    "loggers": {"rasterio": {"level": "WARNING"}, "botocore": {"level": "WARNING"}},
}
