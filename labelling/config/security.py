"""What browsers are told, how long a sign-in lasts, and what a wrong password costs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from csp.constants import NONE, SELF

POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        # data: is what the build puts into its style sheets; blob: is what a page draws itself.
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
"""Content Security Policy of every answer that has none of its own (api/reporting.py)."""

PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in {
        "UserAttributeSimilarityValidator": {},
        "MinimumLengthValidator": {"min_length": 12},
        "CommonPasswordValidator": {},
        "NumericPasswordValidator": {},
    }.items()
]

FAILURES = 10
"""Wrong passwords in a row for one name from one address; then the two wait."""
SPRAYED = 100
"""Wrong passwords from one address for whatever names; then all of them wait there."""
LOCKED_FOR = timedelta(minutes=15)


def sign_in_settings() -> dict[str, Any]:
    """Of django-axes. An address is the browser's own, past the proxies (api/throttling.py).

    Name and address together: a stranger can't lock an intern out, nor one intern a whole
    institute behind one address. Who tries many names from one address has far more tries in all
    (config/lockout.py), and then that address waits.
    """
    return {
        "AXES_HANDLER": "labelling.config.lockout.Lockout",
        "AXES_FAILURE_LIMIT": FAILURES,
        "AXES_COOLOFF_TIME": LOCKED_FOR,
        "AXES_LOCKOUT_PARAMETERS": [["username", "ip_address"]],
        "AXES_CLIENT_IP_CALLABLE": "labelling.api.throttling.client_address",
        "AXES_LOCKOUT_TEMPLATE": "labelling/locked.html",
        "AXES_RESET_ON_SUCCESS": True,
        # Who signed in when and from where: nobody needs it, so it isn't kept.
        "AXES_DISABLE_ACCESS_LOG": True,
        "AXES_VERBOSE": False,
    }


def transport_settings(*, https: bool, hsts_seconds: int, proxies: int) -> dict[str, Any]:
    """Cookies and redirects; with `https` nothing goes over the wire in the clear."""
    told: dict[str, Any] = {
        "SESSION_COOKIE_SECURE": https,
        "CSRF_COOKIE_SECURE": https,
        "SECURE_SSL_REDIRECT": https,
        "SECURE_HSTS_SECONDS": hsts_seconds,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": hsts_seconds > 0,
    }
    if proxies:
        told["SECURE_PROXY_SSL_HEADER"] = ("HTTP_X_FORWARDED_PROTO", "https")
    return told


SILENCED = ["security.W021"]
"""Preloading HSTS binds an institute's whole domain for years: not for a workbench to ask for."""
