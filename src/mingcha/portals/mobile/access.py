"""Who opens the phone's pages: technicians work here, inspectors read."""

from mingcha.apps.accounts.roles import AGENCY_ROLES, REGULATOR_ROLES, Role
from mingcha.portals.shared.access import open_to

readers = open_to(AGENCY_ROLES | REGULATOR_ROLES, needs="运维人员或监管人员")
technicians = open_to({Role.TECHNICIAN}, needs="运维人员")
