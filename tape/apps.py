from django.apps import AppConfig


class TapeConfig(AppConfig):
    name = "tape"
