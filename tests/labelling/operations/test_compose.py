"""The compose files and the Dockerfile, read as text: no engine is needed, and none is asked."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from labelling.config import celery_app
from labelling.enqueue import QUEUES

ROOT = Path(__file__).resolve().parents[3]
DOCKER = ROOT / "docker"
COMPOSE = (DOCKER / "compose.yaml").read_text()
DOCKERFILE = (DOCKER / "Dockerfile").read_text()
OURS = "cloudmask-workbench:"
ONCE = {"migrate"}
"""Services that end by themselves."""
SERVICE_KEYS = {
    "build", "cap_drop", "command", "depends_on", "deploy", "entrypoint", "env_file", "environment",
    "healthcheck", "hostname", "image", "init", "logging", "ports", "profiles", "read_only",
    "restart", "secrets", "security_opt", "shm_size", "stop_grace_period", "tmpfs", "volumes",
    "networks",
}  # fmt: skip
"""What a service may say, of all that the compose specification knows: slips aren't in it."""


def read(text: str) -> dict:
    """With every variable at its default."""
    filled = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)
    return yaml.safe_load(re.sub(r"\$\{\w+:\?[^}]*\}", "given", filled))


@pytest.fixture(scope="module")
def compose() -> dict:
    return read(COMPOSE)


@pytest.fixture(scope="module")
def services(compose) -> dict[str, dict]:
    return compose["services"]


def seconds(text: str) -> int:
    found = re.fullmatch(r"(\d+)(s|m)", text)
    assert found, text
    return int(found[1]) * {"s": 1, "m": 60}[found[2]]


def default(name: str) -> int:
    """Of a setting, as .env.example has it."""
    return int(re.search(rf"^{name}=(\d+)$", (ROOT / ".env.example").read_text(), re.M)[1])


def test_every_service_is_limited_logged_watched_and_pinned(services):
    for name, service in services.items():
        assert set(service) <= SERVICE_KEYS, name
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}, name
        assert service["logging"]["options"].keys() == {"max-size", "max-file"}, name
        tag = service["image"].partition(":")[2]
        assert re.search(r"\d+\.\d+|RELEASE", tag), f"{name}: {service['image']}"
        if name not in ONCE:
            assert service["restart"] == "unless-stopped", name
            check = service["healthcheck"]
            assert {"test", "interval", "timeout", "retries", "start_period"} == set(check), name
            assert seconds(check["timeout"]) <= seconds(check["interval"]), name
            assert seconds(service["stop_grace_period"]) >= 15, name


def test_our_containers_can_do_no_more_than_they_must(services):
    for name, service in services.items():
        if service["image"].startswith(OURS):
            assert service["read_only"] is True, name
            assert service["cap_drop"] == ["ALL"], name
            assert service["security_opt"] == ["no-new-privileges:true"], name
            for port in service.get("ports", []):
                assert port.startswith("127.0.0.1:"), name


def test_each_queue_has_a_worker_and_training_stands_in_nobodys_way(services):
    taken = {
        name: service["environment"]["WORKER_QUEUES"].split(",")
        for name, service in services.items()
        if service.get("command") == "worker"
    }
    known = {queue.name for queue in celery_app.conf.task_queues}

    assert sorted(queue for queues in taken.values() for queue in queues) == sorted(known)
    assert set(QUEUES.values()) <= known
    assert taken["trainer"] == ["train"]


def test_what_is_stopped_has_longer_than_it_gives_its_work(services):
    assert seconds(services["web"]["stop_grace_period"]) > default("WEB_GRACE")
    for name, service in services.items():
        if service.get("command") == "worker":
            assert seconds(service["stop_grace_period"]) > default("STOP_GRACE") + 10, name


def test_names_that_refer_to_something_refer_to_something_there_is(compose, services):
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            assert other in services, name
            ends = how["condition"] == "service_completed_successfully"
            assert ends == (other in ONCE), f"{name} waits for {other}"
            assert ends or "healthcheck" in services[other], name
        assert set(service.get("secrets", [])) <= set(compose["secrets"]), name
        volumes = {volume.partition(":")[0] for volume in service.get("volumes", [])}
        assert volumes <= set(compose["volumes"]), name
    addition = read((DOCKER / "compose.cvat.yaml").read_text())
    running = {n for n, s in services.items() if s["image"].startswith(OURS)} - ONCE
    assert set(addition["services"]) == running


def test_secrets_come_from_files_alone(services):
    for name, service in services.items():
        for setting, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|TOKEN|ROOT_USER", setting):
                assert setting.endswith("_FILE"), f"{name}: {setting}"
                assert value.removeprefix("/run/secrets/") in service["secrets"], name
            assert not re.search(r"://[^/@]*:[^/@]+@", str(value)), f"{name}: {setting}"


def test_every_variable_is_explained_in_the_example():
    told = (ROOT / ".env.example").read_text()
    texts = [
        *(path.read_text() for path in DOCKER.glob("compose*.yaml")),
        (DOCKER / "entrypoint").read_text(),
        (ROOT / "labelling/config/gunicorn.py").read_text(),
        (ROOT / "labelling/config/settings.py").read_text(),
    ]
    asked = set(re.findall(r"\$\{([A-Z_]+):[-?]", "\n".join(texts)))
    asked |= set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', "\n".join(texts)))
    inner = {"WEB_PORT", "WORKBENCH_HOME"}  # of the entrypoint alone, for its tests

    assert {"WEB_GRACE", "METRICS_TOKEN", "WEB_ADDRESS", "CVAT_NETWORK"} <= asked
    assert {name for name in asked - inner if not re.search(rf"\b{name}\b", told)} == set()


def stages() -> list[str]:
    """The Dockerfile's, each with its lines joined."""
    joined = DOCKERFILE.replace("\\\n", " ")
    return re.split(r"(?m)^(?=FROM )", joined)[1:]


def test_bases_are_pinned_and_the_last_stage_builds_nothing():
    named = [re.match(r"FROM (\S+)(?: AS (\w+))?", stage).groups() for stage in stages()]
    for base, _ in named:
        assert re.search(r":\d+\.\d+\.\d+-", base), base
    last = stages()[-1]

    assert named[-1][1] is None
    assert not re.search(r"\bpip install|\bnpm\b|\bgcc\b|build-essential|\bgit\b|\bcurl\b", last)
    assert "pip uninstall --yes pip" in last
    assert re.search(r"(?m)^USER 10001$", last)
    assert not re.search(r"(?m)^(RUN|COPY) ", last.split("\nUSER ")[1])
    for needed in ("HEALTHCHECK", 'ENTRYPOINT ["workbench"]', "STATIC_ROOT=/app/static"):
        assert needed in last


def test_images_keep_no_caches():
    for stage in stages():
        for line in re.findall(r"(?m)^RUN .*", stage):
            if "apt-get install" in line:
                assert "--no-install-recommends" in line
                assert "rm -rf /var/lib/apt/lists/*" in line
            if "pip" in line and " install " in line and "apt-get" not in line:
                assert "PIP_NO_CACHE_DIR=1" in stage
    assert "npm ci" in DOCKERFILE
    assert not re.search(r"(?m)^ADD |COPY \. ", DOCKERFILE)


def test_what_is_copied_is_there_and_let_through():
    let_through = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    copied = re.findall(r"(?m)^COPY (?!--from)(?:--\S+ )?(.*) \S+$", DOCKERFILE)
    sources = [source for line in copied for source in line.split()]

    assert len(sources) >= 10
    for source in sources:
        assert (ROOT / source).exists(), source
        assert any(source == each or source.startswith(f"{each}/") for each in let_through), source


def test_the_entrypoint_is_a_script_that_knows_every_command(services):
    script = DOCKER / "entrypoint"
    checked = subprocess.run(["sh", "-n", script], check=False, capture_output=True, text=True)
    cases = set(re.findall(r"(?m)^  ([a-z]+)\)$", script.read_text()))
    commands = {each["command"] for each in services.values() if each["image"].startswith(OURS)}

    assert (checked.returncode, checked.stderr) == (0, "")
    assert os.access(script, os.X_OK)
    assert commands <= cases
    for name, service in services.items():
        if service["image"].startswith(OURS) and name not in ONCE:
            assert service["healthcheck"]["test"] == [
                "CMD", "workbench", "healthy", service["command"],
            ]  # fmt: skip
