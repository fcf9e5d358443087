"""What any service of ours needs, whatever it trades: errors, numbers, ids, HTTP, Valkey, health, metrics."""
