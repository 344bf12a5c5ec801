"""Authorities, certificates and the contexts of servers, made for a test."""
from __future__ import annotations

import datetime
import ssl
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def trusting(*authorities: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    for each in authorities:
        each.configure_trust(context)
    return context


def serving(certificate: trustme.LeafCert | Path, version: ssl.TLSVersion | None = None,
            clients: trustme.CA | None = None) -> ssl.SSLContext:
    """A server's context; with `clients`, it requires a certificate of that authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if isinstance(certificate, Path):
        context.load_cert_chain(certificate)
    else:
        certificate.configure_cert(context)
    if version is not None:
        context.minimum_version = context.maximum_version = version
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        clients.configure_trust(context)
    return context


def self_signed(folder: Path, name: str = "localhost") -> Path:
    """The PEM file of a key and a certificate that it signed itself."""
    now = datetime.datetime.now(datetime.UTC)
    return _made(folder, name, None, now - datetime.timedelta(days=900), now + datetime.timedelta(days=9))


def between(authority: trustme.CA, start: datetime.datetime, end: datetime.datetime, folder: Path) -> Path:
    """The PEM file of a key and a certificate for localhost that holds from `start` to `end`."""
    return _made(folder, "localhost", authority, start, end)


def _made(folder: Path, name: str, authority: trustme.CA | None, start: datetime.datetime, end: datetime.datetime) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, signer = subject, key
    if authority is not None:
        issuer = x509.load_pem_x509_certificate(authority.cert_pem.bytes()).subject
        signer = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    made = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key()).serial_number(7)
            .not_valid_before(start).not_valid_after(end)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=True).sign(signer, hashes.SHA256()))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / f"{name}-{start:%Y-%m-%d}.pem"
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return path
