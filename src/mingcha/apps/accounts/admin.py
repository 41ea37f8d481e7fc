from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.forms import ModelForm
from django.http import HttpRequest

from mingcha.apps.accounts.models import District, Organisation, User
from mingcha.apps.accounts.permissions import can
from mingcha.apps.audit.models import AuditEvent
from mingcha.apps.audit.services import audit_record
from mingcha.core import clock


class ReadOnly(admin.ModelAdmin[Any]):
    """Records are written by services, never here; the role that audits may look."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return can(request.user, "audit.view")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return can(request.user, "audit.view")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ByAdministrators(admin.ModelAdmin[Any]):
    """Accounts: changed by system administrators, each change audited, nothing deleted."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return can(request.user, "account.manage")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return can(request.user, "account.manage")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return can(request.user, "account.manage")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return can(request.user, "account.manage")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool) -> None:
        super().save_model(request, obj, form, change)
        action = f"{type(obj).__name__.lower()}.{'changed' if change else 'created'}"
        by = request.user if isinstance(request.user, User) else None
        audit_record(by=by, action=action, subject=obj, at=clock.now(), detail={"fields": form.changed_data})


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly):
    list_display = ["id", "at", "by", "action", "subject_kind", "subject_id"]
    list_filter = ["action"]
    search_fields = ["subject_id", "hash"]


@admin.register(District)
class DistrictAdmin(ByAdministrators):
    list_display = ["code", "name", "name_en", "column", "row"]


@admin.register(Organisation)
class OrganisationAdmin(ByAdministrators):
    list_display = ["uscc", "name", "kind", "district", "active"]
    list_filter = ["kind", "district", "active"]
    search_fields = ["uscc", "name"]


@admin.register(User)
class UserAdmin(ByAdministrators, DjangoUserAdmin[User]):
    """Django's own, with one field for the name, and the role that decides everything else."""

    list_display = ["username", "name", "role", "organisation", "district", "is_active"]
    list_filter = ["role", "district", "is_active"]
    search_fields = ["username", "name", "organisation__name"]
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("人员", {"fields": ("name", "email", "role", "organisation", "district", "language", "theme")}),
        ("账户", {"fields": ("is_active", "is_staff", "last_login", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("username", "name", "role", "organisation", "district", "password1", "password2"),
            },
        ),
    )
    filter_horizontal = ()
