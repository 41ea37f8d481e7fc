"""Who opens the agency's pages."""

from mingcha.apps.accounts.roles import AGENCY_ROLES, Role
from mingcha.portals.shared.access import open_to

people = open_to(AGENCY_ROLES, needs="运维机构人员")
planners = open_to({Role.AGENCY_ADMIN, Role.AGENCY_REVIEWER}, needs="运维机构管理员或审核人员")
reviewers = open_to({Role.AGENCY_REVIEWER}, needs="运维审核人员")
