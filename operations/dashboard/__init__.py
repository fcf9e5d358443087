"""The first page of the back office: the state of the exchange, and what staff must act on."""
