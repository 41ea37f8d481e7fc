"""Commands for the records database: bring it up to date, make a user."""

import os
import sys

import click


def django_ready() -> None:
    """Load Django with our settings. Every command that touches records calls this first."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mingcha.site.settings")
    django.setup()


@click.command()
def migrate() -> None:
    """Make or update the tables of the records database."""
    django_ready()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    click.echo("records database is up to date")


@click.command()
@click.argument("username")
@click.option("--name", required=True, help="Name shown on pages.")
@click.option("--role", required=True, help="For example city_regulator; see docs/glossary.md.")
@click.option("--organisation", help="USCC of the organisation, for dischargers and agencies.")
@click.option("--district", help="Code of the district, for area roles.")
@click.password_option(help="Asked for where it is not given.")
def user(
    username: str, name: str, role: str, organisation: str | None, district: str | None, password: str
) -> None:
    """Make a user who can sign in."""
    django_ready()
    from mingcha.apps.accounts import selectors, services
    from mingcha.core.clock import now
    from mingcha.core.errors import BadInput

    try:
        unit = selectors.organisation_by_uscc(organisation) if organisation else None
        area = selectors.district_by_code(district) if district else None
        services.user_create(
            username=username, name=name, role=role, organisation=unit, district=area,
            password=password, by=None, at=now(),
        )  # fmt: skip
    except BadInput as error:
        for field, sentence in error.problems.items():
            click.echo(f"{field}: {sentence}", err=True)
        sys.exit(2)
    click.echo(f"user {username} made")
