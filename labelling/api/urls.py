from django.urls import path, re_path
from drf_spectacular.views import SpectacularAPIView

from labelling.api.annotations import AnnotationLabel, AnnotationView
from labelling.api.campaigns import CampaignView
from labelling.api.catalogue import Catalogue
from labelling.api.history import TaskHistory
from labelling.api.me import Me
from labelling.api.nothing import Nothing
from labelling.api.progress import Progress
from labelling.api.queue import QueueNext
from labelling.api.references import TileComposite, TileReference
from labelling.api.rounds import CancelRound, Rounds
from labelling.api.tasks import Heartbeat, Release, Submit, TaskView
from labelling.api.tiles import TileBands, TilePrelabel, TileThumbnail

urlpatterns = [
    path("me", Me.as_view()),
    path("campaigns/<slug:slug>", CampaignView.as_view()),
    path("campaigns/<slug:slug>/queue/next", QueueNext.as_view()),
    path("campaigns/<slug:slug>/catalogue", Catalogue.as_view()),
    path("campaigns/<slug:slug>/progress", Progress.as_view()),
    path("campaigns/<slug:slug>/rounds", Rounds.as_view()),
    path("campaigns/<slug:slug>/rounds/<int:n>/cancel", CancelRound.as_view()),
    path("tasks/<uuid:id>", TaskView.as_view()),
    path("tasks/<uuid:id>/heartbeat", Heartbeat.as_view()),
    path("tasks/<uuid:id>/release", Release.as_view()),
    path("tasks/<uuid:id>/submit", Submit.as_view()),
    path("tasks/<uuid:id>/history", TaskHistory.as_view()),
    path("tiles/<uuid:id>/bands", TileBands.as_view()),
    path("tiles/<uuid:id>/prelabel", TilePrelabel.as_view()),
    path("tiles/<uuid:id>/composite.png", TileComposite.as_view()),
    path("tiles/<uuid:id>/reference", TileReference.as_view()),
    path("tiles/<uuid:id>/thumbnail.png", TileThumbnail.as_view()),
    path("annotations/<uuid:id>", AnnotationView.as_view()),
    path("annotations/<uuid:id>/label", AnnotationLabel.as_view()),
    path("schema", SpectacularAPIView.as_view()),
    re_path(r"", Nothing.as_view()),
]
