from channels.generic.websocket import AsyncWebsocketConsumer


class UnknownPathConsumer(AsyncWebsocketConsumer):
    """Refuses the handshake, so a mistyped path is the client's error and not a stack trace in our log."""

    channel_layer_alias = ""

    async def connect(self) -> None:
        await self.close()
