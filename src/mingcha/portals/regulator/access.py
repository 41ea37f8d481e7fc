"""Who may open the regulator's pages."""

from mingcha.apps.accounts.roles import REGULATOR_ROLES, Role
from mingcha.portals.shared.access import open_to

NEEDS = "生态环境主管部门、监测中心、执法、信用评审、审计人员"

for_regulators = open_to(REGULATOR_ROLES, needs=NEEDS)
# Frames, devices and quarantine also serve who runs the system: ui.md §2, R14.
for_frames = open_to(REGULATOR_ROLES | {Role.SYSTEM_ADMIN}, needs=f"{NEEDS}、系统管理员")
