"""Django settings of mingcha. What an operator may set comes from the environment: ``docs/settings.md``."""

import os
from pathlib import Path

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from mingcha.site import data
from mingcha.site.database import database

SITE = Path(__file__).resolve().parent
PORTALS = SITE.parent / "portals"


def flag(name: str, *, default: bool = False) -> bool:
    """An on/off setting of the environment.

    Raises:
        ValueError: the value is neither on nor off.
    """
    text = os.environ.get(name, "").strip().lower()
    if text in ("", "1", "true", "yes", "on", "0", "false", "no", "off"):
        return default if text == "" else text in ("1", "true", "yes", "on")
    raise ValueError(f"{name}={text!r}: expected one of 1, 0, true, false, yes, no, on, off")


DEBUG = flag("MINGCHA_DEBUG")
SECRET_KEY = data.secret_key()
ALLOWED_HOSTS = os.environ.get("MINGCHA_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
HTTPS = flag("MINGCHA_HTTPS")  # behind a proxy that ends TLS

INSTALLED_APPS = [
    "mingcha.apps.audit",
    "mingcha.apps.accounts",
    "mingcha.apps.notices",
    "mingcha.apps.duties",
    "mingcha.apps.registry",
    "mingcha.apps.devices",
    "mingcha.apps.maintenance",
    "mingcha.apps.marking",
    "mingcha.apps.findings",
    "mingcha.apps.cases",
    "mingcha.apps.credit",
    "mingcha.apps.disclosure",
    "mingcha.site.apps.SiteConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "django_filters",
    "django_htmx",
    "django_tasks",
    "django_tasks_db",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "mingcha.site.middleware.Streams",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "mingcha.site.middleware.Compressed",  # after the static files, which were compressed when built
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "mingcha.site.middleware.ErrorPages",
    "axes.middleware.AxesMiddleware",  # last: it wants to see every failed sign-in
]

ROOT_URLCONF = "mingcha.site.urls"
ASGI_APPLICATION = "mingcha.site.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [
            SITE / "templates",
            *sorted(PORTALS.glob("*/templates")),
            *sorted(PORTALS.glob("*/*/templates")),
        ],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "mingcha.site.context.page",
            ],
            "builtins": ["mingcha.site.templatetags.mingcha", "mingcha.portals.shared.tags"],
        },
    }
]

DATABASES = {"default": database(os.environ.get("DATABASE_URL", "").strip(), data.records_file())}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",  # older accounts; hashed anew at their next sign-in
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/home/"
LOGOUT_REDIRECT_URL = "/"
CSRF_FAILURE_VIEW = "mingcha.site.middleware.csrf_failed"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "errors/locked_out.html"
AXES_RESET_ON_SUCCESS = True

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("简体中文")), ("en", "English")]
LOCALE_PATHS = [SITE / "locale", PORTALS / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "/static/"
STATICFILES_DIRS = [SITE / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = (
    True  # served where they were built; names in dist/ carry 12 hex digits, so they are kept for ever
)

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "style-src-attr": ["'unsafe-inline'"],  # charts and bars set widths on elements
        "img-src": [SELF, "data:", "blob:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 2**20
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 2**20

# Where the stores lie: portals and workers open them by these names.
JOURNAL_FOLDER = data.journal_folder()
JOURNAL_SETTING = data.journal_setting()  # the cluster that keeps the journals; None: the folder alone
READINGS = data.readings_place()
HISTORY = data.history_place()  # None: beside the file of the readings
BLOBS_FOLDER = data.blobs_folder()

GATEWAY_PORT = int(os.environ.get("MINGCHA_GATEWAY_PORT", "9212"))
WEB_PORT = int(os.environ.get("MINGCHA_WEB_PORT", "8000"))
SILENCED_SYSTEM_CHECKS = (
    ["security.W004", "security.W008", "security.W012", "security.W016"] if not HTTPS else []
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": os.environ.get("MINGCHA_LOG_LEVEL", "WARNING")},
}
