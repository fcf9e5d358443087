"""Orders and trades as integers: what the journal writes, replies carry and streams publish.

A row travels by msgpack as a plain list, so the order of the fields is part of the protocol between processes of one
release. Ids are the 16 bytes of the UUID; `*_units` count 10^-decimals of the quote asset; times are milliseconds.
"""

from typing import NamedTuple


class OrderRow(NamedTuple):
    id: bytes
    market_id: int
    user_id: bytes
    client_order_id: str | None
    side: int
    type: int
    time_in_force: int
    post_only: bool
    price_ticks: int
    quantity_lots: int
    budget_units: int
    filled_lots: int
    filled_units: int
    fee_units: int
    held_units: int
    maker_fee_ppm: int
    taker_fee_ppm: int
    status: str
    reason: str
    priority: int
    created_ms: int
    updated_ms: int
    seq: int


class TradeRow(NamedTuple):
    id: bytes
    market_id: int
    seq: int
    price_ticks: int
    quantity_lots: int
    buyer_id: bytes
    seller_id: bytes
    buyer_order_id: bytes
    seller_order_id: bytes
    taker_side: int
    buyer_fee_units: int
    seller_fee_units: int
    buyer_hold_units: int
    executed_ms: int
