"""Signing in: what wrong passwords cost, whose address counts, and who is let in from where."""

from __future__ import annotations

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.test import Client, RequestFactory

from labelling.api.throttling import client_address
from labelling.config.security import FAILURES, LOCKED_FOR, SPRAYED
from tests.factories import PASSWORD, person

pytestmark = pytest.mark.django_db
HOME, CAFE = "192.0.2.7", "198.51.100.9"


def sign_in(password: str, *, name: str = "ana", address: str = HOME, page: str = "/login/"):
    form = {"username": name, "password": password}
    return Client().post(page, form, REMOTE_ADDR=address)


@pytest.fixture
def locked(ana):
    for _ in range(FAILURES - 1):
        assert sign_in("wrong").status_code == 200
    assert sign_in("wrong").status_code == 429


def test_who_fails_too_often_waits_and_is_told_so(locked):
    told = sign_in(PASSWORD)

    assert told.status_code == 429
    assert "Too many wrong passwords for ana" in told.content.decode()
    assert sign_in(PASSWORD, page="/admin/login/").status_code == 429


def test_a_stranger_elsewhere_cannot_lock_her_out_nor_one_intern_the_others(locked):
    person("ben")

    assert sign_in(PASSWORD, address=CAFE).status_code == 302
    assert sign_in(PASSWORD, name="ben").status_code == 302


def test_after_a_while_she_may_try_again(locked):
    attempts = AccessAttempt.objects.all()
    for attempt in attempts:
        attempt.attempt_time -= LOCKED_FOR + timedelta(minutes=1)
        attempt.save()

    assert sign_in(PASSWORD).status_code == 302


def test_a_right_password_wipes_out_the_wrong_ones_before_it(ana):
    for _ in range(3):
        for _ in range(FAILURES - 1):
            sign_in("wrong")
        assert sign_in(PASSWORD).status_code == 302


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "", HOME),
        (0, CAFE, HOME),  # nobody's word counts
        (1, CAFE, CAFE),
        (1, f"203.0.113.1, {CAFE}", CAFE),  # what the browser wrote comes first
        (2, f"203.0.113.1, {CAFE}, 10.0.0.2", CAFE),
        (2, CAFE, HOME),  # past the proxies that there are
        (1, "nonsense", HOME),
        (1, "2001:db8::1", "2001:db8::1"),
    ],
)
def test_the_address_is_the_one_that_our_own_proxy_was_asked_from(
    settings, proxies, forwarded, address
):
    settings.PROXIES = proxies
    more = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}

    assert client_address(RequestFactory().get("/", REMOTE_ADDR=HOME, **more)) == address


def test_demo_accounts_are_let_in_from_this_machine_alone(ana):
    ana.email = "ana@demo.invalid"
    ana.save()

    assert sign_in(PASSWORD, address="127.0.0.1").status_code == 302
    refused = sign_in(PASSWORD, address=HOME)
    assert refused.status_code == 200
    assert User.objects.get(username="ana").last_login is not None
    assert "Please enter a correct username and password" in refused.content.decode()


def test_a_lock_is_not_passed_by_a_demo_account_either(locked):
    User.objects.filter(username="ana").update(email="ana@demo.invalid")

    assert sign_in(PASSWORD, address=HOME).status_code == 429


@pytest.mark.parametrize("weak", ["short", "1234567890123", "password1234", "ana-ana-ana-ana"])
def test_weak_passwords_are_refused(weak, ana):
    ana.username = "ana-ana-ana"
    with pytest.raises(ValidationError):
        validate_password(weak, ana)


def test_nobody_is_kept_from_work_but_a_program_that_runs_wild_is(settings, client, ana):
    cache.clear()
    settings.REQUESTS_A_MINUTE = {"person": 3, "stranger": 2}
    client.force_login(ana)

    answers = [client.get("/api/v1/me") for _ in range(8)]

    # Two minutes may have been begun meanwhile, but not three.
    assert sum(each.status_code == 200 for each in answers) in (3, 4, 5, 6)
    refused = next(each for each in answers if each.status_code == 429)
    assert refused.json()["code"] == "throttled"
    assert 0 < int(refused["Retry-After"]) <= 60


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer cmwb_that-has-ended"}])
def test_who_is_not_signed_in_is_counted_by_address(settings, db, headers):
    cache.clear()
    settings.REQUESTS_A_MINUTE = {"person": 99, "stranger": 2}

    statuses = [Client().get("/api/v1/me", headers=headers).status_code for _ in range(7)]

    assert statuses[:2] == [401, 401]
    assert set(statuses[2:]) <= {401, 429}
    assert statuses.count(429) >= 3  # two minutes may have been begun
    cache.clear()


def test_who_tries_many_names_from_one_address_waits_there_whatever_name_comes_next(ana):
    person("ben")
    for n in range(SPRAYED - 1):
        assert sign_in("summer", name=f"intern-{n}").status_code == 200
    assert sign_in(PASSWORD).status_code == 302  # a sign-in of one's own forgives nobody else
    sign_in("summer", name="intern-last")

    told = sign_in(PASSWORD, name="ben")
    later = AccessAttempt.objects.all()
    for attempt in later:
        attempt.attempt_time -= LOCKED_FOR + timedelta(minutes=1)
    AccessAttempt.objects.bulk_update(later, ["attempt_time"])

    assert told.status_code == 429
    assert sign_in(PASSWORD, name="ben", address=CAFE).status_code == 302
    assert sign_in(PASSWORD, name="ben").status_code == 302
