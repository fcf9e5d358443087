"""A worker of the HTTP server must not outlive the server: nobody would stop it, and it would go on serving."""

import os
import signal
from multiprocessing import parent_process

from config.embedded.processes import die_with_parent


def die_with_server() -> None:
    """Have this process killed when the server that started it dies (Linux only). Does nothing if it is no worker.

    A server that is killed cannot end its workers. They share their port with their successors, so an orphan would
    serve some of the requests, with old code and its own database connections, for ever. Not a polite signal: a worker
    waits for its clients to hang up, and nobody would be there to lose patience with it.
    """
    parent = parent_process()
    if parent is not None and parent.pid == os.getppid():
        die_with_parent(signal.SIGKILL, parent=parent.pid)()
