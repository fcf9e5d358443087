"""`/ws/orders`: open orders and balances of an account that are always right, and every fill once."""

from collections.abc import Callable

from trade_engine_client.signing import ApiKey
from trade_engine_client.stream import Message, Stream

NOT_AUTHENTICATED, TAKEN_OVER = 4401, 4409
OPEN = ("open", "partially_filled", "pending")


class PrivateStream(Stream):
    """The messages of one account. `orders` and `balances` have taken each message before it is handed out."""

    def __init__(self, url: str, login: Callable[[], str] | ApiKey) -> None:
        """Give an API key, or what returns a valid access token: it is asked for one on each connection."""
        super().__init__()
        self.orders: dict[str, Message] = {}
        self.balances: dict[str, Message] = {}
        self.seq = 0
        self._places: dict[str, dict[str, str]] = {"order": {}, "fill": {}}
        self.resumed = self.snapshots = 0
        self._session = ""
        self._is_logged_in = False
        self._url = url
        self._login = login

    @property
    def orders_bookmark(self) -> str:
        """From here `Changes(ask, "/api/v1/orders", after=...)` goes on, after the orders that were handed out."""
        return ".".join(self._places["order"].values())

    @property
    def trades_bookmark(self) -> str:
        """The same for `Changes(ask, "/api/v1/trades", after=..., mine="true")`."""
        return ".".join(self._places["fill"].values())

    def address(self) -> str:
        self._is_logged_in = False
        return f"{self._url}/ws/orders"

    async def greet(self) -> None:
        """Log in, and ask for what came after the last message of the session, if there is one."""
        known = {"session": self._session, "private_seq": self.seq} if self._session else {}
        login = self._login.login() if isinstance(self._login, ApiKey) else {"token": self._login()}
        await self.send({"op": "auth", **login, **known})

    def ended(self, code: int) -> bool:
        """A token's end is no end of the stream, which comes back with the next one; a token that is refused is."""
        if code == TAKEN_OVER:
            self._session = ""
        return super().ended(code) and not (code == NOT_AUTHENTICATED and self._is_logged_in)

    async def take(self, message: Message) -> None:
        """Take a message. One that does not follow cannot be: so it ends the connection, and a new one resumes."""
        kind = message["type"]
        self._is_logged_in |= kind == "authenticated"
        self.resumed += kind == "resumed"
        if kind == "resumed" or "private_seq" not in message:
            return
        is_fresh = kind == "snapshot" and message["session"] != self._session
        if not is_fresh and message["private_seq"] != self.seq + 1:
            raise ConnectionError(f"{self.seq} is followed by {message['private_seq']}")
        self.seq = message["private_seq"]
        if kind == "snapshot":
            self.snapshots += 1
            self._session = message["session"]
            self._places = {"order": {"": message["bookmark"]}, "fill": {"": message["bookmark"]}}
            self.orders = {order["id"]: order for order in message["orders"]}
            self.balances = {balance["asset"]: balance for balance in message["balances"]}
        elif kind == "balance":
            self.balances[message["asset"]] = message
        elif kind == "fill":
            self._places["fill"][message["symbol"]] = message["bookmark"]
        elif kind == "order":
            order = message["order"]
            self._places["order"][order["symbol"]] = message["bookmark"]
            self.orders.pop(order["id"], None)
            if order["status"] in OPEN:
                self.orders[order["id"]] = order
