"""Settings, all from the environment, typed by django-environ; `.env.example` explains each one."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import environ
import structlog
from celery.schedules import crontab
from kombu import Queue

from config.tls import broker_tls
from exchange import __version__
from operations.navigation import BACK_OFFICE

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")
DATA_DIR = Path(env.str("DATA_DIR", default="") or BASE_DIR / "var")
if not env.str("DATABASE_URL", default="") and (DATA_DIR / "environment").is_file():
    environ.Env.read_env(DATA_DIR / "environment")  # the running copy that `make run` started

# --- Security -------------------------------------------------------------------------------------
DEBUG: bool = env.bool("DEBUG", default=False)
SECRET_KEY: str = env.str("SECRET_KEY", default="")
# Earlier ones, whose API keys and staff sessions go on. Tokens are signed by the present one alone.
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
DEMO_MODE: bool = env.bool("DEMO_MODE", default=False)
DEMO_PASSWORD: str = env.str("DEMO_PASSWORD", default="demo-password")
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])
TLS_PROXY: bool = env.bool("TLS_PROXY", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = TLS_PROXY
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TLS_PROXY else None
SECURE_HSTS_SECONDS = 31_536_000 if TLS_PROXY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = TLS_PROXY
X_FRAME_OPTIONS = "DENY"
DEFAULT_EXCEPTION_REPORTER_FILTER = "base.error_pages.ErrorPageFilter"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000  # bytes; a larger body is answered with 413

# --- Applications ---------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",
    "daphne",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "django_prometheus",
    "django_structlog",
    "proposals",
    "exchange",
    "matching",
    "settlement",
    "orders",
    "portfolio",
    "marketdata",
    "verification",
    "operations",
    "charting",
    "account_panel",
    "trading_page",
    "tape",
    "demo",
]
MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "base.static_files.StaticFilesMiddleware",
    "base.middleware.RequestIdMiddleware",
    "base.middleware.ContentSecurityPolicyMiddleware",
    "base.middleware.AnswerHeadersMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "exchange.staff_access.StaffAccessMiddleware",
    "base.middleware.BodyLimitMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
ROOT_URLCONF = "config.urls"
PUBLIC_URLCONF = "config.public_urls"  # without the back office
ASGI_APPLICATION = "config.asgi.application"
WSGI_APPLICATION = "config.wsgi.application"
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
            ]
        },
    }
]

# --- PostgreSQL -----------------------------------------------------------------------------------
DATABASE_URL: str = env.str("DATABASE_URL", default="postgres://exchange@127.0.0.1:25432/exchange")
# The engine holds a session advisory lock, so its address must not lead through a transaction pooler.
ENGINE_DATABASE_URL: str = env.str("ENGINE_DATABASE_URL", default=DATABASE_URL)
# What the application's role may do follows from its name when the owner migrates.
APPLICATION_ROLE: str = unquote(urlsplit(DATABASE_URL).username or "")
# The address of the owner of all tables, which no serving process needs or has: these commands run as it.
OWNER_DATABASE_URL: str = env.str("OWNER_DATABASE_URL", default="")
# That of an administrator of the server, for `manage.py database_roles` alone.
ADMIN_DATABASE_URL: str = env.str("ADMIN_DATABASE_URL", default="")
IS_OWNER = bool(OWNER_DATABASE_URL) and sys.argv[1:2] in (["anchor_journal"], ["backup"], ["migrate"], ["restore"])
if IS_OWNER:
    DATABASE_URL = ENGINE_DATABASE_URL = OWNER_DATABASE_URL
# Migrations and long reports run with 0, which means no limit.
STATEMENT_TIMEOUT_MS: int = env.int("STATEMENT_TIMEOUT_MS", default=15_000)
# Who can read backups (age recipients) and the file with the key that restores them, which does not belong beside them.
BACKUP_RECIPIENTS: list[str] = env.list("BACKUP_RECIPIENTS", default=[])
BACKUP_IDENTITY_FILE: str = env.str("BACKUP_IDENTITY_FILE", default="")
# Folder of pg_dump and the like for backups; empty: that of the embedded PostgreSQL, else PATH.
POSTGRES_BIN: str = env.str("POSTGRES_BIN", default="")
_DATABASE: dict[str, Any] = env.db_url_config(DATABASE_URL)
DATABASES = {
    "default": {
        **_DATABASE,
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "OPTIONS": {
            **_DATABASE.get("OPTIONS", {}),  # sslmode and the like, as the address has them
            "pool": {
                "min_size": 1,
                "max_size": env.int("DATABASE_POOL_SIZE", default=40),
                "timeout": 3,
                "reconnect_timeout": 3,  # then each request tries anew, instead of waiting out growing pauses
            },
            "connect_timeout": 5,
            "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout=5000",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "exchange.User"

# --- Valkey or Redis: channel layers, broker ------------------------------------------------------
REDIS_URL: str = env.str("REDIS_URL", default="redis://127.0.0.1:26379/0")
# Pub/sub channels know no database numbers: the prefix keeps two copies on one server apart.
_LAYER_PREFIX = f"te:{urlsplit(REDIS_URL).path.strip('/') or 0}"
# redis-py's default socket timeout equals the layer's blocking read, which would end an idle worker. Protocol: see
# base/valkey.py.
_LAYER_HOST = {"address": REDIS_URL, "socket_timeout": None, "socket_connect_timeout": 2, "protocol": 2}
CHANNEL_LAYERS: dict[str, dict[str, Any]] = {
    # Commands to the engine: a bounded queue per market.
    "default": {
        "BACKEND": "matching.layers.CommandChannelLayer",
        "CONFIG": {"hosts": [_LAYER_HOST], "prefix": f"{_LAYER_PREFIX}:cmd:", "capacity": 20_000, "expiry": 60},
    },
    # Replies and streams: pub/sub, one copy per process.
    "pubsub": {
        "BACKEND": "base.layers.SealedPubSubChannelLayer",
        "CONFIG": {"hosts": [_LAYER_HOST], "prefix": f"{_LAYER_PREFIX}:pub:"},
    },
}
# --- Celery ---------------------------------------------------------------------------------------
CELERY_BROKER_URL: str = env.str("CELERY_BROKER_URL", default=REDIS_URL)
# The authority that signed the broker's certificate, if it is none of the system's.
BROKER_CA_FILE: str = env.str("BROKER_CA_FILE", default="")
CELERY_BROKER_USE_SSL = broker_tls(CELERY_BROKER_URL, BROKER_CA_FILE)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "visibility_timeout": 120,
    "global_keyprefix": "te:celery:",  # of what accounts of Valkey may touch; nothing to RabbitMQ
    "priority_steps": [0],  # one key for each queue
}
CELERY_TASK_SERIALIZER = "sealed-json"  # config/sealed_tasks.py
CELERY_ACCEPT_CONTENT = ["sealed-json"]
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_DEFAULT_QUEUE = "default"
# A worker without -Q takes both. Tasks are routed here: Celery deprecates naming the queue at the task.
CELERY_TASK_QUEUES = tuple(Queue(name, routing_key=name) for name in ("default", "settlement"))
CELERY_TASK_ROUTES = {"settlement.tasks.*": {"queue": "settlement"}}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "operations.schedules:FixedScheduler"
# Where each reconciliation adds the heads of both chains of hashes, best a disk that cannot be written twice.
CHAIN_HEADS_FILE: str = env.str("CHAIN_HEADS_FILE", default="")
RECONCILE_MINUTES: int = env.int("RECONCILE_MINUTES", default=10)
CELERY_BEAT_SCHEDULE = {
    # Sweeps that pile up while no worker runs are worth nothing.
    "settlement-sweep": {
        "task": "settlement.tasks.sweep_pending_trades",
        "schedule": 5.0,
        "options": {"expire_seconds": 10},
    },
    "wallet-sweep": {
        "task": "settlement.tasks.sweep_wallet",
        "schedule": 5.0,
        "options": {"expire_seconds": 10},
    },
    "orders-partitions": {"task": "operations.tasks.create_partitions", "schedule": timedelta(hours=6)},
    "audit-link": {"task": "exchange.tasks.link_audit_entries", "schedule": 10.0, "options": {"expire_seconds": 10}},
    "logins-prune": {"task": "exchange.tasks.prune_logins", "schedule": crontab(hour="3", minute="30")},
    "proposals-expire": {"task": "proposals.tasks.expire_proposals", "schedule": timedelta(minutes=10)},
    "markets-end-stops": {
        "task": "exchange.tasks.end_stops",
        "schedule": 60.0,
        "options": {"expire_seconds": 50},
    },
    # Not while the last one waits for a worker, and never two at once.
    "orders-reconcile": {
        "task": "verification.tasks.reconcile",
        "schedule": timedelta(minutes=RECONCILE_MINUTES),
        "options": {"expire_seconds": RECONCILE_MINUTES * 60},
    },
    "marketdata-analytics": {
        "task": "operations.tasks.refresh_analytics",
        "schedule": 60.0,
        "options": {"expire_seconds": 50},
    },
    "orders-fee-tiers": {"task": "orders.tasks.recompute_fee_tiers", "schedule": crontab(hour="0", minute="15")},
}

# --- What takes two people ------------------------------------------------------------------------
# How long a proposal waits for somebody to decide on it.
PROPOSAL_HOURS: int = env.int("PROPOSAL_HOURS", default=72)

# --- Trading --------------------------------------------------------------------------------------
COMMAND_TIMEOUT_MS: int = env.int("COMMAND_TIMEOUT_MS", default=3_000)
ORDER_RATE_PER_SECOND: int = env.int("ORDER_RATE_PER_SECOND", default=1_000)
# Threads of an api process, and requests of one address that are under way in it at once.
API_THREADS: int = env.int("API_THREADS", default=24)
REQUESTS_PER_ADDRESS: int = env.int("REQUESTS_PER_ADDRESS", default=100)
# How long a client may take to send the body of a request.
BODY_SECONDS: float = env.float("BODY_SECONDS", default=10.0)
TOKEN_TRUST_SECONDS: float = env.float("TOKEN_TRUST_SECONDS", default=1.0)
# Of one web process: WebSocket connections, and how many an address may open in a minute.
WS_CONNECTIONS_PER_ADDRESS: int = env.int("WS_CONNECTIONS_PER_ADDRESS", default=100)
WS_CONNECTIONS_PER_ACCOUNT: int = env.int("WS_CONNECTIONS_PER_ACCOUNT", default=20)
WS_OPENINGS_PER_MINUTE: int = env.int("WS_OPENINGS_PER_MINUTE", default=300)
# Connections of one address to a process of web or api, whatever they are used for.
CONNECTIONS_PER_ADDRESS: int = int(env.str("CONNECTIONS_PER_ADDRESS", default="") or WS_CONNECTIONS_PER_ADDRESS + 100)
# What an address, and what an account, may ask of REST in a minute, beside orders and log-ins.
REQUEST_WEIGHT_PER_MINUTE: int = env.int("REQUEST_WEIGHT_PER_MINUTE", default=12_000)
# Log-ins that an address may try in a minute; failures in an hour after which the next must wait, longer each time.
LOGIN_RATE_PER_MINUTE: int = env.int("LOGIN_RATE_PER_MINUTE", default=30)
LOGIN_FAILURES_PER_ADDRESS: int = env.int("LOGIN_FAILURES_PER_ADDRESS", default=50)
LOGIN_FAILURES_PER_ACCOUNT: int = env.int("LOGIN_FAILURES_PER_ACCOUNT", default=20)
# Of a demo copy: accounts that visitors may open, from one address in a minute and all of them in a day.
DEMO_ACCOUNTS_PER_MINUTE: int = env.int("DEMO_ACCOUNTS_PER_MINUTE", default=10)
DEMO_ACCOUNTS_PER_DAY: int = env.int("DEMO_ACCOUNTS_PER_DAY", default=500)
TAPE_DIR: str = env.str("TAPE_DIR", default=str(BASE_DIR.parent / "shared" / "data"))
# What implements settlement's ports.
TRADE_OUTBOX = "orders.outbox.PostgresTradeOutbox"
AWAITED_FUNDS = "orders.pending_exits.PendingExits"

# --- Wallet ---------------------------------------------------------------------------------------
# Where users' money is kept: in this exchange, or at a wallet service.
WALLETS = {"embedded": "settlement.ledger.EmbeddedLedger", "remote": "settlement.wallet.remote.RemoteWallet"}
WALLET: str = env.str("WALLET", default="embedded") or "embedded"
WALLET_URL: str = env.str("WALLET_URL", default="")
WALLET_TOKEN: str = env.str("WALLET_TOKEN", default="")
WALLET_TIMEOUT_MS: int = env.int("WALLET_TIMEOUT_MS", default=2_000)
# Calls at once in each process. Well below the api's threads, so that a slow wallet leaves some to others.
WALLET_CONCURRENCY: int = env.int("WALLET_CONCURRENCY", default=8)
WALLET_PROBE_SECONDS: float = env.float("WALLET_PROBE_SECONDS", default=2.0)
# With a token this copy is itself the wallet of an exchange that knows the token.
WALLET_SERVICE_TOKEN: str = env.str("WALLET_SERVICE_TOKEN", default="")

# --- Who reaches what: docs/operations.md ---------------------------------------------------------
# Where `make run` or a container listens: on more than this machine, an exchange is no demo.
BIND: str = env.str("BIND", default="") or "127.0.0.1"
# Ports for metrics, readiness in detail and the wallet protocol, which are nowhere else; 0 = nowhere.
PRIVATE_BIND: str = env.str("PRIVATE_BIND", default="") or "127.0.0.1"
WEB_PRIVATE_PORT: int = env.int("WEB_PRIVATE_PORT", default=0)
API_PRIVATE_PORT: int = env.int("API_PRIVATE_PORT", default=0)
API_WORKERS: int = env.int("API_WORKERS", default=1)
# Where the back office is: under these names, on this port, for these networks; without one, wherever web is.
STAFF_HOSTS: list[str] = env.list("STAFF_HOSTS", default=[])
STAFF_PORT: int = env.int("STAFF_PORT", default=0)
STAFF_ALLOWED_NETWORKS: list[str] = env.list("STAFF_ALLOWED_NETWORKS", default=[])

# --- Metrics of engine processes: web and api serve theirs on their private ports ------------------
ENGINE_METRICS_PORT: int = env.int("ENGINE_METRICS_PORT", default=0)
ENGINE_METRICS_BIND: str = env.str("ENGINE_METRICS_BIND", default="127.0.0.1")

# --- API ------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "exchange.authentication.BearerAuthentication",
        "exchange.authentication.ApiKeyAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["base.throttling.WeightThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["base.renderers.EnvelopeRenderer"],
    "DEFAULT_PARSER_CLASSES": ["base.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "base.pagination.EnvelopePagination",
    "DEFAULT_SCHEMA_CLASS": "base.schema.EnvelopeAutoSchema",
    "EXCEPTION_HANDLER": "base.handlers.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "COERCE_DECIMAL_TO_STRING": True,
}
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=env.int("ACCESS_TOKEN_MINUTES", default=15)),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=env.int("REFRESH_TOKEN_DAYS", default=7)),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "UPDATE_LAST_LOGIN": False,
    "ALGORITHM": "HS256",
    "USER_ID_FIELD": "id",
    "USER_ID_CLAIM": "sub",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Trade Engine",
    "DESCRIPTION": "A self-hosted exchange. Every number that is money, price or quantity is a JSON string."
    " The WebSocket streams have a document of their own, in AsyncAPI: [/api/streams](/api/streams).",
    "VERSION": __version__,
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_SPLIT_PATCH": False,  # its fields are optional already
    "PREPROCESSING_HOOKS": ["settlement.wallet_service.schema.public_endpoints"],
    "POSTPROCESSING_HOOKS": [],  # choices stand where they are used: as components they would need made-up names
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,  # a list of the words, each explained by itself
}
PASSWORD_HASHERS = [
    "base.hashing.hashers.BoundedArgon2PasswordHasher",
    "base.hashing.hashers.BoundedPBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

# --- Pages ----------------------------------------------------------------------------------------
LOGIN_REDIRECT_URL = "/"
LOGIN_URL = "/admin/login/"
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
DATETIME_FORMAT = "Y-m-d H:i:s"  # as the back office writes times everywhere
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
WHITENOISE_USE_FINDERS = True
# Where `make setup` puts the libraries of the trading page, from package-lock.json.
NODE_MODULES = Path(env.str("NODE_MODULES", default="") or Path(sys.prefix) / "page" / "node_modules")
STATICFILES_DIRS = [
    (f"libraries/{name}", NODE_MODULES / name / "dist")
    for name in ("preact", "preact/hooks", "@preact/signals", "@preact/signals-core", "htm", "lightweight-charts")
]


UNFOLD = BACK_OFFICE

# RequestIdMiddleware has made sure that the id is harmless.
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
# What is bound where a task is sent, above all a request's id, appears in the task's lines, too.
DJANGO_STRUCTLOG_CELERY_ENABLED = True

# --- Logs: one JSON object a line -----------------------------------------------------------------
LOG_LEVEL: str = env.str("LOG_LEVEL", default="INFO")
_SHARED_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_SHARED_PROCESSORS,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            "foreign_pre_chain": _SHARED_PROCESSORS,
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    # A line for each request and each task would cost more than it tells: metrics count them, refusals are logged.
    "loggers": {
        **{
            name: {"level": "WARNING"}
            for name in ("daphne", "django_structlog", "celery.worker.strategy", "celery.app.trace")
        },
        "celery": {"level": LOG_LEVEL},
        "psycopg.pool": {"level": "ERROR"},
    },
}
