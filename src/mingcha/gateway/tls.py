"""TLS of the listening side. HJ 212 knows none; over the internet it is the operator's choice (guide §10)."""

import ssl
from pathlib import Path

from mingcha.core.errors import LocalError


def server_context(certificate: Path, key: Path, clients: Path | None = None) -> ssl.SSLContext:
    """TLS 1.2 or later with ``certificate`` and ``key`` (PEM). ``clients``: the authorities whose certificates a logger
    must show, None = it shows none.

    Raises:
        LocalError: a file is missing or is not what it should be.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise LocalError(
            f"TLS: certificate {certificate} and key {key}: {error}; expected a certificate chain and its unencrypted "
            "private key, both in PEM"
        ) from error
    if clients is not None:
        try:
            context.load_verify_locations(cafile=clients)
        except (OSError, ssl.SSLError) as error:
            raise LocalError(
                f"TLS: client authorities {clients}: {error}; expected certificates in PEM"
            ) from error
        context.verify_mode = ssl.CERT_REQUIRED
    return context
