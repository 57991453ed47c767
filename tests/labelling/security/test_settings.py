"""Wrong settings stop the process at once with their name; those of production pass Django's own
inspection."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PRODUCTION = {
    "HTTPS": "True",
    "HSTS_SECONDS": "31536000",
    "PROXIES": "1",
    "ALLOWED_HOSTS": "workbench.example.org",
    "TRUSTED_ORIGINS": "https://workbench.example.org",
}
WRONG = {
    "SECRET_KEY": "short",
    "DEBUG": "yes",
    "ALLOWED_HOSTS": "https://workbench.example.org",
    "HTTPS": "1",
    "HSTS_SECONDS": "forever",
    "PROXIES": "1.5",
    "TRUSTED_ORIGINS": "workbench.example.org",
    "SESSION_HOURS": "0",
    "STORAGE_URL": "ftp://example.org/blobs",
    "AWS_ENDPOINT_URL": "127.0.0.1:9000",
    "DATABASE_URL": "mysql://example.org/db",
    "CELERY_BROKER_URL": "http://example.org",
    "TORCH_THREADS": "2.5",
    "CLOCK_SPEED": "nan",
    "CLOCK_EPOCH": "2026-06-01 12:00",
    "CVAT_URL": "cvat.example.org",
    "CVAT_CA_FILE": "/nowhere/ca.pem",
    "CVAT_WEBHOOK_SECRET": "short",
    "LOG_FORMAT": "xml",
    "WORKBENCH_VAR": "/proc/nothing",
    "SECRET_KEY_FILE": "/nowhere/key",
}
READ = """
import importlib, json, os, sys
from django.core.exceptions import ImproperlyConfigured

told = {}
for name, value in json.loads(sys.argv[1]).items():
    os.environ[name] = value
    try:
        import labelling.config.settings as read
        importlib.reload(read)
    except ImproperlyConfigured as refused:
        told[name] = str(refused)
    except Exception as crash:
        told[name] = f"crash: {crash!r}"
    del os.environ[name]
print(json.dumps(told))
"""


def run(*words: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**clean, "WORKBENCH_VAR": str(folder), **environ},
    )  # fmt: skip


def test_every_wrong_setting_is_refused_by_its_name(tmp_path):
    """In one process, one after the other: to start one for each would take too long."""
    import json

    done = run("-c", READ, json.dumps(WRONG), folder=tmp_path)

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    silent = {name for name in WRONG if not told.get(name, "").startswith(name)}
    assert {name: told.get(name) for name in silent} == {}


def test_hsts_without_tls_is_no_setting(tmp_path):
    done = run("manage.py", "check", folder=tmp_path, HSTS_SECONDS="60")

    assert done.returncode != 0
    assert "HSTS_SECONDS has no effect without HTTPS" in done.stderr


def test_django_finds_nothing_wrong_with_production(tmp_path):
    words = ("check", "--deploy", "--fail-level", "WARNING")
    done = run("manage.py", *words, folder=tmp_path, **PRODUCTION)
    careless = run("manage.py", *words, folder=tmp_path, ALLOWED_HOSTS="workbench.example.org")

    assert done.returncode == 0, done.stderr
    assert careless.returncode != 0
    assert "security.W008" in careless.stderr


def test_with_tls_cookies_are_secure_and_plain_requests_are_sent_away(tmp_path):
    script = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.test import Client
host = {"HTTP_HOST": "workbench.example.org"}
plain = Client().get("/login/", **host)
proxied = Client().get("/login/", HTTP_X_FORWARDED_PROTO="https", **host)
print(plain.status_code, plain["Location"])
print(Client().get("/healthz", **host).status_code)
print(proxied.status_code, proxied.cookies["csrftoken"]["secure"])
print(proxied["Strict-Transport-Security"])
"""
    production = {"DJANGO_SETTINGS_MODULE": "labelling.config.settings", **PRODUCTION}
    done = run("-c", script, folder=tmp_path, **production)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "301 https://workbench.example.org/login/",
        "200",
        "200 True",
        "max-age=31536000; includeSubDomains",
    ]


@pytest.mark.parametrize("page", ["/login/", "/api/v1/me", "/admin/login/"])
def test_every_answer_carries_a_policy_without_anything_inline(client, db, page):
    policy = client.get(page)["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy
