from django.urls import path

from settlement.api import BalanceListView, EntryListView

urlpatterns = [
    path("balances", BalanceListView.as_view(), name="balances"),
    path("balances/<str:asset>/entries", EntryListView.as_view(), name="balance-entries"),
]
