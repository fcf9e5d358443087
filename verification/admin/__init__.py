"""Reconciliations and their mismatches; the pages that explain trades and orders."""

from verification.admin import explanation, reconciliation

__all__ = ["explanation", "reconciliation"]
