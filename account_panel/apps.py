from django.apps import AppConfig


class AccountPanelConfig(AppConfig):
    name = "account_panel"
