from django.urls import path

from metrics import agreement_views, audit_views, definition_views, views
from metrics.causes import views as causes
from metrics.reports import views as reports

urlpatterns = [
    path("settings/agreements/", agreement_views.index, name="agreements"),
    path("settings/agreements/<int:pk>/new/", agreement_views.new_version, name="agreement_new"),
    path("settings/agreements/versions/<int:pk>/restatement/", agreement_views.restatement, name="restatement"),
    path("company/agreement/", agreement_views.company_agreement, name="company_agreement"),
    path("reports/", reports.reports, name="reports"),
    path("reports/new/", reports.report_order, name="report_order"),
    path("reports/schedules/new/", reports.report_schedule, name="report_schedule_new"),
    path("reports/schedules/<int:pk>/", reports.report_schedule, name="report_schedule"),
    path("reports/<int:pk>/", reports.report, name="report"),
    path("reports/<int:pk>/sending/", reports.report_sending, name="report_sending"),
    path("reports/<int:pk>/again/", reports.report_again, name="report_again"),
    path("reports/<int:pk>/<slug:kind>/", reports.report_file, name="report_file"),
    path("causes/", causes.causes, name="causes"),
    path("causes/export.csv", causes.causes_export, {"kind": "csv"}, name="causes_export"),
    path("causes/export.xlsx", causes.causes_export, {"kind": "xlsx"}, name="causes_workbook"),
    path("causes/sample/", causes.cause_sample, name="cause_sample"),
    path("causes/actions/new/", causes.cause_action_new, name="cause_action_new"),
    path("causes/actions/<int:pk>/", causes.cause_action, name="cause_action"),
    path("causes/actions/<int:pk>/change/", causes.cause_action_edit, name="cause_action_edit"),
    path("causes/actions/<int:pk>/state/", causes.cause_action_state, name="cause_action_state"),
    path("metrics/", views.dashboard, name="dashboard"),
    path("metrics/cards/", views.cards, name="dashboard_cards"),
    path("metrics/cards/<str:name>/", views.card, name="dashboard_card"),
    path("metrics/export/<str:name>.csv", views.export, {"kind": "csv"}, name="dashboard_export"),
    path("metrics/export/<str:name>.xlsx", views.export, {"kind": "xlsx"}, name="dashboard_workbook"),
    path("metrics/audit/", audit_views.audit, name="audit"),
    path("metrics/definitions/", definition_views.index, name="definitions"),
    path("metrics/definitions/<str:slug>/", definition_views.kpi, name="kpi"),
    path("metrics/three-ways/<str:way>/<str:log>/<str:other>/", definition_views.three_ways, name="three_ways"),
    path("metrics/<str:slug>/", definition_views.short, name="kpi_short"),
    path("metrics/<str:slug>/rows/", views.kpi_rows, name="kpi_rows"),
    path("metrics/<str:slug>/rows.csv", views.kpi_rows_export, {"kind": "csv"}, name="kpi_rows_export"),
    path("metrics/<str:slug>/rows.xlsx", views.kpi_rows_export, {"kind": "xlsx"}, name="kpi_rows_workbook"),
]
