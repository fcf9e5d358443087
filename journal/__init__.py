from journal.journal import PostgresJournal

__all__ = ["PostgresJournal"]
