"""The log of every process: text for a terminal, or one JSON object a line for machines that collect logs."""

import os
import sys


def logs_ready() -> None:
    """Set the log up by ``MINGCHA_LOG_FORMAT``. Tracebacks never show local variables: they may hold passwords."""
    import structlog
    from structlog import dev, processors

    as_json = os.environ.get("MINGCHA_LOG_FORMAT", "text") == "json"
    text = dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=dev.plain_traceback)
    last = [processors.format_exc_info, processors.JSONRenderer(ensure_ascii=False)] if as_json else [text]
    stamp = processors.TimeStamper(fmt="iso", utc=True)
    structlog.configure(processors=[processors.add_log_level, stamp, *last])


def log_aside() -> None:
    """Log lines go to the error stream: what the command prints is read by programs."""
    import structlog

    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
