from django.urls import path

from portfolio.api import PortfolioViewSet

urlpatterns = [
    path("portfolio", PortfolioViewSet.as_view({"get": "retrieve"}), name="portfolio"),
]
