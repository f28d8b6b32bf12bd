"""How gunicorn runs the API: `python -m gunicorn --config deployment/gunicorn.conf.py`.

Settings: HOST, PORT, WORKERS and THREADS, as .env.example describes them. The names below are
gunicorn's (https://docs.gunicorn.org/en/stable/settings.html).
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from canasta.errors import SettingsError
from canasta.settings import read_settings

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.base import Worker

try:
    _settings = read_settings()
except SettingsError as error:
    raise SystemExit(str(error)) from None

wsgi_app = "deployment.wsgi:application()"
bind = _settings.address
workers = _settings.workers
threads = _settings.threads
worker_class = "deployment.worker.Worker"

# The application is built once; what it serves is loaded by each worker, since no connection to
# the lake, and no thread, survives a fork.
preload_app = True

# Seconds. An answer takes milliseconds and a first load a second: a worker whose main thread is
# silent for 30 hangs (the worker itself hangs up on slow clients). One that is told to stop
# finishes what it has begun to read.
timeout = 30
graceful_timeout = 25
keepalive = 5

# No header of the API's is long. Its own log has a line for every answer.
limit_request_line = 4094
limit_request_fields = 50
limit_request_field_size = 4096
accesslog = None
control_socket_disable = True
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "deployment.app.logs.JsonLines"}},
    "handlers": {
        "lines": {
            "class": "logging.StreamHandler",
            "formatter": "lines",
            "stream": "ext://sys.stdout",
        }
    },
    "root": {"level": "INFO", "handlers": ["lines"]},
    "loggers": {"gunicorn.error": {"level": "INFO", "handlers": ["lines"], "propagate": False}},
}

# No header of a client's moves the application to another path.
forwarder_headers = ""

# Heartbeats are files, and a disk may stall: in memory, where there is such a folder.
_memory = Path("/dev/shm")  # noqa: S108 as gunicorn's FAQ says
worker_tmp_dir = str(_memory) if _memory.is_dir() else None

# Each worker counts for itself, and prometheus_client adds up what they write here. It reads the
# variable when it is imported: so nothing above may import the application.
_counts = tempfile.mkdtemp(prefix="canasta-metrics-")
raw_env = [f"PROMETHEUS_MULTIPROC_DIR={_counts}"]
_master = os.getpid()


@atexit.register  # gunicorn's own hook is not called where it ends before it has begun
def _remove_counts() -> None:
    if os.getpid() == _master:  # and no worker's end
        shutil.rmtree(_counts, ignore_errors=True)


def post_worker_init(worker: Worker) -> None:
    """Load what is promoted before the first request, and follow the pointer from then on."""
    from deployment.wsgi import serving_of

    serving_of(worker.wsgi).start()


def child_exit(server: Arbiter, worker: Worker) -> None:
    """Take the gauges of a worker that has ended out of the sums."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # it has no types
