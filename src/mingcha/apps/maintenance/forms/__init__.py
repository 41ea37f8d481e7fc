"""The engine of record forms: forms are data (``*.yaml`` here), checked, computed and judged by this code."""

from mingcha.apps.maintenance.forms.check import Checked, form_check
from mingcha.apps.maintenance.forms.sheets import Field, Form, form_get, form_list

__all__ = ["Checked", "Field", "Form", "form_check", "form_get", "form_list"]
