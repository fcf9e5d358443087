"""Who a Ctrl-C reaches: this process alone, not the `make` that started it."""

import contextlib
import os
import signal
from collections.abc import Iterator

_STDIN = 0


@contextlib.contextmanager
def own_foreground() -> Iterator[None]:
    """Be the foreground job of the terminal, so that the prompt comes back when this process has ended, and not before.

    The second Ctrl-C ends `make` at once, whatever its recipe still does. Ctrl-Z does nothing: the shell would never
    learn of it. Does nothing itself without a terminal, in the background, or where this process leads its group.
    """
    before = os.getpgrp()
    if before == os.getpid() or not _is_foreground(before):
        yield
        return
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # else whoever hands the terminal over from behind is stopped
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    os.setpgid(0, 0)
    os.tcsetpgrp(_STDIN, os.getpgrp())
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # the terminal may be gone
            os.tcsetpgrp(_STDIN, before)


def _is_foreground(group: int) -> bool:
    try:
        return os.tcgetpgrp(_STDIN) == group
    except OSError:
        return False
