"""The chart of the trading page: scripts and a style sheet, and which of them the page loads first."""
