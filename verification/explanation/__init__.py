"""Why a trade was made and what became of an order, from the journal."""
