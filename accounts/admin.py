"""Django's admin, cut down to reading: what the operator of the installation looks up without a membership.

It has no sign-in of its own (a second door would know no second factor and no lock after wrong passwords), shows no
patient, and writes nothing: people are managed on the members page, versions on the models page.
"""

from collections.abc import Callable
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, TypeVar, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

View = TypeVar("View", bound=Callable[..., Any])

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


class OperatorSite(admin.AdminSite):
    """The admin of those whom `manage.py createsuperuser` made."""

    site_header = site_title = "Lightbox: the record of the model"
    index_title = "Read only"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Tell whether the person operates the installation."""
        return request.user.is_active and bool(getattr(request.user, "is_superuser", False))

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Return the view for operators, by GET alone; others are refused, strangers are sent to the sign-in."""

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not self.has_permission(request):
                raise PermissionDenied("These pages are for the operator of the installation.")
            answer: HttpResponse = view(request, *args, **kwargs)
            return answer

        return cast(View, update_wrapper(never_cache(require_safe(guarded)), view))

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Return the front page, each app's and each model's: no sign-in, no password, no log-out."""
        models = [
            path(f"{model._meta.app_label}/{model._meta.model_name}/", include(model_admin.urls))
            for model, model_admin in self._registry.items()
        ]
        labels = "|".join(sorted({model._meta.app_label for model in self._registry}))
        return [
            path("", self.admin_view(self.index), name="index"),
            path("jsi18n/", self.admin_view(self.i18n_javascript), name="jsi18n"),
            *models,
            re_path(rf"^(?P<app_label>{labels})/$", self.admin_view(self.app_index), name="app_list"),
        ]


site = OperatorSite(name="admin")


class ReadOnlyAdmin(ModelAdmin):
    """Lists and shows; adds, changes and removes nothing."""

    actions = None

    def get_urls(self) -> list[URLPattern]:
        """Return the list, and one record with its (empty) history of changes: the page links to it."""
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        view = self.admin_site.admin_view
        return [
            path("", view(self.changelist_view), name=f"{name}_changelist"),
            path("<path:object_id>/history/", view(self.history_view), name=f"{name}_history"),
            path("<path:object_id>/change/", view(self.change_view), name=f"{name}_change"),
        ]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever comes as far may read."""
        return self.admin_site.has_permission(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whoever comes as far sees the app."""
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody removes."""
        return False
