"""Engine processes, the journal and switches; figures for each user and market."""

from operations.admin import analytics, system

__all__ = ["analytics", "system"]
