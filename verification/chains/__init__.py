"""The chains of hashes: is what was written still there, all of it, and nothing else?

A chain alone cannot tell that its end is missing, nor that all of it was written anew. Both show against a head that is
kept elsewhere: each reconciliation logs the heads and adds them to CHAIN_HEADS_FILE.
"""
