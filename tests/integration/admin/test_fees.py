"""Fee tiers in the back office: the lines on a market's page, and who has which."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from exchange.models import FeeTier, Market, User, UserFeeTier
from exchange.services import TierTerms, market_set_fee_tiers, market_update
from proposals.models import Proposal
from proposals.services import proposal_approve
from tests.integration.admin.scene import MARKETS, USERS, browser_of, queries_of, rows_of, staff_with
from tests.integration.admin.test_markets import RIGHTS, form_of
from tests.trail import acts

HELD = "/admin/exchange/userfeetier/"
ONE, TWO = TierTerms(1, Decimal(1_000), 800, 900), TierTerms(2, Decimal(5_000), 0, 500)


@pytest.fixture
def tiered(market: Market, staff: User) -> Market:
    """The market with two levels."""
    market_set_fee_tiers(actor=staff, market_id=market.pk, tiers=[ONE, TWO])
    return market


def lines(market: Market, *tiers: TierTerms, **others: str) -> dict[str, str]:
    """Return what a browser posts when the page has these lines; the stored tiers come first, in their order."""
    stored = list(FeeTier.objects.filter(market=market))
    form = form_of(market)
    form |= {"fee_tiers-TOTAL_FORMS": str(len(tiers)), "fee_tiers-INITIAL_FORMS": str(len(stored))}
    for number, tier in enumerate(tiers):
        values = tier._asdict() | {"market": market.pk}
        if number < len(stored):
            values["id"] = stored[number].pk
        form |= {f"fee_tiers-{number}-{name}": str(value) for name, value in values.items()}
    return form | {f"fee_tiers-{name}": value for name, value in others.items()}


def save(market: Market, form: dict[str, str], clerk: User) -> Any:
    return browser_of(clerk).post(f"{MARKETS}{market.pk}/change/", form)


def tiers_of(market: Market) -> list[TierTerms]:
    return [TierTerms(*row) for row in FeeTier.objects.filter(market=market).values_list(*TierTerms._fields)]


def entries_of(user: User) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    return list(acts().filter(actor=user).order_by("id").values_list("action", "old", "new"))


def test_tiers_are_added_changed_and_removed_on_the_market_s_page_by_two(market: Market) -> None:
    clerk, other = staff_with(*RIGHTS), staff_with(*RIGHTS)

    def save_and_approve(form: dict[str, str]) -> None:
        before = tiers_of(market)
        save(market, form | {"reason": "spring"}, clerk)
        assert tiers_of(market) == before
        proposal = Proposal.objects.get(proposed_by=clerk, state="proposed")
        proposal_approve(actor=other, proposal_id=proposal.pk)

    silent = save(market, lines(market, ONE, TWO), clerk)
    assert "another member of staff decides on fee tiers" in silent.content.decode()
    save_and_approve(lines(market, ONE, TWO))
    added = tiers_of(market)
    save_and_approve(lines(market, ONE._replace(taker_fee_ppm=700), TWO))
    changed = tiers_of(market)
    save_and_approve(lines(market, ONE, TWO, **{"0-DELETE": "on"}))

    assert (added, changed, tiers_of(market)) == ([ONE, TWO], [ONE._replace(taker_fee_ppm=700), TWO], [TWO])
    market.refresh_from_db()
    assert market.fees_version == 3
    one = "from 1000: maker 800 ppm, taker 700 ppm"
    assert [entry[0] for entry in entries_of(clerk)] == ["proposal.propose"] * 3
    assert [entry[0] for entry in entries_of(other)] == ["market.set_fee_tiers", "proposal.approve"] * 3
    assert entries_of(other)[4][1:] == ({"level 1": one}, {"level 1": None})


def test_saving_the_page_unchanged_leaves_no_trace(tiered: Market) -> None:
    clerk = staff_with(*RIGHTS)

    response = save(tiered, lines(tiered, ONE, TWO), clerk)

    assert response.status_code == 302
    assert entries_of(clerk) == []
    assert Market.objects.get(pk=tiered.pk).fees_version == 1


@pytest.mark.parametrize(
    ("tiers", "problem"),
    [
        ([ONE, TWO._replace(min_volume=Decimal(1_000))], "Level 2: the volume must be above that of level 1"),
        ([ONE, TWO._replace(level=1)], "Please correct the duplicate values"),
        ([ONE._replace(min_volume=Decimal(-1)), TWO], "The volume must not be negative"),
        ([ONE, TWO._replace(maker_fee_ppm=50_001)], "Fees must be between 0 and 50,000"),
        ([ONE._replace(level=0), TWO], "Must be at least 1"),
    ],
)
def test_tiers_that_make_no_sense_are_explained(tiered: Market, tiers: list[TierTerms], problem: str) -> None:
    clerk = staff_with(*RIGHTS)

    response = save(tiered, lines(tiered, *tiers), clerk)

    assert response.status_code == 200
    assert problem in response.content.decode()
    assert (tiers_of(tiered), entries_of(clerk)) == ([ONE, TWO], [])


def test_who_may_only_look_sees_the_tiers_and_changes_none(tiered: Market) -> None:
    viewer = staff_with("exchange.view_market")

    page = browser_of(viewer).get(f"{MARKETS}{tiered.pk}/change/").content.decode()
    response = save(tiered, lines(tiered, ONE._replace(taker_fee_ppm=1), TWO), viewer)

    assert "5000" in page
    assert response.status_code == 403
    assert tiers_of(tiered) == [ONE, TWO]


def test_what_somebody_else_has_changed_meanwhile_is_not_taken_back(tiered: Market, staff: User) -> None:
    browser, page = browser_of(staff_with(*RIGHTS)), f"{MARKETS}{tiered.pk}/change/"
    shown = dict(re.findall(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"', browser.get(page).content.decode()))
    market_update(actor=staff, market_id=tiered.pk, max_open_orders=7, max_quantity=Decimal(30))
    market_set_fee_tiers(actor=staff, market_id=tiered.pk, tiers=[ONE, cheaper := TWO._replace(taker_fee_ppm=400)])

    answer = browser.post(page, shown | {"maker_fee_ppm": "500"})

    assert (answer.status_code, shown["initial-max_open_orders"]) == (302, shown["max_open_orders"])
    tiered.refresh_from_db()
    assert (tiered.maker_fee_ppm, tiered.max_open_orders, tiered.max_quantity) == (500, 7, Decimal(30))
    assert tiers_of(tiered) == [ONE, cheaper]


@pytest.fixture
def held(tiered: Market, maker: User) -> UserFeeTier:
    tier = FeeTier.objects.get(market=tiered, level=2)
    return UserFeeTier.objects.create(
        user=maker, market=tiered, tier=tier, volume=Decimal("6000.25"), computed_at=timezone.now()
    )


def tier_table_of(response: Any) -> Any:
    return next(table for table in response.context["object_tables"] if table.title.startswith("Fee tiers"))


def test_a_user_s_page_shows_tier_and_volume(held: UserFeeTier, boss: Client, taker: User) -> None:
    other = boss.get(f"{USERS}{taker.pk}/change/")  # the first page in a process asks for a content type as well
    response, statements = queries_of(boss, f"{USERS}{held.user_id}/change/")

    table = tier_table_of(response)
    assert table.rows[0][1:5] == [2, f"6,000.25 {held.market.quote_id}", "0 %", "0.05 %"]
    assert len(statements) <= 16
    assert tier_table_of(other).rows == []


def test_the_list_of_tiers_is_searched_by_user_and_read_only(held: UserFeeTier, boss: Client) -> None:
    response, statements = queries_of(boss, f"{HELD}?q={held.user.username}&market__id__exact={held.market_id}")
    detail = boss.get(f"{HELD}{held.pk}/change/")

    assert rows_of(response) == [held]
    assert len(statements) <= 9
    assert "6,000.25" in detail.content.decode()
    assert boss.get(f"{HELD}?q=nobody").context["cl"].result_count == 0
    assert boss.post(f"{HELD}{held.pk}/change/", {"volume": "1"}).status_code == 403
    assert boss.post(f"{HELD}{held.pk}/delete/", {"post": "yes"}).status_code == 403
    assert boss.get(f"{HELD}add/").status_code == 403
