"""Why a gateway has no answer for its caller.

GatewayError
├── EngineUnavailableError   nobody matches this market right now; nothing was sent
├── OverloadedError          too much is waiting already; nothing was sent
└── CommandTimeoutError      no answer by the deadline: it may have been executed, it will not be executed later
"""


class GatewayError(Exception):
    pass


class EngineUnavailableError(GatewayError):
    pass


class OverloadedError(GatewayError):
    pass


class CommandTimeoutError(GatewayError):
    pass
