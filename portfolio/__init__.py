"""What a user's assets are worth, and what their trades have brought, market by market."""
