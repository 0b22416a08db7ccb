"""Every setting, from the environment. A value that is not understood stops the start and says which one it is."""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _

from helpdesk import embedded
from helpdesk.environment import Environment, broker_from_url, database_from_url, mail_from_url, redis_from_url

env = Environment()
BASE_DIR = Path(__file__).resolve().parent.parent

# ---- The installation ------------------------------------------------------------------------------------------------
HELPDESK_HOME = env.folder("HELPDESK_HOME", BASE_DIR / ".helpdesk")
PORT = env.number("PORT", 8000, least=1, most=65535)
DEBUG = env.yes("DEBUG", default=False)
# Load demo data on the first start, into an empty database.
DEMO = env.yes("DEMO", default=True)
# What we write into mails, and what decides whether cookies are for https only.
PUBLIC_URL = (env.origins("PUBLIC_URL") or [f"http://localhost:{PORT}"])[0]
# The service that survey invitations are handed to as text messages; without one nobody gets any. See surveys.texts.
SURVEY_SMS_URL = os.environ.get("SURVEY_SMS_URL", "")
SURVEY_SMS_SECRET = os.environ.get("SURVEY_SMS_SECRET", "")
if SURVEY_SMS_URL and not (SURVEY_SMS_URL.startswith("https://") and SURVEY_SMS_SECRET):
    raise ImproperlyConfigured("SURVEY_SMS_URL must begin with https:// and needs SURVEY_SMS_SECRET beside it.")
# How an agent's phone is made to dial: {number} stands for the number. Softphones want sip: or an address of their own.
DIAL_URL = os.environ.get("DIAL_URL") or "tel:{number}"
if not DIAL_URL.startswith(("tel:", "sip:", "sips:", "callto:", "https://")) or "{number}" not in DIAL_URL:
    raise ImproperlyConfigured("DIAL_URL must begin with tel:, sip:, sips:, callto: or https:// and contain {number}.")
HTTPS = urlsplit(PUBLIC_URL).scheme == "https"
# Which process this is: the supervisor says so. It decides how the database is connected to.
PROCESS = env.choice("HELPDESK_PROCESS", "command", {"web", "live", "worker", "beat", "mail", "telephone", "command"})
# Where `make run` serves the live stream; 0: at the same address as the pages, by a proxy. See live_door.py.
LIVE_PORT = env.number("LIVE_PORT", 0, least=0, most=65535)
# The tests' own servers may forget everything at a power cut; nothing else may.
DURABLE = env.yes("HELPDESK_DURABLE", default=True)
# 0: do not start servers, only name them. For commands that need none, such as collectstatic and type checks.
EMBEDDED = env.yes("EMBEDDED", default=True)


def kept_secret_key() -> str:
    """Return the key kept in the home, made by whichever process comes first."""
    path = HELPDESK_HOME / "secret_key"
    if not path.exists():
        HELPDESK_HOME.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"secret_key.{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(64))
        try:
            # A link, unlike a rename, fails when another process was first; so both end up with the same key.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


SECRET_KEY = env.text("SECRET_KEY") or kept_secret_key()
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS", [])
if len(SECRET_KEY) < 32:
    raise ImproperlyConfigured("SECRET_KEY is too short: 32 characters are the least. Leave it unset to have one made.")

# The machine itself is always let in: health checks come from there. Links in mails are made from PUBLIC_URL, never from
# the name in a request.
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", str(urlsplit(PUBLIC_URL).hostname)]
ALLOWED_HOSTS += env.words("ALLOWED_HOSTS", [socket.gethostname()])
CSRF_TRUSTED_ORIGINS = env.origins("CSRF_TRUSTED_ORIGINS") or ([PUBLIC_URL] if HTTPS else [])
if HTTPS:
    # The proxy that ends TLS must set this header, and drop one that a client sends.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# How many proxies of ours a request comes through, each of which adds to X-Forwarded-For whom it had it from. With 0 the
# header is anybody's to write, and is not read.
PROXIES = env.number("PROXIES", 0, least=0, most=9)

# ---- Services --------------------------------------------------------------------------------------------------------
database_url = env.text("DATABASE_URL")
if not database_url:
    postgres = embedded.Postgres(HELPDESK_HOME, durable=DURABLE)
    database_url = embedded.ensure(postgres) if EMBEDDED else postgres.url
redis_url = env.text("REDIS_URL")
if not redis_url:
    redis = embedded.Redis(HELPDESK_HOME, durable=DURABLE)
    redis_url = embedded.ensure(redis) if EMBEDDED else redis.url

DATABASES = {"default": database_from_url(database_url)}
# What `tickets.prepared` asks becomes a prepared statement of its connection the third time; nothing else does. A PgBouncer
# that shares connections between transactions has to know of them (its max_prepared_statements).
DATABASES["default"]["OPTIONS"]["prepare_threshold"] = 2
SERVES_PAGES = PROCESS in {"web", "live"}
if SERVES_PAGES:
    # A page that takes longer than this is a fault; it must not take the others' connections with it.
    DATABASES["default"]["OPTIONS"]["options"] = (
        "-c statement_timeout=15s -c lock_timeout=3s -c idle_in_transaction_session_timeout=30s"
    )
    # A pool, since the server's threads come and go. It waits longer than a restart of PostgreSQL takes.
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 16, "timeout": 20}
DATABASES["default"] |= {
    "CONN_MAX_AGE": 0 if SERVES_PAGES else None,
    "CONN_HEALTH_CHECKS": True,
    "ATOMIC_REQUESTS": False,
}

if replica_url := env.text("REPLICA_URL"):
    # Figures are read there (`metrics.reader`), and nothing is ever written. In tests it is the same database.
    DATABASES["replica"] = {
        **DATABASES["default"],
        **{name: value for name, value in database_from_url(replica_url).items() if name != "OPTIONS"},
        "OPTIONS": {**DATABASES["default"]["OPTIONS"], **database_from_url(replica_url)["OPTIONS"]},
        "TEST": {"MIRROR": "default"},
    }

# One Redis, two databases: a cache that is emptied must not take queued work with it.
REDIS_URL = redis_from_url(redis_url, database=0)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": redis_from_url(redis_url, database=1),
        "KEY_PREFIX": "helpdesk",
    },
    # Pieces of pages that are the same for everybody who reads a language, in each process.
    "pieces": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "pieces"},
}

CELERY_BROKER_URL = broker_from_url(redis_url)
# Nothing waits for a task's result; what a task did is in the database.
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
# Acknowledged when done, given to somebody else when a worker dies: a task may run twice, and none is lost.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 300_000
# Far below half the visibility timeout: a task that still runs when that ends is started a second time.
CELERY_TASK_SOFT_TIME_LIMIT = 60
CELERY_TASK_TIME_LIMIT = 90
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_keepalive": True,
    "health_check_interval": 25,
    # Whoever rings for a worker while Redis is down goes on after a moment instead of six seconds: what is to be done
    # is in the database, and the scheduler comes round. (A worker's own reconnecting does not read these.)
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.2,
    "interval_max": 0.2,
}
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 5
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"

# ---- Mail ------------------------------------------------------------------------------------------------------------
if email_url := env.text("EMAIL_URL"):
    MAILERS = {"default": mail_from_url(email_url)}
else:
    # Without a mail server every mail is a file that can be read, so that a trial needs none.
    MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "OPTIONS": {"file_path": str(HELPDESK_HOME / "mail")},
        }
    }
DEFAULT_FROM_EMAIL = env.address("DEFAULT_FROM_EMAIL", "Helpdesk <helpdesk@example.org>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# ---- Django ----------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "helpdesk.apps.HelpdeskConfig",
    "metrics.apps.MetricsConfig",
    "surveys.apps.SurveysConfig",
    "tickets.apps.TicketsConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    # Form widgets come from the same template engine as pages: this is where their templates are.
    "django.forms",
    # Its templates are what FORM_RENDERER falls back on.
    "django_filters",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tickets.client_door.ClientDoorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "helpdesk.live_door.LiveOriginMiddleware",
]
if PROCESS == "live":
    # One path, no pages: only who is asking. Each middleware here can work in a coroutine.
    MIDDLEWARE = [
        "django.middleware.security.SecurityMiddleware",
        "helpdesk.live_door.LiveOriginMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ]

ROOT_URLCONF = "helpdesk.urls"
WSGI_APPLICATION = "helpdesk.wsgi.application"
ASGI_APPLICATION = "helpdesk.asgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "django.template.context_processors.csp",
            ],
            # Translation without `{% load i18n %}`, which would put Django's own in its place.
            "builtins": ["helpdesk.template_tags"],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
NODE_MODULES = BASE_DIR / "node_modules"
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "helpdesk.assets.PackageFinder",
]
MEDIA_ROOT = HELPDESK_HOME / "uploads"
# What customers send is for nobody else on the machine.
FILE_UPLOAD_PERMISSIONS = 0o640
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o750
# Who looks files over for viruses: unix:///path or tcp://host:3310. Without one nobody does.
CLAMD_URL = env.choice_of_schemes("CLAMD_URL", {"unix", "tcp"})
# Of one file that goes with a message; many mail servers refuse more.
LARGEST_ATTACHMENT = env.number("LARGEST_ATTACHMENT_MB", 20, least=1, most=200) << 20
# Servers of mail and telephone within a network of ours, by name, address or network: nobody who sets a mailbox up can reach others.
INTERNAL_HOSTS = [word.lower() for word in env.words("INTERNAL_HOSTS", [])]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage" if DEBUG else "helpdesk.assets.StaticStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

LANGUAGE_CODE = "en"
LANGUAGES = [("sv", _("Swedish")), ("fi", _("Finnish")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.zone("TIME_ZONE", "Europe/Stockholm")

AUTH_USER_MODEL = "tickets.User"
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login/"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ---- Safety ----------------------------------------------------------------------------------------------------------
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF, CSP.NONCE],
    "img-src": [CSP.SELF, "data:"],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SILENCED_SYSTEM_CHECKS = [
    # Whether every other name below this domain is served by https is not ours to promise.
    "security.W005",
    "security.W021",
    # The proxy that ends TLS redirects, and health checks come to us without it.
    "security.W008",
]
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
# Cookies do not know ports: without the port in its name, a second installation beside this one would log us out.
SESSION_COOKIE_NAME = "sessionid" if PORT == 8000 else f"sessionid_{PORT}"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"

# ---- The API ---------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    # The token comes first, so that a call without one is told which kind is wanted.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "tickets.api.authentication.BearerAuthentication",
        "tickets.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["tickets.api.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["tickets.api.parsers.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["tickets.api.filters.Backend"],
    "DEFAULT_PAGINATION_CLASS": "tickets.api.pagination.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "helpdesk.api.problem_response",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Helpdesk",
    "DESCRIPTION": "Contacts, cases and customers in and out, and the figures that are computed from their log.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "helpdesk.api.with_problems"],
}

# ---- Log -------------------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.choice("LOG_LEVEL", "INFO", {"DEBUG", "INFO", "WARNING", "ERROR"})},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # One line a request is the web server's business.
        "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
    },
}
