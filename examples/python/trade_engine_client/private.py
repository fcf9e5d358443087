from trade_engine_client.stream import Stream


class PrivateStream(Stream): ...
