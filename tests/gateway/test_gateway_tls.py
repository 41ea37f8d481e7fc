"""TLS: a logger with the right authority speaks, others do not get as far as a frame."""

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from rig import Peer, anybody, frame

from mingcha.core.errors import LocalError
from mingcha.gateway import Gateway, Policy
from mingcha.gateway.tls import server_context
from mingcha.store.journal import Journal

FROM = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass
class Paper:
    """A certificate and its key, as files."""

    folder: Path
    name: str

    @property
    def certificate(self) -> Path:
        return self.folder / f"{self.name}.pem"

    @property
    def key(self) -> Path:
        return self.folder / f"{self.name}.key"


def issued(folder: Path, name: str, by: Paper | None = None) -> Paper:
    """A certificate for 127.0.0.1, signed by itself or by another."""
    made, key = Paper(folder, name), ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    if by is None:
        issuer, signer = subject, key
    else:
        issuer = x509.load_pem_x509_certificate(by.certificate.read_bytes()).subject
        signer = serialization.load_pem_private_key(by.key.read_bytes(), None)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject).issuer_name(issuer).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(FROM).not_valid_after(FROM + timedelta(days=36_500))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
    )  # fmt: skip
    certificate = builder.sign(signer, hashes.SHA256())
    made.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    made.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return made


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Paper:
    return issued(tmp_path_factory.mktemp("ca"), "authority")


def client(authority: Paper, own: Paper | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority.certificate))
    if own is not None:
        context.load_cert_chain(own.certificate, own.key)
    return context


async def asked(port: int, context: ssl.SSLContext | None, raw: bytes) -> str:
    """CN of the answer, or what came instead of one."""
    try:
        peer = Peer(*await asyncio.open_connection("127.0.0.1", port, ssl=context))
        return (await peer.ask(raw)).cn
    except (ssl.SSLError, ConnectionError):
        return "refused"
    except AssertionError:
        return "closed"


def played(folder: Path, tls: ssl.SSLContext, *contexts: ssl.SSLContext | None) -> list[str]:
    async def scene() -> list[str]:
        with Journal(folder / "journal") as journal:
            gateway = Gateway(journal, anybody, policy=Policy(set_time=False), folder=folder, tls=tls)
            port = await gateway.start()
            heard = [await asked(port, context, frame()) for context in contexts]
            await gateway.stop()
            return heard

    return asyncio.run(scene())


def test_a_logger_that_knows_the_authority_is_answered_and_others_are_not(
    authority: Paper, tmp_path: Path
) -> None:
    host, stranger = issued(tmp_path, "host", authority), issued(tmp_path, "stranger")
    tls = server_context(host.certificate, host.key)
    assert played(tmp_path, tls, client(authority), client(stranger), client(authority)) == [
        "9014", "refused", "9014",
    ]  # fmt: skip


def test_plain_frames_to_a_tls_port_reach_nothing(authority: Paper, tmp_path: Path) -> None:
    host = issued(tmp_path, "host", authority)
    tls = server_context(host.certificate, host.key)
    assert played(tmp_path, tls, None, client(authority))[1] == "9014"
    assert played(tmp_path, tls, None)[0] in {"refused", "closed"}


def test_where_loggers_must_show_a_certificate_one_without_is_refused(
    authority: Paper, tmp_path: Path
) -> None:
    host, logger = issued(tmp_path, "host", authority), issued(tmp_path, "logger", authority)
    tls = server_context(host.certificate, host.key, authority.certificate)
    heard = played(tmp_path, tls, client(authority, logger), client(authority))
    assert heard[0] == "9014"
    assert heard[1] in {"refused", "closed"}


def test_wrong_files_say_what_is_wrong(authority: Paper, tmp_path: Path) -> None:
    other = issued(tmp_path, "other")
    with pytest.raises(LocalError, match="expected a certificate chain and its unencrypted private key"):
        server_context(authority.certificate, other.key)
    with pytest.raises(LocalError, match="expected certificates in PEM"):
        server_context(other.certificate, other.key, other.key)
