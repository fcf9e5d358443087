"""What a server process does once it has loaded everything."""

import gc

from django.urls import get_resolver


def keep_what_is_loaded() -> None:
    """Load every view, then take all that is there out of the garbage collector's sight.

    It stays for good anyway; a full collection would look at it again and again, and stop all threads for a tenth of
    a second each time.
    """
    assert get_resolver().url_patterns, "Invariant: there are views to load"
    gc.collect()
    gc.freeze()
