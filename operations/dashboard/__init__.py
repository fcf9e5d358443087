"""The first page of the back office: how the exchange is now, and what somebody must act on."""
