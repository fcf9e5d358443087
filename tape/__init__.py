"""Recorded order flow, replayed against a running exchange through its public API; docs/tape.md explains how."""
