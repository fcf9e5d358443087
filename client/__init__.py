"""A client of the public REST API, for programs of this project that trade through the front door."""
