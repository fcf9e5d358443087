"""How the resources of the REST interface get their paths."""

from rest_framework.routers import DynamicRoute, Route, SimpleRouter

__all__ = ["ResourceRouter"]


class ResourceRouter(SimpleRouter):
    """DRF's router with paths that match to the letter: no trailing slash, no suffix for a format.

    `DELETE` on a list is the action `destroy_all`, which DRF does not have.
    """

    routes = [
        Route(
            url="{prefix}",
            mapping={"get": "list", "post": "create", "delete": "destroy_all"},
            name="{basename}-list",
            detail=False,
            initkwargs={"suffix": "List"},
        ),
        DynamicRoute(url="{prefix}/{url_path}", name="{basename}-{url_name}", detail=False, initkwargs={}),
        Route(
            url="{prefix}/{lookup}",
            mapping={"get": "retrieve", "patch": "partial_update", "delete": "destroy"},
            name="{basename}-detail",
            detail=True,
            initkwargs={"suffix": "Detail"},
        ),
        DynamicRoute(url="{prefix}/{lookup}/{url_path}", name="{basename}-{url_name}", detail=True, initkwargs={}),
    ]

    def __init__(self) -> None:
        super().__init__(use_regex_path=False)
