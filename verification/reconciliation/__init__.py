"""Compares what is stored in several places with each other, and stops a market whose accounts differ."""
