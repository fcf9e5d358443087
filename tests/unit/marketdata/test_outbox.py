import asyncio

from marketdata.outbox import Outbox


async def test_messages_come_out_in_the_order_they_went_in() -> None:
    outbox = Outbox(limit=3)
    outbox.put("1")
    outbox.offer("book", "2")
    outbox.put_latest("ticker", lambda: "3")

    assert [await outbox.get() for _ in range(3)] == ["1", "2", "3"]


async def test_a_full_queue_refuses_an_update_and_keeps_the_rest() -> None:
    outbox = Outbox(limit=1)
    outbox.put("1")

    assert not outbox.offer("book", "2")
    assert await outbox.get() == "1"


async def test_a_message_that_must_arrive_overflows_a_full_queue() -> None:
    outbox = Outbox(limit=1)
    outbox.put("1")
    outbox.put("2")

    assert await outbox.get() is None


async def test_the_latest_state_waits_once_and_is_rendered_when_it_is_sent() -> None:
    outbox = Outbox(limit=10)
    state = ["old"]
    outbox.put_latest("book", lambda: state[0])
    outbox.put_latest("book", lambda: "a second one")
    state[0] = "new"

    assert await outbox.get() == "new"
    assert len(outbox) == 0


async def test_the_latest_state_is_skipped_when_there_is_none() -> None:
    outbox = Outbox(limit=10)
    outbox.put_latest("book", lambda: None)
    outbox.put("next")

    assert await outbox.get() == "next"


async def test_what_an_owner_drops_is_not_sent_and_can_be_put_again() -> None:
    outbox = Outbox(limit=10)
    outbox.offer("book", "1")
    outbox.put_latest("book", lambda: "2")
    outbox.put("3")
    outbox.drop("book")
    outbox.put_latest("book", lambda: "4")

    assert [await outbox.get() for _ in range(2)] == ["3", "4"]


async def test_get_waits_for_a_message() -> None:
    outbox = Outbox(limit=10)
    waiting = asyncio.create_task(outbox.get())
    await asyncio.sleep(0)
    outbox.put("1")

    assert await waiting == "1"
