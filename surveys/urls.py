from django.urls import path, re_path

from surveys import views

urlpatterns = [
    path("s/<str:token>", views.survey, name="survey"),
    path("s/<str:token>/thanks", views.thanks, name="survey_thanks"),
    path("s/<str:token>/no-more", views.no_more, name="survey_no_more"),
    # Some mail programs add a slash.
    path("s/<str:token>/", views.survey),
    # What cannot be a link at all looks like one that has ended.
    re_path(r"^s/", views.no_such_link),
]
