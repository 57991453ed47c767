from django.urls import path, re_path
from drf_spectacular.views import SpectacularAPIView

from labelling.api.agreement import AgreementPeople, AgreementView
from labelling.api.annotations import AnnotationLabel, AnnotationView
from labelling.api.audit import Events
from labelling.api.campaigns import CampaignView
from labelling.api.catalogue import Catalogue
from labelling.api.comparison import ComparisonView, TestOpenings
from labelling.api.drafts import DraftLabel, DraftOfTask
from labelling.api.exports import CancelExport, Exports
from labelling.api.flags import FlagRates, Flags, RaiseFlag, ResolveFlag, Skip
from labelling.api.gold import GoldTiles, RetireGold
from labelling.api.hints import AnnotationEdits, Hints
from labelling.api.history import TaskHistory
from labelling.api.me import Me
from labelling.api.mining import MiningView
from labelling.api.nothing import Nothing
from labelling.api.people import MyWork, People
from labelling.api.progress import Progress
from labelling.api.quality import QualityRulesView
from labelling.api.queue import Picks, QueueNext, QueueRulesView, QueueView
from labelling.api.references import TileComposite, TileReference
from labelling.api.removal import TileRemoval
from labelling.api.review import (
    Accept,
    Fix,
    NextReview,
    Reject,
    ReleaseReview,
    ReviewQueue,
    ReviewRulesView,
    Reviews,
    TaskFeedback,
    TaskReview,
)
from labelling.api.rounds import CancelRound, Rounds
from labelling.api.schemas import Migration, Schemas
from labelling.api.snapshots import SnapshotDiff, SnapshotJob, Snapshots, SnapshotView
from labelling.api.submission import Submit, Withdraw
from labelling.api.tasks import Extend, Heartbeat, Release, TaskView
from labelling.api.tiles import TileBands, TilePrelabel, TileThumbnail
from labelling.api.versions import AnnotationProvenance, RevertAnnotation, TileLabels

urlpatterns = [
    path("me", Me.as_view()),
    path("me/work", MyWork.as_view()),
    path("campaigns/<slug:slug>", CampaignView.as_view()),
    path("campaigns/<slug:slug>/queue", QueueView.as_view()),
    path("campaigns/<slug:slug>/queue/next", QueueNext.as_view()),
    path("campaigns/<slug:slug>/queue/rules", QueueRulesView.as_view()),
    path("campaigns/<slug:slug>/picks", Picks.as_view()),
    path("campaigns/<slug:slug>/catalogue", Catalogue.as_view()),
    path("campaigns/<slug:slug>/comparison", ComparisonView.as_view()),
    path("campaigns/<slug:slug>/label-errors", MiningView.as_view()),
    path("campaigns/<slug:slug>/test-openings", TestOpenings.as_view()),
    path("campaigns/<slug:slug>/progress", Progress.as_view()),
    path("campaigns/<slug:slug>/events", Events.as_view()),
    path("campaigns/<slug:slug>/schemas", Schemas.as_view()),
    path("campaigns/<slug:slug>/schemas/migration", Migration.as_view()),
    path("campaigns/<slug:slug>/snapshots", Snapshots.as_view()),
    path("campaigns/<slug:slug>/snapshots/jobs/<uuid:id>", SnapshotJob.as_view()),
    path("snapshots/<str:hash>", SnapshotView.as_view()),
    path("snapshots/<str:hash>/diff", SnapshotDiff.as_view()),
    path("campaigns/<slug:slug>/rounds", Rounds.as_view()),
    path("campaigns/<slug:slug>/rounds/<int:n>/cancel", CancelRound.as_view()),
    path("campaigns/<slug:slug>/flags", Flags.as_view()),
    path("campaigns/<slug:slug>/flags/rates", FlagRates.as_view()),
    path("campaigns/<slug:slug>/flags/<int:id>/resolve", ResolveFlag.as_view()),
    path("campaigns/<slug:slug>/reviews", Reviews.as_view()),
    path("campaigns/<slug:slug>/reviews/waiting", ReviewQueue.as_view()),
    path("campaigns/<slug:slug>/reviews/next", NextReview.as_view()),
    path("campaigns/<slug:slug>/reviews/rules", ReviewRulesView.as_view()),
    path("campaigns/<slug:slug>/agreement", AgreementView.as_view()),
    path("campaigns/<slug:slug>/agreement/people", AgreementPeople.as_view()),
    path("campaigns/<slug:slug>/gold", GoldTiles.as_view()),
    path("campaigns/<slug:slug>/gold/<uuid:annotation>/retire", RetireGold.as_view()),
    path("campaigns/<slug:slug>/hints", Hints.as_view()),
    path("campaigns/<slug:slug>/quality/rules", QualityRulesView.as_view()),
    path("campaigns/<slug:slug>/people", People.as_view()),
    path("tasks/<uuid:id>", TaskView.as_view()),
    path("tasks/<uuid:id>/heartbeat", Heartbeat.as_view()),
    path("tasks/<uuid:id>/extend", Extend.as_view()),
    path("tasks/<uuid:id>/release", Release.as_view()),
    path("tasks/<uuid:id>/submit", Submit.as_view()),
    path("tasks/<uuid:id>/withdraw", Withdraw.as_view()),
    path("tasks/<uuid:id>/draft", DraftOfTask.as_view()),
    path("tasks/<uuid:id>/draft/label", DraftLabel.as_view()),
    path("tasks/<uuid:id>/skip", Skip.as_view()),
    path("tasks/<uuid:id>/flag", RaiseFlag.as_view()),
    path("tasks/<uuid:id>/feedback", TaskFeedback.as_view()),
    path("tasks/<uuid:id>/review", TaskReview.as_view()),
    path("tasks/<uuid:id>/review/accept", Accept.as_view()),
    path("tasks/<uuid:id>/review/reject", Reject.as_view()),
    path("tasks/<uuid:id>/review/fix", Fix.as_view()),
    path("tasks/<uuid:id>/review/release", ReleaseReview.as_view()),
    path("tasks/<uuid:id>/history", TaskHistory.as_view()),
    path("tiles/<uuid:id>", TileRemoval.as_view()),
    path("tiles/<uuid:id>/bands", TileBands.as_view()),
    path("tiles/<uuid:id>/prelabel", TilePrelabel.as_view()),
    path("tiles/<uuid:id>/composite.png", TileComposite.as_view()),
    path("tiles/<uuid:id>/reference", TileReference.as_view()),
    path("tiles/<uuid:id>/thumbnail.png", TileThumbnail.as_view()),
    path("tiles/<uuid:id>/labels", TileLabels.as_view()),
    path("annotations/<uuid:id>/provenance", AnnotationProvenance.as_view()),
    path("annotations/<uuid:id>/revert", RevertAnnotation.as_view()),
    path("annotations/<uuid:id>", AnnotationView.as_view()),
    path("annotations/<uuid:id>/label", AnnotationLabel.as_view()),
    path("annotations/<uuid:id>/edits", AnnotationEdits.as_view()),
    path("snapshots/<str:hash>/exports", Exports.as_view()),
    path("exports/<uuid:id>/cancel", CancelExport.as_view()),
    path("schema", SpectacularAPIView.as_view()),
    re_path(r"", Nothing.as_view()),
]
