"""Every address of the public ports: the back office, where it is to be reached, and what is for everybody."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, path

from config.public_urls import handler400, handler403, handler404, handler500
from config.public_urls import urlpatterns as public_patterns
from operations.dashboard.page import dashboard_part
from operations.finder import finder_page

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/dashboard/", admin.site.admin_view(dashboard_part), name="admin-dashboard"),
    path("admin/find/", admin.site.admin_view(finder_page), name="admin-finder"),
    path("admin/", admin.site.urls),
    *public_patterns,
]
