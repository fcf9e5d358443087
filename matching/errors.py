"""Why a gateway has no answer for its caller.

    GatewayError
    ├── EngineUnavailable   nobody matches this market right now; nothing was sent
    ├── Overloaded          too much is waiting already; nothing was sent
    └── CommandTimeout      no answer by the deadline: it may have been executed, it will not be executed later
"""


class GatewayError(Exception):
    pass


class EngineUnavailable(GatewayError):
    pass


class Overloaded(GatewayError):
    pass


class CommandTimeout(GatewayError):
    pass
