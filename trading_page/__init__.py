"""The trading page: one template; everything on it comes from the public API and its streams."""
