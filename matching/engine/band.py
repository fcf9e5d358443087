"""The price band: how far from the last price an order may go."""

from typing import Final

PRICE_TICKS_MAX: Final = (1 << 63) - 1
PPM: Final = 1_000_000


def band_limits(band_ppm: int, around_ticks: int) -> tuple[int, int]:
    """Return the lowest and highest price inside the band, both rounded inwards.

    Without a band, or without a price to put it around, every valid price is inside.
    Example: 5 % (50,000 ppm) around 999 ticks is 949.05 to 1048.95, so 950 to 1048.
    """
    if not band_ppm or not around_ticks:
        return 1, PRICE_TICKS_MAX
    width = around_ticks * band_ppm // PPM
    return max(1, around_ticks - width), min(PRICE_TICKS_MAX, around_ticks + width)
