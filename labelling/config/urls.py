from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView, PasswordResetConfirmView
from django.urls import include, path

from labelling.api.pages import shell

urlpatterns = [
    path("", shell),
    path("annotate/<slug:slug>", shell),
    path("lead/<slug:slug>", shell),
    path("review/<slug:slug>", shell),
    path("catalogue/<slug:slug>", shell),
    path("mine/<slug:slug>", shell),
    path("quality/<slug:slug>", shell),
    path("map/<slug:slug>", shell),
    path("controls/<slug:slug>", shell),
    path(
        "login/",
        LoginView.as_view(template_name="labelling/login.html", redirect_authenticated_user=True),
    ),
    path(
        "invited/<uidb64>/<token>/",
        PasswordResetConfirmView.as_view(
            template_name="labelling/invited.html", success_url="/login/"
        ),
    ),
    path("logout/", LogoutView.as_view()),
    path("api/v1/", include("labelling.api.urls")),
    path("admin/", admin.site.urls),
]
