"""Running the exchange: engine processes, partitions, backups, health, metrics and the back office's first page."""
