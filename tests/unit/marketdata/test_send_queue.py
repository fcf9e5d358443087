from marketdata.payload import Payload
from marketdata.send_queue import SendQueue


def message(text: str, *more: str) -> Payload:
    return Payload(*(each.encode() for each in (text, *more)))


def taken(queue: SendQueue) -> list[str]:
    texts = []
    while (each := queue.take()) is not None:
        texts += [text.decode() for text in each.texts]
    return texts


def test_what_waits_comes_out_in_the_order_it_went_in() -> None:
    queue = SendQueue(limit=3)
    queue.put(message("1"))
    queue.put_latest("ticker", lambda: message("2"))
    queue.put(message("3"))

    assert taken(queue) == ["1", "2", "3"]


def test_a_message_that_must_arrive_overflows_a_full_queue() -> None:
    queue = SendQueue(limit=3)
    queue.put(message("1", "2"))
    queue.put(message("3"))
    assert not queue.is_overflown
    queue.put(message("4"))

    assert queue.is_overflown
    queue.put(message("5"))
    queue.put_latest("book", lambda: message("6"))
    assert taken(queue) == []


def test_one_message_that_is_larger_than_the_queue_is_no_sign_of_a_slow_client() -> None:
    queue = SendQueue(limit=3)
    queue.put(message("resumed"))
    queue.put(message("1", "2", "3", "4"))

    assert not queue.is_overflown
    assert taken(queue) == ["resumed", "1", "2", "3", "4"]


def test_the_latest_state_waits_once_and_is_rendered_when_it_is_sent() -> None:
    queue = SendQueue(limit=10)
    state = ["old"]
    queue.put(message("first"))
    queue.put_latest("book", lambda: message(state[0]))
    queue.put_latest("book", lambda: message("a second one"))
    state[0] = "new"

    assert taken(queue) == ["first", "new"]
    assert len(queue) == 0


def test_the_latest_state_is_skipped_when_there_is_none() -> None:
    queue = SendQueue(limit=10)
    queue.put(message("first"))
    queue.put_latest("book", lambda: None)
    queue.put(message("next"))

    assert taken(queue) == ["first", "next"]


def test_what_an_owner_drops_is_not_sent_and_can_be_put_again() -> None:
    queue = SendQueue(limit=3)
    queue.put_latest("book", lambda: message("1"))
    queue.put_latest("book", lambda: message("2"))
    queue.put(message("3"))
    queue.drop("book")
    queue.put_latest("book", lambda: message("4"))

    assert taken(queue) == ["3", "4"]


def test_what_can_be_written_at_once_does_not_wait() -> None:
    written: list[bytes] = []
    calls: list[str] = []
    is_writable = True

    def write(each: Payload) -> bool:
        if is_writable:
            written.extend(each.texts)
        return is_writable

    queue = SendQueue(limit=10, write=write, on_waiting=lambda: calls.append("waiting"))
    queue.put(message("1"))
    queue.put_latest("book", lambda: message("2"))
    is_writable = False
    queue.put(message("3"))
    is_writable = True
    queue.put(message("4"))  # it must not overtake
    queue.put_latest("book", lambda: message("5"))

    assert written == [b"1", b"2"]
    assert calls == ["waiting"]
    assert taken(queue) == ["3", "4", "5"]


def test_nothing_overtakes_what_is_being_drained() -> None:
    queue = SendQueue(limit=10, write=lambda each: True)
    queue.is_draining = True
    queue.put(message("1"))
    queue.put_latest("book", lambda: message("2"))

    assert taken(queue) == ["1", "2"]
