"""What takes two people: proposed by one member of staff, decided by another, done in the deciding transaction."""
