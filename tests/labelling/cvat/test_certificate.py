"""A CVAT server over https whose certificate nobody vouches for: who is trusted, and what is said.

The server is the fake one behind TLS of its own, with certificates made here by openssl.
"""

from __future__ import annotations

import ssl
import subprocess
from contextlib import ExitStack

import pytest
from urllib3.exceptions import SSLError

from labelling.adapters.cvat.faults import unreachable
from labelling.config import env
from labelling.workflow.cvat.checkup import check
from tests.contract.fake import running
from tests.factories import NOON

LOOPBACK = "IP:127.0.0.1"


@pytest.fixture
def speaking_https(tmp_path, settings):
    """Start a server with a certificate for such a name; the file with the certificate."""
    with ExitStack() as stack:

        def start(names: str = LOOPBACK, *, days: int = 2):
            certificate = self_signed(tmp_path, names, days=days)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, tmp_path / "key.pem")
            server = stack.enter_context(running(tls=context))
            settings.CVAT_URL, settings.CVAT_TOKEN = server.url, server.token
            settings.CVAT_CA_FILE = ""
            return certificate

        yield start


def self_signed(folder, names: str, *, days: int):
    certificate = folder / "certificate.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-subj", "/CN=cvat", "-addext", f"subjectAltName={names}",
            "-days", str(days), "-keyout", folder / "key.pem", "-out", certificate,
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate


def last_finding():
    found = check(None, now=NOON)[-1]
    return found.level, found.message, found.help


def test_a_self_signed_certificate_is_not_trusted_and_the_check_says_what_to_do(speaking_https):
    speaking_https()

    level, message, help = last_finding()

    assert level == "wrong"
    assert "the server's certificate isn't trusted" in message
    assert "Set CVAT_CA_FILE" in help


def test_it_is_trusted_once_its_file_is_set(speaking_https, settings):
    settings.CVAT_CA_FILE = str(speaking_https())

    found = check(None, now=NOON)

    assert [each.step for each in found] == ["settings", "server", "clock", "token"]
    assert found[-1].level == "ok"


def test_another_servers_certificate_does_not_vouch_for_it(speaking_https, settings, tmp_path):
    speaking_https()
    other = tmp_path / "other"
    other.mkdir()
    settings.CVAT_CA_FILE = str(self_signed(other, LOOPBACK, days=2))

    assert "isn't trusted" in last_finding()[1]


def test_a_trusted_certificate_of_another_name_is_not_enough(speaking_https, settings):
    settings.CVAT_CA_FILE = str(speaking_https("DNS:cvat.example.org"))

    level, message, help = last_finding()

    assert level == "wrong"
    assert "for another name" in message
    assert "CVAT_URL" in help


def test_https_spoken_to_a_server_of_http_is_said_so(settings):
    with running() as server:
        settings.CVAT_URL = server.url.replace("http:", "https:")
        settings.CVAT_TOKEN, settings.CVAT_CA_FILE = server.token, ""

        _, message, help = last_finding()

    assert "no https connection" in message
    assert "http://" in help


def test_a_file_without_a_certificate_stops_the_process(tmp_path, monkeypatch):
    path = tmp_path / "ca.pem"
    path.write_text("not one\n")
    monkeypatch.setenv("CVAT_CA_FILE", str(path))

    with pytest.raises(env.ImproperlyConfigured, match=r"CVAT_CA_FILE.*holds no certificate"):
        env.certificates("CVAT_CA_FILE")


def test_a_certificate_that_has_ended_is_not_said_to_need_trust():
    ended = SSLError("certificate verify failed: certificate has expired (_ssl.c:1006)")

    away = unreachable("GET /api/server/about", ended)

    assert "certificate has ended" in str(away)
    assert "renewed" in away.help
