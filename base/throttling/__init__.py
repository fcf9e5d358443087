"""Rate limits: how much an address and an account may ask, and how often somebody may try to log in.

`counts` counts requests in windows, `throttles` are the limits that views name, `logins` makes those who guess
passwords wait longer and longer.
"""

from base.throttling.throttles import (
    ApiKeyThrottle,
    BatchThrottle,
    DemoAccountThrottle,
    LoginThrottle,
    OrderThrottle,
    PortfolioThrottle,
    WeightThrottle,
    WindowThrottle,
    address_of,
    orders_may_be_sent,
)

__all__ = [
    "ApiKeyThrottle",
    "BatchThrottle",
    "DemoAccountThrottle",
    "LoginThrottle",
    "OrderThrottle",
    "PortfolioThrottle",
    "WeightThrottle",
    "WindowThrottle",
    "address_of",
    "orders_may_be_sent",
]
