"""Frames that begin and never end."""

from tests.attack.attack import Attack, Until
from tests.attack.streams import MARKET, attack_by_streams, told
from tests.attack.target import Target
from tests.integration.marketdata.raw import RawClient, frame

CONNECTIONS = 120
UNFINISHED = 4408
_HALVES = (frame(b"x" * 200)[:3], frame(b'{"op": "pi', length=60_000), frame(b'{"op": ', is_last=False))


class HalfFrames(Attack):
    """Holds many connections open, each with a part of a header, of a frame or of a message."""

    name = "half frames"

    def run(self, target: Target, until: Until) -> str:
        ends = attack_by_streams(target, until, MARKET, _begin, connections=CONNECTIONS)
        assert ends[UNFINISHED], f"nobody was closed for it: {dict(ends)}"
        return told(ends)


def _begin(client: RawClient, until: Until) -> int:
    client.send(_HALVES[client.socket.getsockname()[1] % len(_HALVES)])
    return client.close_code()
