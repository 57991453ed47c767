"""The door: every way in which a server can fail has a name, and no failure tells the token."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from datetime import timedelta

import pytest
import urllib3

from labelling.adapters.cvat.breaker import FAILURES, SHORTEST, TRIAL, Breaker
from labelling.adapters.cvat.client import Cvat
from labelling.adapters.cvat.door import first_look, open_door, said_of
from labelling.adapters.cvat.faults import told, unreachable, wait_asked
from labelling.adapters.cvat.transport import TRIES, Transport
from labelling.errors import (
    BadInput,
    Conflict,
    CvatAway,
    CvatForbidden,
    CvatGone,
    CvatProtocol,
    CvatRefused,
)
from labelling.models import CvatLink
from tests.contract.fake import TOKEN, running
from tests.contract.fake.state import Job, Project, Task
from tests.factories import NOON

GET, POST = {"method": "GET"}, {"method": "POST"}


@pytest.fixture(scope="module")
def fake():
    with running() as server:
        yield server


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def cvat(fake, waits) -> Cvat:
    fake.log.clear()
    fake.faults.clear()
    return Cvat(Transport(fake.url, TOKEN, pause=waits.append, read=2.0), guard=nullcontext)


@pytest.mark.parametrize(
    ("fault", "error", "asked"),
    [
        ({"kind": "status", "status": 500}, CvatAway, 1),
        ({"kind": "status", "status": 502, "times": 9}, CvatAway, TRIES),
        ({"kind": "status", "status": 429, "times": 9}, CvatAway, TRIES),
        ({"kind": "status", "status": 503, "retry_after": "60"}, CvatAway, 1),
        ({"kind": "drop", "times": 9}, CvatAway, TRIES),
        ({"kind": "html"}, CvatProtocol, 1),
        ({"kind": "status", "status": 302}, CvatProtocol, 1),
        ({"kind": "status", "status": 401}, CvatForbidden, 1),
        ({"kind": "status", "status": 403}, CvatForbidden, 1),
        ({"kind": "status", "status": 404}, CvatGone, 1),
        ({"kind": "status", "status": 400}, CvatRefused, 1),
    ],
    ids=str,
)
def test_each_fault_has_its_name(cvat, fake, waits, fault, error, asked):
    fake.fail(fault.pop("kind"), **fault)

    with pytest.raises(error):
        cvat.version()

    assert len(fake.log) == asked
    assert all(0 < wait < 2 for wait in waits)


@pytest.mark.parametrize("kind", ["drop", "lose"])
def test_reading_is_repeated_and_creating_is_not(cvat, fake, kind):
    fake.fail(kind, **GET)
    assert cvat.version() == "2.54.1"

    fake.fail(kind, **POST)
    with pytest.raises(CvatAway):
        cvat.create_task(0, "once")
    assert fake.asked("POST /api/tasks") == 1


def test_a_server_that_asks_for_patience_gets_it(cvat, fake, waits):
    fake.fail("status", status=429, retry_after="3")

    assert cvat.version() == "2.54.1"

    assert waits == [3.0]


def test_json_of_another_shape_is_told_by_name(cvat, fake, monkeypatch):
    monkeypatch.setattr(fake.state.users[1], "username", None)
    fake.state.users[1].id, kept = "x", fake.state.users[1].id

    try:
        with pytest.raises(
            CvatProtocol, match="The token's owner: CVAT's answer isn't as expected"
        ):
            cvat.me()
    finally:
        fake.state.users[1].id = kept


@pytest.mark.parametrize(
    ("version", "said"), [("2.54.1", ""), ("2.54.0-alpha", ""), ("2.60.0", "hasn't been tested")]
)
def test_a_version_is_tested_or_said_not_to_be(version, said):
    assert said in said_of(version)


@pytest.mark.parametrize("version", ["2.53.9", "1.7.0", "CVAT", ""])
def test_a_version_that_is_too_old_is_refused(version):
    with pytest.raises(CvatProtocol, match=r"takes 2\.54 or newer"):
        said_of(version)


def test_a_certificate_that_nobody_vouches_for_is_told_apart():
    broken = urllib3.exceptions.SSLError("certificate verify failed: self-signed certificate")

    refused = unreachable("GET /api/server/about", broken)

    assert "certificate isn't trusted" in str(refused)
    assert "CVAT_CA_FILE" in refused.help


def test_no_failure_tells_the_token(cvat, fake, caplog):
    caplog.set_level(logging.DEBUG)
    said = [repr(cvat), repr(cvat.transport), told(f"Authorization: Bearer {TOKEN}")]

    for fault in ("drop", "html"):
        fake.fail(fault, times=TRIES)
        try:
            cvat.projects(name="x")
        except (CvatAway, CvatProtocol) as refused:
            said += [str(refused), refused.help, repr(refused), repr(refused.__cause__)]
        fake.faults.clear()

    assert TOKEN not in " ".join(said) + caplog.text
    assert len(said) > 8


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("3", 3.0), ("", 0.0), ("soon", 0.0), ("-4", 0.0), ("nan", 0.0), ("1e9", 3600.0)],
)
def test_a_wait_is_read_whatever_the_header_says(header, seconds):
    assert wait_asked({"retry-after": header}) == seconds


def test_a_list_is_read_to_its_end_while_it_changes(cvat, fake):
    there, now = fake.state, fake.state.now()
    there.projects[9] = Project(9, "long", now, now)
    there.tasks[9] = Task(9, "long", 9, 1, now, now, has_data=True)
    for number in range(230):
        there.jobs[1000 + number] = Job(1000 + number, 9, number, 1, now, there.now())
    call, moved = cvat.transport.call, []

    def changing(*args, **request):
        answer = call(*args, **request)
        if not moved:  # between the first page and the second: one goes to the end
            moved.append(1)
            there.jobs[1000].updated = there.now()
        return answer

    cvat.transport.call = changing

    seen = cvat.changed_jobs(9, since=NOON.replace(year=2020))

    assert sorted(job.id for job in seen) == list(range(1000, 1230))
    assert fake.asked("page=3") == 2  # read again: the first time one was missing


@pytest.mark.django_db
class TestBreaker:
    @pytest.mark.parametrize("said", [CvatGone, CvatForbidden, CvatRefused])
    def test_a_no_to_the_trial_call_is_an_answer(self, link, said):
        breaker = Breaker(link, clock=lambda: NOON)
        late = Breaker(link, clock=lambda: NOON + 2 * SHORTEST)
        for _ in range(FAILURES):
            fails(breaker)

        with pytest.raises(said), late.guarded():
            raise said("no")
        with late.guarded():
            pass

    @pytest.fixture
    def link(self, campaign, fake) -> CvatLink:
        return CvatLink.objects.create(campaign=campaign, url=fake.url, project=1, created=NOON)

    @pytest.fixture
    def clock(self):
        class Clock:
            now = NOON

            def __call__(self):
                return self.now

        return Clock()

    def test_after_a_few_failures_no_process_calls_until_one_tries(self, link, clock):
        ours, theirs = (Breaker(link, clock=clock) for _ in range(2))
        for breaker in (ours, theirs, ours):
            fails(breaker)

        with pytest.raises(CvatAway, match="hasn't answered since"), theirs.guarded():
            pytest.fail("called")

        clock.now += SHORTEST
        # While ours tries, the other one is still kept from it.
        with ours.guarded(), pytest.raises(CvatAway), theirs.guarded():
            pytest.fail("called")
        with theirs.guarded():
            pass
        assert CvatLink.objects.get().health["failures"] == 0

    def test_each_trial_that_fails_doubles_the_wait(self, link, clock):
        breaker = Breaker(link, clock=clock)
        for _ in range(FAILURES):
            fails(breaker)
        clock.now += SHORTEST
        fails(breaker)

        clock.now += 2 * SHORTEST - timedelta(seconds=1)
        with pytest.raises(CvatAway), breaker.guarded():
            pytest.fail("called")
        clock.now += timedelta(seconds=1)
        with breaker.guarded():
            pass

    def test_a_trial_whose_process_died_is_made_by_another(self, link, clock):
        breaker = Breaker(link, clock=clock)
        for _ in range(FAILURES):
            fails(breaker)
        clock.now += SHORTEST
        with pytest.raises(KeyboardInterrupt), breaker.guarded():
            raise KeyboardInterrupt

        clock.now += TRIAL
        with breaker.guarded():
            pass

    def test_one_bad_request_doesnt_open_it(self, link, clock):
        breaker = Breaker(link, clock=clock)
        for _ in range(2 * FAILURES):
            fails(breaker, unwell=False)

        with breaker.guarded():
            pass

    def test_the_servers_word_on_when_to_come_back_is_kept(self, link, clock):
        breaker = Breaker(link, clock=clock)
        fails(breaker, retry_after=100.0)

        clock.now += timedelta(seconds=99)
        with pytest.raises(CvatAway), breaker.guarded():
            pytest.fail("called")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("url", "token", "said"),
    [
        ("", "t", "CVAT_URL isn't set"),
        ("cvat.example.org", "t", "no server's address"),
        ("https://cvat.example.org/auth", "t", "no server's address"),
        ("https://ana:secret@cvat.example.org", "t", "more than an address"),
        ("https://cvat.example.org", "", "CVAT_TOKEN isn't set"),
    ],
)
def test_settings_that_make_no_sense_are_named(settings, url, token, said):
    settings.CVAT_URL, settings.CVAT_TOKEN = url, token

    with pytest.raises(BadInput, match=said) as refused:
        first_look()

    assert "secret" not in str(refused.value)


@pytest.mark.django_db
def test_a_campaign_keeps_to_its_server(campaign, fake, settings):
    settings.CVAT_URL, settings.CVAT_TOKEN = "https://other.example.org", TOKEN
    link = CvatLink.objects.create(campaign=campaign, url=fake.url, project=1, created=NOON)

    with pytest.raises(Conflict, match=r"other\.example\.org"):
        open_door(link)


def fails(breaker: Breaker, **told) -> None:
    away = CvatAway("Gone.")
    vars(away).update(told)
    with pytest.raises(CvatAway), breaker.guarded():
        raise away
