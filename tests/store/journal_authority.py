"""A time stamp authority (RFC 3161) for the tests: a root, a certificate for stamps, one for TLS, an HTTP(S) server."""

import ssl
import threading
from datetime import timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mingcha.core.clock import now

POLICY = "1.3.6.1.4.1.99999.1"


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate(subject, key, issuer, signer, *, ca=False, use=None, hosts=()):
    """One link of the chain."""
    today = now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name(subject)).issuer_name(name(issuer)).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1)).not_valid_after(today + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )  # fmt: skip
    if use is not None:
        made = made.add_extension(x509.ExtendedKeyUsage([use]), critical=True)
    if hosts:
        made = made.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
    return made.sign(signer, hashes.SHA256())


def pem(certificate_or_key) -> bytes:
    if isinstance(certificate_or_key, x509.Certificate):
        return certificate_or_key.public_bytes(serialization.Encoding.PEM)
    return certificate_or_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


class Authority:
    """``mood``: how it answers — right, refused, other_digest, other_nonce, garbage, error."""

    def __init__(self, folder: Path) -> None:
        import ipaddress

        self.mood = "right"
        self.asked = 0
        root, stamps, tls = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        self.root = certificate("Test root", root, "Test root", root, ca=True)
        self.key = stamps
        self.leaf = certificate(
            "Test stamps", stamps, "Test root", root, use=ExtendedKeyUsageOID.TIME_STAMPING
        )
        host = certificate(
            "127.0.0.1", tls, "Test root", root, use=ExtendedKeyUsageOID.SERVER_AUTH,
            hosts=[x509.IPAddress(ipaddress.ip_address("127.0.0.1"))],
        )  # fmt: skip
        self.roots = folder / "roots.pem"
        self.roots.write_bytes(pem(self.root))
        self.chain = folder / "tls.pem"
        self.chain.write_bytes(pem(host) + pem(tls))
        self.time = now().replace(microsecond=0)

    def serve(self, *, tls: bool = False):
        """A server on a free port; close it with ``shutdown``."""
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                authority.asked += 1
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.headers["Content-Type"] == "application/timestamp-query"
                answer = authority.answer(body)
                self.send_response(503 if authority.mood == "error" else 200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.chain)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        server.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}/stamp"
        return server

    def answer(self, body: bytes) -> bytes:
        request = tsp.TimeStampReq.load(body)
        if self.mood == "garbage":
            return b"<html>no stamps today</html>"
        if self.mood == "refused":
            status = tsp.PKIStatusInfo({"status": "rejection", "status_string": ["not today"]}).dump()
            return b"\x30" + bytes([len(status)]) + status  # a TimeStampResp without its optional token
        digest = request["message_imprint"]["hashed_message"].native
        if self.mood == "other_digest":
            digest = sha256(digest).digest()
        nonce = request["nonce"].native + (1 if self.mood == "other_nonce" else 0)
        info = tsp.TSTInfo({
            "version": "v1", "policy": POLICY, "serial_number": 1 + self.asked, "nonce": nonce, "gen_time": self.time,
            "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest},
        })  # fmt: skip
        return tsp.TimeStampResp(
            {"status": {"status": "granted"}, "time_stamp_token": self.token(info)}
        ).dump()

    def token(self, info: tsp.TSTInfo) -> cms.ContentInfo:
        leaf = asn1_x509.Certificate.load(self.leaf.public_bytes(serialization.Encoding.DER))
        content = info.dump()
        digest = algos.DigestAlgorithm({"algorithm": "sha256"})
        attributes = cms.CMSAttributes([
            {"type": "content_type", "values": ["tst_info"]},
            {"type": "message_digest", "values": [sha256(content).digest()]},
            {"type": "signing_certificate_v2", "values": [{"certs": [{"cert_hash": sha256(leaf.dump()).digest()}]}]},
        ])  # fmt: skip
        signer = cms.SignerInfo({
            "version": "v1",
            "sid": {"issuer_and_serial_number": {"issuer": leaf.issuer, "serial_number": leaf.serial_number}},
            "digest_algorithm": digest, "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": self.key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256())),
        })  # fmt: skip
        signed = cms.SignedData({
            "version": "v3", "digest_algorithms": [digest], "certificates": [leaf], "signer_infos": [signer],
            "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(content)},
        })  # fmt: skip
        return cms.ContentInfo({"content_type": "signed_data", "content": signed})
