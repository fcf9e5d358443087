from marketdata.encoded import Encoded
from marketdata.send_queue import Outbox


def message(text: str, *more: str) -> Encoded:
    return Encoded(*(each.encode() for each in (text, *more)))


def taken(outbox: Outbox) -> list[str]:
    texts = []
    while (each := outbox.take()) is not None:
        texts += [text.decode() for text in each.texts]
    return texts


def test_what_waits_comes_out_in_the_order_it_went_in() -> None:
    outbox = Outbox(limit=3)
    outbox.put(message("1"))
    outbox.put_latest("ticker", lambda: message("2"))
    outbox.put(message("3"))

    assert taken(outbox) == ["1", "2", "3"]


def test_a_message_that_must_arrive_overflows_a_full_queue() -> None:
    outbox = Outbox(limit=3)
    outbox.put(message("1", "2"))
    outbox.put(message("3"))
    assert not outbox.is_overflown
    outbox.put(message("4"))

    assert outbox.is_overflown
    outbox.put(message("5"))
    outbox.put_latest("book", lambda: message("6"))
    assert taken(outbox) == []


def test_one_message_that_is_larger_than_the_queue_is_no_sign_of_a_slow_client() -> None:
    outbox = Outbox(limit=3)
    outbox.put(message("resumed"))
    outbox.put(message("1", "2", "3", "4"))

    assert not outbox.is_overflown
    assert taken(outbox) == ["resumed", "1", "2", "3", "4"]


def test_the_latest_state_waits_once_and_is_rendered_when_it_is_sent() -> None:
    outbox = Outbox(limit=10)
    state = ["old"]
    outbox.put(message("first"))
    outbox.put_latest("book", lambda: message(state[0]))
    outbox.put_latest("book", lambda: message("a second one"))
    state[0] = "new"

    assert taken(outbox) == ["first", "new"]
    assert len(outbox) == 0


def test_the_latest_state_is_skipped_when_there_is_none() -> None:
    outbox = Outbox(limit=10)
    outbox.put(message("first"))
    outbox.put_latest("book", lambda: None)
    outbox.put(message("next"))

    assert taken(outbox) == ["first", "next"]


def test_what_an_owner_drops_is_not_sent_and_can_be_put_again() -> None:
    outbox = Outbox(limit=3)
    outbox.put_latest("book", lambda: message("1"))
    outbox.put_latest("book", lambda: message("2"))
    outbox.put(message("3"))
    outbox.drop("book")
    outbox.put_latest("book", lambda: message("4"))

    assert taken(outbox) == ["3", "4"]


def test_what_can_be_written_at_once_does_not_wait() -> None:
    written: list[bytes] = []
    calls: list[str] = []
    is_writable = True

    def write(each: Encoded) -> bool:
        if is_writable:
            written.extend(each.texts)
        return is_writable

    outbox = Outbox(limit=10, write=write, on_waiting=lambda: calls.append("waiting"))
    outbox.put(message("1"))
    outbox.put_latest("book", lambda: message("2"))
    is_writable = False
    outbox.put(message("3"))
    is_writable = True
    outbox.put(message("4"))  # it must not overtake
    outbox.put_latest("book", lambda: message("5"))

    assert written == [b"1", b"2"]
    assert calls == ["waiting"]
    assert taken(outbox) == ["3", "4", "5"]


def test_nothing_overtakes_what_is_being_drained() -> None:
    outbox = Outbox(limit=10, write=lambda each: True)
    outbox.is_draining = True
    outbox.put(message("1"))
    outbox.put_latest("book", lambda: message("2"))

    assert taken(outbox) == ["1", "2"]
