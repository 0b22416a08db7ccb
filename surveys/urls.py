from django.urls import path, re_path

from surveys import desk_views, form_views, interview_views, pulse_views, views

urlpatterns = [
    path("pulse/", pulse_views.pulse, name="pulse"),
    path("settings/pulse/", pulse_views.plan, name="pulse_plan"),
    path("settings/surveys/", desk_views.rules, name="survey_rules"),
    path("settings/surveys/new/", desk_views.rule, name="survey_rule_new"),
    path("settings/surveys/<int:pk>/", desk_views.rule, name="survey_rule"),
    path("settings/surveys/<int:pk>/deletion/", desk_views.rule_deletion, name="survey_rule_deletion"),
    path("settings/survey-forms/", form_views.forms, name="survey_forms"),
    path("settings/survey-forms/new/", form_views.new, name="survey_form_new"),
    path("settings/survey-forms/<int:pk>/", form_views.detail, name="survey_form"),
    path("settings/survey-forms/<int:pk>/change/", form_views.change, name="survey_form_change"),
    path("settings/survey-forms/<int:pk>/questions/new/", form_views.question, name="survey_form_question_new"),
    path("settings/survey-forms/<int:pk>/questions/<slug:key>/", form_views.question, name="survey_form_question"),
    path("settings/survey-forms/<int:pk>/publication/", form_views.publish, name="survey_form_publish"),
    path("settings/survey-forms/<int:pk>/deletion/", form_views.deletion, name="survey_form_deletion"),
    path("settings/survey-forms/<int:pk>/page/", form_views.preview_page, name="survey_form_preview_page"),
    path("settings/survey-forms/<int:pk>/mail/", form_views.preview_mail, name="survey_form_preview_mail"),
    path("settings/themes/", desk_views.themes, name="themes"),
    path("settings/themes/<int:pk>/", desk_views.themes, name="theme"),
    path("settings/themes/<int:pk>/deletion/", desk_views.theme_deletion, name="theme_deletion"),
    path("surveys/decisions/", desk_views.decision_list, name="survey_decisions"),
    path("surveys/cases/<int:number>/", desk_views.of_case, name="answers_of_case"),
    path("surveys/follow-ups/", desk_views.follow_ups, name="follow_ups"),
    path("surveys/follow-ups/<int:pk>/owner/", desk_views.follow_up_owner, name="follow_up_owner"),
    path("surveys/follow-ups/<int:pk>/result/", desk_views.follow_up_result, name="follow_up_result"),
    path("surveys/comments/", desk_views.comment_list, name="comments"),
    path("surveys/comments/<int:pk>/theme/", desk_views.comment_theme, name="comment_theme"),
    path("surveys/comments/<int:pk>/praise/", desk_views.comment_praise, name="comment_praise"),
    path("surveys/interviews/", interview_views.interviews, name="interviews"),
    path("surveys/interviews/<int:pk>/", interview_views.interview, name="interview"),
    path("surveys/praise/", desk_views.praise, name="praise"),
    path("s/<str:token>", views.survey, name="survey"),
    path("s/<str:token>/thanks", views.thanks, name="survey_thanks"),
    path("s/<str:token>/no-more", views.no_more, name="survey_no_more"),
    # Some mail programs add a slash.
    path("s/<str:token>/", views.survey),
    # What cannot be a link at all looks like one that has ended.
    re_path(r"^s/", views.no_such_link),
]
