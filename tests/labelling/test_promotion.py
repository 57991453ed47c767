"""The registry by hand: promoting, going back, training again; by command and by API."""

from __future__ import annotations

import json
import uuid

import pytest
from rest_framework.test import APIClient

from labelling.adapters.blobs import store
from labelling.errors import BadInput, Conflict, NotFound, StorageAway
from labelling.insights.models import models_of
from labelling.models import Evaluation, Event, Model, Snapshot
from labelling.workflow.promotion import promote, rollback
from labelling.workflow.rerun import differences, plan
from tests.factories import NOON, CampaignFactory, person
from tests.labelling.insights.rows import RoundFactory
from tests.labelling.judged import kept, listed, stored, trained
from tests.labelling.test_commands import said
from training.__main__ import main
from training.files import canonical, sha256

pytestmark = pytest.mark.django_db
MODELS = "/api/v1/campaigns/north/models"


def by_hand(model, why="the shadows look better") -> Model:
    return promote(model, why=why, who=None, blobs=store(), now=NOON)


def back(campaign) -> str:
    before, _ = rollback(campaign, why="", who=None, blobs=store(), now=NOON)
    return before.hash


def states(campaign) -> dict[str, str]:
    return {each.hash[:2]: each.state for each in Model.objects.filter(campaign=campaign)}


def verbs() -> list[str]:
    return list(Event.objects.filter(kind="model").order_by("pk").values_list("verb", flat=True))


def test_a_lead_may_overrule_the_rules_and_it_is_told(campaign):
    stored(campaign, "aa", state="champion")
    held_back = stored(campaign, "bb", decision={"promote": False, "reasons": ["Too few scenes."]})

    by_hand(held_back)

    assert states(campaign) == {"aa": "retired", "bb": "champion"}
    (event,) = Event.objects.filter(kind="model")
    assert (event.verb, event.before[:2], event.after[:2]) == ("overrode", "aa", "bb")
    assert event.detail["why"] == "the shadows look better"
    held_back.refresh_from_db()
    assert held_back.decision["reasons"] == ["Too few scenes."]
    assert held_back.decision["by_hand"]["why"] == "the shadows look better"

    by_hand(stored(campaign, "cc", decision={"promote": True}))
    assert verbs() == ["overrode", "promoted"]


def test_each_rollback_takes_one_promotion_back_and_never_turns_in_circles(campaign):
    models = {name: stored(campaign, name) for name in ("aa", "bb", "cc")}
    for name in ("aa", "bb", "aa", "cc"):
        by_hand(Model.objects.get(pk=models[name].pk))

    assert [back(campaign)[:2] for _ in range(3)] == ["aa", "bb", "aa"]
    with pytest.raises(Conflict, match="had no champion before aaaaaaaaaaaa"):
        back(campaign)
    assert states(campaign) == {"aa": "champion", "bb": "retired", "cc": "retired"}
    assert verbs()[-3:] == ["rolled_back"] * 3

    by_hand(Model.objects.get(pk=models["cc"].pk))
    assert back(campaign)[:2] == "aa"


def test_a_champion_from_before_there_were_events_can_be_gone_back_to(campaign):
    stored(campaign, "aa", state="champion")
    by_hand(stored(campaign, "bb"))

    assert back(campaign)[:2] == "aa"


def test_what_cannot_be_champion_is_refused_and_nothing_changes(campaign):
    champion = stored(campaign, "aa", state="champion")
    lost = listed(campaign, "bb")
    strange = stored(campaign, "cc", card={"bands": ["B02"], "classes": []})

    with pytest.raises(Conflict, match="is the champion already"):
        by_hand(champion)
    with pytest.raises(StorageAway, match=r"Storage has lost models/bb/weights\.safetensors"):
        by_hand(lost)
    with pytest.raises(BadInput, match="it takes the bands B02, here are B02, B03, B04, B08"):
        by_hand(strange)
    for why in ("", "  ", "x" * 201):
        with pytest.raises(BadInput) as refused:
            by_hand(stored(campaign, uuid.uuid4().hex[:2]), why=why)
        assert refused.value.field == "why"
    with pytest.raises(Conflict, match="had no champion before"):
        back(campaign)
    with pytest.raises(Conflict, match="has no champion to go back from"):
        back(CampaignFactory(slug="south"))

    assert states(campaign)["aa"] == "champion"
    assert not Event.objects.filter(kind="model").exists()


def test_the_command_tells_promotes_and_goes_back(campaign):
    one = stored(campaign, "aa", state="champion", metrics={"class_mean_iou": 0.5})
    two = stored(
        campaign, "bb",
        decision={
            "promote": False, "reasons": ["It may lose.", "More."], "needs": {"shadow": 4},
            "champion": one.hash,
            "classes": {
                "shadow": {
                    "scenes": 7, "reference": 12, "margin": 0.02, "verdict": "unsure",
                    "difference": {"value": 0.0, "low": -0.05, "high": 0.05},
                }
            },
        },
    )  # fmt: skip
    RoundFactory(campaign=campaign, n=3, model=two)

    assert (
        "bbbbbbbbbbbb  candidate  round 3    mean IoU –  It may lose. (and 1 more)"
        in (said("models", "list", "--campaign", "north")[1])
    )
    shown = said("models", "show", "bbbbbb", "--campaign", "north")[1]
    assert "shadow: unsure, +0.000 IoU (-0.050 to +0.050), margin 0.02" in shown
    assert "about 4 more scenes with shadow" in shown
    promoting = ("models", "promote", "bbbbbb", "--campaign", "north")
    assert said(*promoting)[0] == 1
    assert said(*promoting, "--why", "w", "--dry-run")[0] == 0
    assert states(campaign)["aa"] == "champion"
    assert said(*promoting, "--why", "w")[1] == "Made bbbbbbbbbbbb champion of north.\n"
    status, out, _ = said("models", "rollback", "--campaign", "north", "--json")
    assert (status, json.loads(out)["champion"]) == (0, one.hash)
    assert "(and" not in said("models", "show", "bbbbbb", "--campaign", "north")[1]


def test_the_command_changes_rules(campaign):
    changing = ("models", "rules", "--campaign", "north", "--json", "--set", "margin=0.5")

    assert json.loads(said(*changing, "--dry-run")[1])["rules"]["margin"] == 0.5
    campaign.refresh_from_db()
    assert campaign.promotion == {}
    said(*changing)
    campaign.refresh_from_db()
    assert campaign.promotion == {"margin": 0.5}
    assert said(*changing, "--set", "level=9")[0] == 1


def fitting_here(module: str, *words: object, **_: object) -> None:
    """What the child of a rerun does, in this process: it takes seconds to start one."""
    assert module == "training"
    assert main([str(word) for word in words]) == 0


def test_a_model_trained_again_is_the_same_to_the_bit(campaign, monkeypatch):
    monkeypatch.setattr("labelling.workflow.rerun.run_child", fitting_here)
    folder = trained(store().root, seed=1)
    card = json.loads((folder / "card.json").read_text())
    Snapshot.objects.create(
        hash=card["snapshot"]["sha256"], campaign=campaign, rule={}, folder="snapshots/painted",
        counts={}, created=NOON,
    )  # fmt: skip
    kept(folder, campaign)
    before = (Model.objects.count(), sorted(each.key for each in store().listing()))

    status, out, err = said("models", "rerun", str(folder / "card.json"), "--json")

    assert (status, err) == (0, "")
    told = json.loads(out)
    assert told["same"] is True
    assert told["weights"]["is"] == card["weights"]["sha256"]
    assert told["differs"] == {}
    after = sorted(each.key for each in store().listing())
    assert (Model.objects.count(), after) == before


def test_what_a_rerun_needs_is_asked_for_by_name(campaign, tmp_path):
    card = {
        "format": "cloudmask-model/1", "card_sha256": "a", "weights": {"sha256": "w"},
        "snapshot": {"sha256": "s" * 64}, "run": {"init": None}, "config": {},
        "environment": {"threads": 1},
    }  # fmt: skip
    with pytest.raises(NotFound, match="learnt from snapshot ssssssssssss"):
        plan(card)
    with pytest.raises(BadInput, match="leave --init out"):
        plan(card, init=tmp_path)
    with pytest.raises(BadInput, match="from weights: --init FILE"):
        plan({**card, "run": {"init": "f"}})
    with pytest.raises(BadInput, match="lacks 'environment'"):
        plan({name: value for name, value in card.items() if name != "environment"})
    (tmp_path / "card.json").write_text("no card")
    assert said("models", "rerun", str(tmp_path / "card.json"))[0] == 1
    assert said("models", "rerun", "abcdef")[0] == 1
    assert differences({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}) == {
        "b": {"was": 2, "is": 3},
        "c": {"was": None, "is": 4},
    }


def client(campaign, name: str, role: str) -> APIClient:
    made = APIClient()
    made.force_login(person(name, campaign=campaign, role=role))
    return made


def test_everybody_sees_the_models_and_leads_change_the_champion(campaign):
    for number, name in enumerate(("aa", "bb", "cc")):
        stored(campaign, name, state="champion" if number == 0 else "candidate")
    Evaluation.objects.create(
        campaign=campaign, kind="test", split="test", why="paper", report={}, created=NOON
    )
    ana, lea = client(campaign, "ana", "annotator"), client(campaign, "lea", "lead")

    page = ana.get(f"{MODELS}?limit=2").json()
    rest = ana.get(f"{MODELS}?limit=2&cursor={page['cursor']}").json()
    hashes = [each["hash"][:2] for each in [*page["results"], *rest["results"]]]
    assert (hashes, rest["cursor"]) == (["cc", "bb", "aa"], None)
    assert (page["champion"]["hash"][:2], page["test_openings"]) == ("aa", 1)
    assert ana.get(f"{MODELS}?cursor=x").status_code == 422

    promoting, key = f"{MODELS}/{'bb' * 32}/promote", str(uuid.uuid4())
    assert ana.post(promoting, {"why": "w"}).status_code == 403
    assert lea.post(promoting, {}).json()["field"] == "why"
    for _ in range(2):
        answer = lea.post(promoting, {"why": "w"}, headers={"Idempotency-Key": key})
        assert (answer.status_code, answer.json()["state"]) == (200, "champion")
    assert answer.json()["decision"]["by_hand"]["who"] == "lea"
    assert lea.post(promoting, {"why": "w"}).status_code == 409
    assert ana.get(f"{MODELS}/{'bb' * 32}").json()["decision"]["classes"] == {}
    assert ana.get(f"{MODELS}/abc").status_code == 404
    assert lea.post(f"{MODELS}/rollback", {}).json()["hash"][:2] == "aa"
    assert ana.post(f"{MODELS}/rollback", {}).status_code == 403


def test_a_lead_is_given_the_card_whole_so_that_its_hash_can_be_checked(campaign, tmp_path):
    model = kept(trained(tmp_path, seed=1), campaign)
    ana, lea = client(campaign, "ana", "annotator"), client(campaign, "lea", "lead")

    given = lea.get(f"{MODELS}/{model.hash}/card")
    card = json.loads(given.content)
    claimed = card.pop("card_sha256")
    assert claimed == model.hash == sha256(canonical(card))
    assert {"config", "snapshot", "metrics", "environment", "weights"} <= set(card)
    assert given["Content-Disposition"].endswith(f'filename="north-{model.hash[:8]}-card.json"')
    assert lea.get(f"{MODELS}/{'f' * 64}/card").status_code == 404
    assert ana.get(f"{MODELS}/{model.hash}/card").status_code == 403


def test_rules_are_read_and_changed_by_leads(campaign):
    rules, lea = "/api/v1/campaigns/north/promotion/rules", client(campaign, "lea", "lead")

    assert lea.get(rules).json()["rules"]["margin"] == 0.02
    changed = lea.post(rules, {"promotion": {"margins": {"shadow": 0.1}}}, format="json").json()
    assert changed["changed"] == {"margins": {"shadow": 0.1}}
    refused = lea.post(rules, {"promotion": {"margins": {"snow": 0.1}}}, format="json")
    assert (refused.status_code, refused.json()["field"]) == (422, "promotion.margins")
    assert client(campaign, "ana", "annotator").get(rules).status_code == 403


def test_a_page_of_models_is_three_queries_however_many_there_are(
    campaign, django_assert_num_queries
):
    for number in range(6):
        model = listed(campaign, f"{number:02}")
        RoundFactory(campaign=campaign, n=number + 1, model=model)
        if number in (0, 5):
            with django_assert_num_queries(3):
                page = models_of(campaign, limit=10)

    assert [each.round for each in page.results] == [6, 5, 4, 3, 2, 1]
