"""The engine's closed lists as numbers, members and names: numbers travel, names are stored and shown."""

from enum import IntEnum
from typing import Final, Generic, TypeVar

from matching.engine import GroupRole, OrderType, SelfTradePrevention, Side, TimeInForce

Member = TypeVar("Member", bound=IntEnum)


class Vocabulary(Generic[Member]):
    """One closed list. All four are plain dictionaries, because every order looks into them."""

    __slots__ = ("member", "member_named", "name", "number")

    def __init__(self, members: type[Member]) -> None:
        self.member: dict[int, Member] = {member.value: member for member in members}
        self.name: dict[int, str] = {member.value: member.name.lower() for member in members}
        self.number: dict[str, int] = {name: number for number, name in self.name.items()}
        self.member_named: dict[str, Member] = {member.name.lower(): member for member in members}


SIDES: Final = Vocabulary(Side)
ORDER_TYPES: Final = Vocabulary(OrderType)
TIMES_IN_FORCE: Final = Vocabulary(TimeInForce)
SELF_TRADE_PREVENTIONS: Final = Vocabulary(SelfTradePrevention)
GROUP_ROLES: Final = Vocabulary(GroupRole)
