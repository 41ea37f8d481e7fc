"""Who opens the discharger's pages."""

from mingcha.apps.accounts.roles import DISCHARGER_ROLES, Role
from mingcha.portals.shared.access import open_to

people = open_to(DISCHARGER_ROLES, needs="排污单位管理员、环保专员或确认人")
markers = open_to({Role.DISCHARGER_ADMIN, Role.DISCHARGER_OFFICER}, needs="环保专员或排污单位管理员")
confirmers = open_to({Role.DISCHARGER_CONFIRMER}, needs="确认人")
