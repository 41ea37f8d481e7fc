"""Run the web pages and the API."""

import click

from mingcha.cli.records import django_ready


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=int, default=None, help="Default: MINGCHA_WEB_PORT or 8000.")
def web(host: str, port: int | None) -> None:
    """Serve the pages under uvicorn."""
    django_ready()
    import uvicorn
    from django.conf import settings

    uvicorn.run(
        "mingcha.site.asgi:application",
        host=host,
        port=port or settings.WEB_PORT,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=3,  # live streams never end by themselves
    )
