"""Celery beat's own pages, in the clothes of the rest."""

from django.apps import apps
from django.contrib import admin

from exchange.admin.base import UnfoldModelAdmin

for _model in list(apps.get_app_config("django_celery_beat").get_models()):
    if admin.site.is_registered(_model):
        _page = type(admin.site.get_model_admin(_model))
        admin.site.unregister(_model)
        admin.site.register(_model, type(_page.__name__, (_page, UnfoldModelAdmin), {}))
