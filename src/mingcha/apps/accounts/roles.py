"""Roles of people (workflows WF-2) and what each may reach."""

from django.db import models


class Role(models.TextChoices):
    DISCHARGER_ADMIN = "discharger_admin", "排污单位管理员"
    DISCHARGER_OFFICER = "discharger_officer", "环保专员"
    DISCHARGER_CONFIRMER = "discharger_confirmer", "确认人"
    AGENCY_ADMIN = "agency_admin", "运维机构管理员"
    TECHNICIAN = "technician", "运维人员"
    AGENCY_REVIEWER = "agency_reviewer", "运维审核人员"
    LABORATORY = "laboratory", "检测机构用户"
    DISTRICT_REGULATOR = "district_regulator", "区生态环境局"
    CITY_REGULATOR = "city_regulator", "市生态环境局"
    MONITORING_CENTRE = "monitoring_centre", "市环境监测中心"
    ENFORCEMENT = "enforcement", "执法人员"
    CREDIT_PANEL = "credit_panel", "信用评审"
    SYSTEM_ADMIN = "system_admin", "系统管理员"
    AUDITOR = "auditor", "审计员"


DISCHARGER_ROLES = frozenset({Role.DISCHARGER_ADMIN, Role.DISCHARGER_OFFICER, Role.DISCHARGER_CONFIRMER})
AGENCY_ROLES = frozenset({Role.AGENCY_ADMIN, Role.TECHNICIAN, Role.AGENCY_REVIEWER})
CITY_ROLES = frozenset({Role.CITY_REGULATOR, Role.MONITORING_CENTRE, Role.CREDIT_PANEL, Role.AUDITOR})
# Enforcement of the city reaches everything, of a district its district (User.district).
AREA_ROLES = frozenset({Role.DISTRICT_REGULATOR, Role.ENFORCEMENT})
REGULATOR_ROLES = CITY_ROLES | AREA_ROLES
