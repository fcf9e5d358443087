"""Messages, pings and large frames as fast as the server reads them."""

from tests.attack.attack import Attack, Until
from tests.attack.streams import MARKET, attack_by_streams, told
from tests.attack.target import Target
from tests.integration.marketdata.raw import PING, RawClient, frame, message

CONNECTIONS = 16
FLOOD = 4429
_BURSTS = (
    message(op="ping") * 400,
    frame(b"x" * 100, PING) * 400,
    frame(b'{"op": "ping", "x": "' + b"x" * 60_000 + b'"}') * 20,
)


class StreamFloods(Attack):
    """Floods on many connections from as many addresses; each is closed and comes again."""

    name = "stream floods"

    def run(self, target: Target, until: Until) -> str:
        ends = attack_by_streams(target, until, MARKET, _flood, connections=CONNECTIONS)
        assert ends[FLOOD], f"nobody was closed for it: {dict(ends)}"
        return told(ends)


def _flood(client: RawClient, until: Until) -> int:
    client.send(_BURSTS[client.socket.getsockname()[1] % len(_BURSTS)])
    return client.close_code()
