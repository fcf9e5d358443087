"""What an attack is. Each is a class of its own in a file of `tests/attack/attacks/`, and is found by being there."""

import importlib
import pkgutil
from collections.abc import Callable
from typing import ClassVar

from tests.attack import attacks
from tests.attack.target import Target

Until = Callable[[], bool]


class Attack:
    """Does its worst to a running exchange from loopback addresses of its own, until it is told to stop.

    What it asserts is how it must fail; a bystander and the exchange's memory are watched beside it.
    """

    name: ClassVar[str]

    def run(self, target: Target, until: Until) -> str:
        """Attack until `until()` is true, and let everything go; return in a few words what came of it.

        Raises AssertionError where the attack was not refused as it should.
        """
        raise NotImplementedError


def all_attacks() -> dict[str, Attack]:
    """Return every attack by its name, in the order of their files."""
    for module in pkgutil.iter_modules(attacks.__path__):
        importlib.import_module(f"{attacks.__name__}.{module.name}")
    return {kind.name: kind() for kind in Attack.__subclasses__()}
