"""Commands as bytes: journals that are stored already are read as they were meant."""

import msgpack
import pytest

from matching.codec import decode_commands, encode_commands
from matching.engine import AmendOrder, Command, SetRules
from tests.unit.engine.cast import BUY, OUTSIDER, limit

ORDER_ID, ACCOUNT_ID = 7 << 64, OUTSIDER
IDS = ORDER_ID.to_bytes(16), ACCOUNT_ID.to_bytes(16)


@pytest.mark.parametrize(
    ("stored", "command"),
    [
        ([6, 5, *IDS, 100, 3], AmendOrder(5, ORDER_ID, ACCOUNT_ID, 100, 3)),
        ([6, 5, *IDS, 100, 3, 95], AmendOrder(5, ORDER_ID, ACCOUNT_ID, 100, 3, 95)),
        ([4, 5, 10_000, 100, 1, 2], SetRules(5, 10_000, 100, 1, 2, edition=1)),
        (
            [1, 0, *IDS, 1, 1, 1, False, 100, 3, 0],
            limit(ORDER_ID, BUY, 3, 100, account=ACCOUNT_ID),
        ),
    ],
    ids=["an amendment without a stop price", "an amendment", "rules without an edition", "an order"],
)
def test_an_entry_is_read_as_it_was_meant_also_before_it_got_all_its_fields(
    stored: list[object], command: Command
) -> None:
    (read,) = decode_commands(msgpack.packb([stored]))

    assert (type(read), read) == (type(command), command)


def test_a_field_that_a_command_got_later_is_left_out_when_it_is_unused() -> None:
    plain, moved = AmendOrder(5, ORDER_ID, ACCOUNT_ID, 100, 3), AmendOrder(5, ORDER_ID, ACCOUNT_ID, 0, 0, 95)

    stored = msgpack.unpackb(encode_commands([plain, moved]))

    assert stored == [[6, 5, *IDS, 100, 3], [6, 5, *IDS, 0, 0, 95]]
    assert decode_commands(encode_commands([plain, moved])) == [plain, moved]
