from journal.storage import PostgresStorage

__all__ = ["PostgresStorage"]
