from django.urls import include, path

from settlement.wallet.protocol import PREFIX
from settlement.wallet_service import views
from settlement.wallet_service.schema import WalletSchemaGenerator

_operations = [
    path("ping", views.PingView.as_view()),
    path("balances/<uuid:user_id>", views.BalancesView.as_view()),
    path("balances/<uuid:user_id>/<str:asset>", views.BalanceView.as_view()),
    path("reserved", views.ReservedView.as_view()),
    path("reservations", views.ReservationsView.as_view()),
    path("reservations/<uuid:key>/void", views.ReservationVoidView.as_view()),
    path("releases", views.ReleasesView.as_view()),
    path("settlements", views.SettlementsView.as_view()),
    path("settlements/<uuid:key>/reverse", views.SettlementReverseView.as_view()),
    path("operations/<uuid:key>", views.OperationView.as_view()),
]
_protocol = [path(f"{PREFIX}/", include(_operations))]
urlpatterns = [
    *_protocol,
    path(
        f"{PREFIX}/schema",
        views.WalletSchemaView.as_view(urlconf=_protocol, generator_class=WalletSchemaGenerator),
        name="wallet-schema",
    ),
]
