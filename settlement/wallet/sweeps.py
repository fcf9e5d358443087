"""Whatever is still under way between here and the wallet, tried again every few seconds.

Rows say what is to be done, so a process may die anywhere: the next sweep goes on. No lock is held while the wallet is
asked; what it confirms is noted by an UPDATE that names the state it comes from.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

import structlog
from django.db import models
from django.utils import timezone

from base.ids import uuid7_floor
from base.times import ms_of
from settlement.models import WalletRelease, WalletReservation, WalletReversal
from settlement.models.wallet import WalletTransfer
from settlement.ports import Reserving, wallet
from settlement.wallet.availability import UNDER_WAY
from settlement.wallet.connection import WalletUnavailableError
from settlement.wallet.protocol import WalletRefusalError
from settlement.wallet.returns import accounts_with_money, release_finish, releases_begin
from settlement.wallet.reversals import reversal_finish

log = structlog.get_logger(__name__)

SWEEP_S = 4.0  # less than the time between two sweeps
ROWS_MAX = 1_000
KEPT = timedelta(days=30)
_State = WalletReservation.State


def wallet_sweep() -> None:
    """Give up what takes too long, then void, reverse, release and return; nothing with the embedded wallet.

    Ends after SWEEP_S, or at once when the wallet is away. Safe to run twice and concurrently.
    """
    reserving = wallet().reserving
    if reserving is None:
        return
    _let_go_of_the_old()
    if reserving.is_rejecting:
        return
    try:
        _send_all(reserving, time.monotonic() + SWEEP_S)
    except WalletUnavailableError as error:
        log.warning("wallet_sweep_ended_early", error=str(error))


def _send_all(reserving: Reserving, deadline: float) -> None:
    voiding = WalletReservation.objects.filter(state=_State.VOIDING).order_by("created_at")[:ROWS_MAX]
    _each(voiding, lambda row: _void(row, reserving), deadline)
    reversing = WalletReversal.objects.filter(state=WalletReversal.State.REVERSING).order_by("created_at")[:ROWS_MAX]
    _each(reversing, lambda row: reversal_finish(reversal=row, reserving=reserving), deadline)
    sending = WalletRelease.objects.filter(state=WalletRelease.State.SENDING).order_by("created_at")[:ROWS_MAX]
    _each(sending, lambda row: release_finish(release=row, reserving=reserving), deadline)
    last_id = 0
    while time.monotonic() < deadline and (found := accounts_with_money(after=last_id)):
        last_id = found[-1][1]
        releases = releases_begin(accounts=[account for account, _ in found])
        _each(releases, lambda row: release_finish(release=row, reserving=reserving), deadline)


def _each(rows: Iterable[models.Model], finish: Callable[..., None], deadline: float) -> None:
    """Finish rows until the time is up. One that the wallet refuses is noted and does not stop the others."""
    for row in rows:
        if time.monotonic() > deadline:
            return
        try:
            finish(row)
        except WalletRefusalError as refusal:
            log.error("wallet_refused", row=f"{row._meta.model_name} {row.pk}", code=refusal.code)
            _note(row, f"{refusal.code}: {refusal.message}")
        except WalletUnavailableError as error:
            _note(row, str(error))
            raise


def _note(row: models.Model, error: str) -> None:
    type(row)._default_manager.filter(pk=row.pk).update(error=error[:200], updated_at=timezone.now())


def _void(reservation: WalletReservation, reserving: Reserving) -> None:
    reserving.void(key=reservation.pk)
    voiding = WalletReservation.objects.filter(pk=reservation.pk, state=_State.VOIDING)
    voiding.update(state=_State.VOIDED, updated_at=timezone.now())


def _let_go_of_the_old() -> None:
    """Give up reservations whose process has died; forget what ended long ago. Six queries."""
    now = timezone.now()
    old = WalletReservation.objects.filter(created_at__lt=now - UNDER_WAY)
    given_up = old.filter(state=_State.RESERVING).update(state=_State.VOIDING, updated_at=now)
    old.filter(state=_State.RESERVED).update(state=_State.SPENT, updated_at=now)
    if given_up:
        log.warning("reservations_given_up", count=given_up)
    ended: list[tuple[type[WalletTransfer], Sequence[str]]] = [
        (WalletReservation, (_State.SPENT, _State.REFUSED, _State.VOIDED)),
        (WalletRelease, (WalletRelease.State.RELEASED,)),
    ]
    for model, states in ended:
        _forget(model, states)


def _forget(model: type[WalletTransfer], states: Sequence[str]) -> None:
    """Remove the oldest rows in these states if they are older than KEPT; their ledger entries stay."""
    floor = uuid7_floor(ms_of(timezone.now() - KEPT))
    rows = model._default_manager
    ended = rows.filter(models.Q(pk__lt=floor, state__in=states)).order_by("pk").values_list("pk", flat=True)
    rows.filter(pk__in=list(ended[:ROWS_MAX])).delete()
