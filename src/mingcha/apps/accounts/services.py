"""Districts, organisations and people are entered here."""

from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from mingcha.apps.accounts.models import District, Organisation, User
from mingcha.apps.accounts.permissions import require
from mingcha.apps.accounts.roles import AGENCY_ROLES, DISCHARGER_ROLES, Role
from mingcha.apps.accounts.values import uscc_problem
from mingcha.apps.audit.services import audit_record
from mingcha.core.errors import BadInput


@transaction.atomic
def district_register(
    *,
    code: str,
    name: str,
    at: datetime,
    name_en: str = "",
    column: int = 0,
    row: int = 0,
    by: User | None = None,
) -> District:
    """Enter a district. ``column`` and ``row``: its place in the overview's grid.

    Raises:
        BadInput: the code is taken or not 6 to 12 digits.
    """
    require(by, "setting.manage")
    problems = {}
    if not (code.isascii() and code.isdigit() and 6 <= len(code) <= 12):
        problems["code"] = f"区划代码应为 6–12 位数字，现为 {code!r} (6 to 12 digits expected)"
    elif District.objects.filter(code=code).exists():
        problems["code"] = f"区划代码 {code} 已登记 (already registered)"
    if not name.strip():
        problems["name"] = "名称不能为空 (a name is needed)"
    if problems:
        raise BadInput(problems)
    district = District.objects.create(code=code, name=name, name_en=name_en, column=column, row=row)
    audit_record(by=by, action="district.registered", subject=district, at=at, detail={"code": code})
    return district


@transaction.atomic
def organisation_register(
    *,
    uscc: str,
    name: str,
    kind: str,
    at: datetime,
    district: District | None = None,
    address: str = "",
    by: User | None = None,
) -> Organisation:
    """Enter an organisation.

    Raises:
        BadInput: the code does not fit GB 32100, is taken, or the kind is unknown.
    """
    require(by, "organisation.register")
    if problems := _organisation_problems(uscc, name, kind):
        raise BadInput(problems)
    organisation = Organisation.objects.create(
        uscc=uscc, name=name, kind=kind, district=district, address=address
    )
    detail = {"uscc": uscc, "kind": kind}
    audit_record(by=by, action="organisation.registered", subject=organisation, at=at, detail=detail)
    return organisation


def _organisation_problems(uscc: str, name: str, kind: str) -> dict[str, str]:
    problems = {}
    if problem := uscc_problem(uscc):
        problems["uscc"] = problem
    elif Organisation.objects.filter(uscc=uscc).exists():
        problems["uscc"] = f"统一社会信用代码 {uscc} 已登记 (already registered)"
    if not name.strip():
        problems["name"] = "名称不能为空 (a name is needed)"
    if kind not in Organisation.Kind.values:
        problems["kind"] = f"没有 {kind!r} 这一类；可选: {', '.join(Organisation.Kind.values)} (unknown kind)"
    return problems


@transaction.atomic
def user_create(
    *,
    username: str,
    name: str,
    role: str,
    at: datetime,
    password: str | None = None,
    organisation: Organisation | None = None,
    district: District | None = None,
    language: str = "zh-hans",
    by: User | None = None,
) -> User:
    """Make an account. Without ``password`` nobody can sign in with it until one is set.

    Raises:
        BadInput: the name is taken, the role lacks its organisation or district, or the password is weak.
    """
    require(by, "account.manage")
    user = User(
        username=username,
        name=name,
        role=role,
        organisation=organisation,
        district=district,
        language=language,
    )
    if problems := _user_problems(user) | _password_problems(password, user):
        raise BadInput(problems)
    user.is_staff = role == Role.SYSTEM_ADMIN
    user.set_password(password)
    user.save()
    detail = {"username": username, "role": role}
    audit_record(by=by, action="user.created", subject=user, at=at, detail=detail)
    return user


def _user_problems(user: User) -> dict[str, str]:
    problems = {}
    if not user.username.strip():
        problems["username"] = "用户名不能为空 (a user name is needed)"
    elif User.objects.filter(username=user.username).exists():
        problems["username"] = f"用户名 {user.username} 已被使用 (taken)"
    if user.role not in Role.values:
        problems["role"] = f"没有 {user.role!r} 这一角色；可选: {', '.join(Role.values)} (unknown role)"
    if user.role == Role.DISTRICT_REGULATOR and user.district is None:
        problems["district"] = "区级角色需要指定区 (this role needs a district)"
    wanted = _organisation_kind(user.role)
    if wanted and (user.organisation is None or user.organisation.kind != wanted):
        label = Organisation.Kind(wanted).label
        problems["organisation"] = (
            f"此角色需要属于一家{label} (this role needs an organisation of kind {wanted})"
        )
    return problems


def _organisation_kind(role: str) -> str:
    if role in DISCHARGER_ROLES:
        return Organisation.Kind.DISCHARGER
    if role in AGENCY_ROLES:
        return Organisation.Kind.AGENCY
    return Organisation.Kind.LABORATORY if role == Role.LABORATORY else ""


def _password_problems(password: str | None, user: User) -> dict[str, str]:
    if password is None:
        return {}
    try:
        validate_password(password, user)
    except ValidationError as error:
        return {"password": " ".join(error.messages)}
    return {}


@transaction.atomic
def password_set(*, user: User, password: str, at: datetime, by: User | None = None) -> None:
    """Give ``user`` a new password; people may set their own, account administrators anyone's.

    Raises:
        BadInput: the password is weak.
    """
    if by is None or by.pk != user.pk:
        require(by, "account.manage")
    if problems := _password_problems(password, user):
        raise BadInput(problems)
    user.set_password(password)
    user.save(update_fields=["password"])
    audit_record(by=by, action="user.password_set", subject=user, at=at)


@transaction.atomic
def preference_set(*, user: User, at: datetime, language: str = "", theme: str = "") -> User:
    """Set the language or theme of one's own pages; "" leaves it.

    Raises:
        BadInput: an unknown language or theme.
    """
    chosen = {"language": language, "theme": theme}
    known = {"language": ("zh-hans", "en"), "theme": ("light", "dark")}
    changed = {field: value for field, value in chosen.items() if value}
    problems = {
        field: f"{value!r}: expected one of {', '.join(known[field])}"
        for field, value in changed.items()
        if value not in known[field]
    }
    if problems:
        raise BadInput(problems)
    if changed:
        User.objects.filter(pk=user.pk).update(**changed)
        user.refresh_from_db()
        audit_record(by=user, action="user.preference_set", subject=user, at=at, detail=changed)
    return user
