"""Celery beat's own pages, in the clothes of the rest; what is done there is recorded, too."""

from importlib import import_module

from django.apps import apps
from django.contrib import admin

from exchange.admin.base import UnfoldModelAdmin
from exchange.admin.recorded import RecordedActions, RecordedForms

_widgets = import_module("unfold.widgets")

for _model in list(apps.get_app_config("django_celery_beat").get_models()):
    if admin.site.is_registered(_model):
        _page = type(admin.site.get_model_admin(_model))
        admin.site.unregister(_model)
        _bases = (RecordedForms, RecordedActions, _page, UnfoldModelAdmin)
        admin.site.register(_model, type(_page.__name__, _bases, {}))

# Fields which that form declares itself keep the widgets it gave them.
_task_form = import_module("django_celery_beat.admin").PeriodicTaskForm
_task_form.base_fields["task"].widget.attrs["class"] = " ".join(_widgets.INPUT_CLASSES)
_task_form.base_fields["regtask"].widget.attrs["class"] = " ".join(_widgets.SELECT_CLASSES)
