from django.urls import path

from demo.api import DemoAccountView

urlpatterns = [
    path("demo/accounts", DemoAccountView.as_view()),
]
