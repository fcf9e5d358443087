"""A seal holds for one key, one purpose and one place, and for every byte."""

import pytest
from django.test import override_settings

from base.seals import SEAL_BYTES, Seal, SealBrokenError

CONTENT = bytes(range(40))
SEAL = Seal(b"a test")


def test_what_was_sealed_is_opened_for_its_place() -> None:
    assert SEAL.opened(SEAL.closed(CONTENT, "engine.BTC-USDT"), "engine.BTC-USDT") == CONTENT
    assert SEAL.opened(SEAL.closed(b"")) == b""


def test_a_change_of_any_byte_breaks_it() -> None:
    sealed = SEAL.closed(CONTENT, "there")
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(SealBrokenError):
            SEAL.opened(bytes(changed), "there")
    for part in (b"", sealed[:SEAL_BYTES], sealed[:-1], sealed + b"\0"):
        with pytest.raises(SealBrokenError):
            SEAL.opened(part, "there")


def test_it_holds_neither_elsewhere_nor_for_another_purpose() -> None:
    sealed = SEAL.closed(CONTENT, "ab")
    for seal, place in ((SEAL, "a"), (SEAL, ""), (SEAL, "abc"), (Seal(b"another"), "ab")):
        with pytest.raises(SealBrokenError):
            seal.opened(sealed, place)
    with pytest.raises(SealBrokenError):  # nothing moves between place and content
        SEAL.opened(SEAL.closed(b"b" + CONTENT, "a"), "ab")


def test_a_former_key_is_believed_for_as_long_as_it_is_named() -> None:
    with override_settings(SECRET_KEY="the former one"):
        sealed = SEAL.closed(CONTENT)

    with pytest.raises(SealBrokenError):
        SEAL.opened(sealed)
    with override_settings(SECRET_KEY_FALLBACKS=["an older one", "the former one"]):
        assert SEAL.opened(sealed) == CONTENT
