from django.urls import path, re_path
from drf_spectacular.views import SpectacularAPIView

from labelling.api.agreement import AgreementPeople, AgreementView
from labelling.api.alerts import Alerts
from labelling.api.annotations import AnnotationLabel, AnnotationView
from labelling.api.audit import Events
from labelling.api.campaigns import CampaignView
from labelling.api.catalogue import Catalogue
from labelling.api.comparison import ComparisonView, TestOpenings
from labelling.api.cvat import CvatHeld, CvatPull, CvatView, CvatWebhook
from labelling.api.cvat_people import CvatMatch, CvatPeople
from labelling.api.drafts import DraftLabel, DraftOfTask
from labelling.api.exports import CancelExport, ExportFiles, Exports
from labelling.api.flags import FlagRates, Flags, RaiseFlag, ResolveFlag, Skip
from labelling.api.footprints import (
    FilteredPicks,
    FilteredPicksPlan,
    FootprintsView,
    PicksPlan,
)
from labelling.api.gold import GoldTiles, RetireGold
from labelling.api.growth import CalibrationView, Growth, LearningCurve
from labelling.api.guide import Guide, GuideLabel
from labelling.api.guides import TaskGuidance, TaskGuideMask, TaskHeat
from labelling.api.hints import AnnotationEdits, Hints
from labelling.api.history import TaskHistory
from labelling.api.jobs import CancelJob, Jobs, RetryJob
from labelling.api.masks import TileMask, TileMasks
from labelling.api.me import Me
from labelling.api.members import MemberInvitation, Members, MemberView
from labelling.api.mining import MiningView
from labelling.api.minings import CancelMining, MiningJob, StartMining
from labelling.api.models import (
    ModelCard,
    Models,
    ModelView,
    PromoteModel,
    PromotionRulesView,
    RollBackModel,
)
from labelling.api.monitor import MonitorView, PickingRulesView
from labelling.api.neighbours import TileMargin
from labelling.api.nothing import Nothing
from labelling.api.own import MyDay, MyFeedback, MyFixedLabel
from labelling.api.people import MyWork, People
from labelling.api.progress import Progress
from labelling.api.quality import QualityRulesView
from labelling.api.queue import Picks, QueueNext, QueueRulesView, QueueView
from labelling.api.references import TileComposite, TileReference
from labelling.api.releases import ReleaseFile, ReleaseJob, Releases, ReleaseView
from labelling.api.removal import TileRemoval
from labelling.api.reporting import ReportPage, ReportView
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
from labelling.api.schedule import RoundPlan, ScheduleView
from labelling.api.schemas import Migration, Schemas
from labelling.api.settings import Settings
from labelling.api.snapshots import SnapshotDiff, SnapshotJob, Snapshots, SnapshotView
from labelling.api.submission import Submit, Withdraw
from labelling.api.tasks import Extend, Heartbeat, Release, TaskView
from labelling.api.tiles import TileBands, TilePrelabel, TileThumbnail
from labelling.api.tokens import RevokeToken, Tokens
from labelling.api.versions import AnnotationProvenance, RevertAnnotation, TileLabels

urlpatterns = [
    path("me", Me.as_view()),
    path("me/work", MyWork.as_view()),
    path("me/feedback/<int:id>/label", MyFixedLabel.as_view()),
    path("campaigns/<slug:slug>", CampaignView.as_view()),
    path("campaigns/<slug:slug>/queue", QueueView.as_view()),
    path("campaigns/<slug:slug>/queue/next", QueueNext.as_view()),
    path("campaigns/<slug:slug>/queue/rules", QueueRulesView.as_view()),
    path("campaigns/<slug:slug>/picks", Picks.as_view()),
    path("campaigns/<slug:slug>/picks/plan", PicksPlan.as_view()),
    path("campaigns/<slug:slug>/picks/filtered", FilteredPicks.as_view()),
    path("campaigns/<slug:slug>/picks/filtered/plan", FilteredPicksPlan.as_view()),
    path("campaigns/<slug:slug>/footprints", FootprintsView.as_view()),
    path("campaigns/<slug:slug>/settings", Settings.as_view()),
    path("campaigns/<slug:slug>/members", Members.as_view()),
    path("campaigns/<slug:slug>/members/<str:username>", MemberView.as_view()),
    path("campaigns/<slug:slug>/members/<str:username>/invitation", MemberInvitation.as_view()),
    path("campaigns/<slug:slug>/catalogue", Catalogue.as_view()),
    path("campaigns/<slug:slug>/comparison", ComparisonView.as_view()),
    path("campaigns/<slug:slug>/cvat", CvatView.as_view()),
    path("campaigns/<slug:slug>/cvat/held", CvatHeld.as_view()),
    path("campaigns/<slug:slug>/cvat/people", CvatPeople.as_view()),
    path("campaigns/<slug:slug>/cvat/people/match", CvatMatch.as_view()),
    path("campaigns/<slug:slug>/cvat/pull", CvatPull.as_view()),
    path("cvat/webhook", CvatWebhook.as_view()),
    path("campaigns/<slug:slug>/label-errors", MiningView.as_view()),
    path("campaigns/<slug:slug>/label-errors/jobs", StartMining.as_view()),
    path("campaigns/<slug:slug>/label-errors/jobs/<uuid:id>", MiningJob.as_view()),
    path("campaigns/<slug:slug>/label-errors/jobs/<uuid:id>/cancel", CancelMining.as_view()),
    path("campaigns/<slug:slug>/releases", Releases.as_view()),
    path("campaigns/<slug:slug>/releases/jobs/<uuid:id>", ReleaseJob.as_view()),
    path("campaigns/<slug:slug>/releases/<str:version>", ReleaseView.as_view()),
    path("campaigns/<slug:slug>/releases/<str:version>/files/<path:name>", ReleaseFile.as_view()),
    path("campaigns/<slug:slug>/report", ReportView.as_view()),
    path("campaigns/<slug:slug>/report.html", ReportPage.as_view()),
    path("campaigns/<slug:slug>/test-openings", TestOpenings.as_view()),
    path("campaigns/<slug:slug>/monitor", MonitorView.as_view()),
    path("campaigns/<slug:slug>/picking/rules", PickingRulesView.as_view()),
    path("campaigns/<slug:slug>/progress", Progress.as_view()),
    path("campaigns/<slug:slug>/growth", Growth.as_view()),
    path("campaigns/<slug:slug>/learning", LearningCurve.as_view()),
    path("campaigns/<slug:slug>/calibration", CalibrationView.as_view()),
    path("campaigns/<slug:slug>/alerts", Alerts.as_view()),
    path("campaigns/<slug:slug>/events", Events.as_view()),
    path("campaigns/<slug:slug>/schemas", Schemas.as_view()),
    path("campaigns/<slug:slug>/schemas/migration", Migration.as_view()),
    path("campaigns/<slug:slug>/snapshots", Snapshots.as_view()),
    path("campaigns/<slug:slug>/snapshots/jobs/<uuid:id>", SnapshotJob.as_view()),
    path("snapshots/<str:hash>", SnapshotView.as_view()),
    path("snapshots/<str:hash>/diff", SnapshotDiff.as_view()),
    path("campaigns/<slug:slug>/rounds", Rounds.as_view()),
    path("campaigns/<slug:slug>/rounds/plan", RoundPlan.as_view()),
    path("campaigns/<slug:slug>/rounds/<int:n>/cancel", CancelRound.as_view()),
    path("campaigns/<slug:slug>/schedule", ScheduleView.as_view()),
    path("campaigns/<slug:slug>/jobs", Jobs.as_view()),
    path("campaigns/<slug:slug>/jobs/<uuid:id>/cancel", CancelJob.as_view()),
    path("campaigns/<slug:slug>/jobs/<uuid:id>/retry", RetryJob.as_view()),
    path("campaigns/<slug:slug>/models", Models.as_view()),
    path("campaigns/<slug:slug>/models/rollback", RollBackModel.as_view()),
    path("campaigns/<slug:slug>/models/<str:hash>", ModelView.as_view()),
    path("campaigns/<slug:slug>/models/<str:hash>/card", ModelCard.as_view()),
    path("campaigns/<slug:slug>/models/<str:hash>/promote", PromoteModel.as_view()),
    path("campaigns/<slug:slug>/promotion/rules", PromotionRulesView.as_view()),
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
    path("campaigns/<slug:slug>/guide", Guide.as_view()),
    path("campaigns/<slug:slug>/guide/<uuid:annotation>/label", GuideLabel.as_view()),
    path("campaigns/<slug:slug>/hints", Hints.as_view()),
    path("campaigns/<slug:slug>/my-day", MyDay.as_view()),
    path("campaigns/<slug:slug>/my-feedback", MyFeedback.as_view()),
    path("campaigns/<slug:slug>/quality/rules", QualityRulesView.as_view()),
    path("campaigns/<slug:slug>/people", People.as_view()),
    path("campaigns/<slug:slug>/tokens", Tokens.as_view()),
    path("campaigns/<slug:slug>/tokens/<uuid:id>/revoke", RevokeToken.as_view()),
    path("tasks/<uuid:id>", TaskView.as_view()),
    path("tasks/<uuid:id>/heartbeat", Heartbeat.as_view()),
    path("tasks/<uuid:id>/extend", Extend.as_view()),
    path("tasks/<uuid:id>/release", Release.as_view()),
    path("tasks/<uuid:id>/submit", Submit.as_view()),
    path("tasks/<uuid:id>/withdraw", Withdraw.as_view()),
    path("tasks/<uuid:id>/guidance", TaskGuidance.as_view()),
    path("tasks/<uuid:id>/guidance/mask", TaskGuideMask.as_view()),
    path("tasks/<uuid:id>/heat", TaskHeat.as_view()),
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
    path("tiles/<uuid:id>/margin", TileMargin.as_view()),
    path("tiles/<uuid:id>/reference", TileReference.as_view()),
    path("tiles/<uuid:id>/thumbnail.png", TileThumbnail.as_view()),
    path("tiles/<uuid:id>/labels", TileLabels.as_view()),
    path("tiles/<uuid:id>/masks", TileMasks.as_view()),
    path("tiles/<uuid:id>/masks/<slug:source>", TileMask.as_view()),
    path("annotations/<uuid:id>/provenance", AnnotationProvenance.as_view()),
    path("annotations/<uuid:id>/revert", RevertAnnotation.as_view()),
    path("annotations/<uuid:id>", AnnotationView.as_view()),
    path("annotations/<uuid:id>/label", AnnotationLabel.as_view()),
    path("annotations/<uuid:id>/edits", AnnotationEdits.as_view()),
    path("snapshots/<str:hash>/exports", Exports.as_view()),
    path("exports/<uuid:id>/cancel", CancelExport.as_view()),
    path("exports/<uuid:id>/files", ExportFiles.as_view()),
    path("schema", SpectacularAPIView.as_view()),
    re_path(r"", Nothing.as_view()),
]
