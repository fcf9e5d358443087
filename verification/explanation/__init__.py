"""Why a trade was made and what became of an order, told from the journal."""
