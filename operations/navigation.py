"""The back office's name, looks and sidebar: settings of django-unfold. Loaded by the settings, so before any app."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy

__all__ = ["BACK_OFFICE"]


def _page(title: str, icon: str, model: str) -> dict[str, Any]:
    """Return a sidebar entry for a model's list, shown to users who may view it."""
    app, _, name = model.partition(".")
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{name}_changelist"),
        "permission": lambda request: request.user.has_perm(f"{app}.view_{name}"),
    }


BACK_OFFICE: dict[str, Any] = {
    "SITE_TITLE": "Trade Engine",
    "SITE_HEADER": "Trade Engine",
    "SITE_SUBHEADER": "Back office",
    "SITE_SYMBOL": "candlestick_chart",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("backoffice/icon.svg")}],
    "STYLES": [lambda request: static("backoffice/lists.css")],
    "DASHBOARD_CALLBACK": "operations.dashboard.page.dashboard_context",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": False,
        "navigation": [
            {"items": [{"title": "Dashboard", "icon": "dashboard", "link": reverse_lazy("admin:index")}]},
            {
                "title": "Two people",
                "items": [
                    _page("Proposals", "how_to_vote", "proposals.proposal"),
                    _page("Rules", "rule", "exchange.rule"),
                ],
            },
            {
                "title": "Trading",
                "items": [
                    _page("Orders", "receipt_long", "orders.order"),
                    _page("Trades", "swap_horiz", "orders.trade"),
                    _page("Markets", "storefront", "exchange.market"),
                    _page("Markets, 24 hours", "monitoring", "marketdata.marketday"),
                    _page("Assets", "toll", "exchange.asset"),
                ],
            },
            {
                "title": "Money",
                "items": [
                    _page("Failed settlements", "running_with_errors", "settlement.failedsettlement"),
                    _page("Adjustments", "balance", "settlement.adjustment"),
                    _page("Balances", "account_balance_wallet", "settlement.account"),
                    _page("Ledger", "menu_book", "settlement.ledgerentry"),
                    _page("Mismatches", "difference", "orders.mismatch"),
                    _page("Reconciliations", "fact_check", "orders.reconcilerun"),
                    _page("Reserved at the wallet", "move_to_inbox", "settlement.walletreservation"),
                    _page("Released to the wallet", "outbox", "settlement.walletrelease"),
                    _page("Reversed settlements", "undo", "settlement.walletreversal"),
                    _page("Asked of our wallet", "account_balance", "settlement.walletoperation"),
                ],
            },
            {
                "title": "People",
                "items": [
                    _page("Users", "person", "exchange.user"),
                    _page("Notes on users", "sticky_note_2", "exchange.usernote"),
                    _page("User activity", "query_stats", "marketdata.useractivity"),
                    _page("Fee tiers", "percent", "exchange.userfeetier"),
                    _page("API keys", "vpn_key", "exchange.apikey"),
                    _page("Groups", "group", "auth.group"),
                    _page("Audit trail", "policy", "exchange.auditentry"),
                ],
            },
            {
                "title": "System",
                "collapsible": True,
                "items": [
                    _page("Engine processes", "dns", "orders.engineprocess"),
                    _page("Engines", "memory", "orders.marketsequence"),
                    _page("Cancel-after switches", "timer", "orders.cancelafter"),
                    _page("Journal", "history", "orders.journalbatch"),
                    _page("Replay checkpoints", "flag", "orders.replaycheckpoint"),
                    _page("Periodic tasks", "schedule", "django_celery_beat.periodictask"),
                    _page("Refresh tokens", "key", "token_blacklist.outstandingtoken"),
                    _page("Ended tokens", "key_off", "token_blacklist.blacklistedtoken"),
                    _page("Ended logins", "logout", "exchange.revokedsession"),
                ],
            },
        ],
    },
}
