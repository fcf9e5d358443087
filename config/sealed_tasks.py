"""Tasks that are believed only when a process of this exchange has sent them.

Bodies are JSON with a seal, for tasks and for the worker's remote control alike; a worker accepts nothing else. Celery
keeps a task's name and times outside of the body, so they are repeated in it where it is sent, and compared where it is
received: a sealed body is of no use under another name.
"""

from typing import Any, Final

from celery import Task
from celery.exceptions import InvalidTaskError
from celery.signals import before_task_publish
from celery.worker.request import Request
from kombu.serialization import register
from kombu.utils import json

from base.seals import SEAL_BYTES, Seal

__all__ = ["SEALED", "SealedRequest", "SealedTask"]

SEALED: Final = "sealed-json"
_TYPE: Final = "application/x-sealed-json"
_ENVELOPE: Final = "envelope"  # what the body repeats of the headers
_REPEATED: Final = ("task", "id", "eta", "expires", "timelimit")
_SEAL: Final = Seal(b"tasks")


def _encoded(body: Any) -> str:
    content = json.dumps(body)
    return _SEAL.closed(content.encode())[:SEAL_BYTES].hex() + content


def _decoded(sealed: str | bytes) -> Any:
    data = sealed.encode() if isinstance(sealed, str) else bytes(sealed)
    seal, content = data[: 2 * SEAL_BYTES], data[2 * SEAL_BYTES :]
    return json.loads(_SEAL.opened(bytes.fromhex(seal.decode()) + content))


register(SEALED, _encoded, _decoded, content_type=_TYPE, content_encoding="utf-8")


@before_task_publish.connect
def _repeat_the_envelope(body: Any, headers: dict[str, Any], **_: Any) -> None:
    body[2][_ENVELOPE] = [headers.get(name) for name in _REPEATED]


class SealedRequest(Request):
    """A task as a worker received it. Raises InvalidTaskError unless its body is sealed for its name and times."""

    def __init__(self, message: Any, *args: Any, **options: Any) -> None:
        body = message.payload if message.content_type == _TYPE else None
        if not isinstance(body, list) or len(body) != 3 or not isinstance(body[2], dict):
            raise InvalidTaskError("the body is not sealed")
        if body[2].get(_ENVELOPE) != [message.headers.get(name) for name in _REPEATED]:
            raise InvalidTaskError("the body was sealed for another task")
        super().__init__(message, *args, **options)


class SealedTask(Task):  # type: ignore[type-arg]  # generic for the type checker alone
    """The class of all tasks."""

    abstract = True
    Request = f"{__name__}:SealedRequest"
