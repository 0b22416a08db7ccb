from django.urls import path

from metrics import agreement_views, audit_views, definition_views, views

urlpatterns = [
    path("settings/agreements/", agreement_views.index, name="agreements"),
    path("settings/agreements/<int:pk>/new/", agreement_views.new_version, name="agreement_new"),
    path("settings/agreements/versions/<int:pk>/restatement/", agreement_views.restatement, name="restatement"),
    path("company/agreement/", agreement_views.company_agreement, name="company_agreement"),
    path("metrics/", views.dashboard, name="dashboard"),
    path("metrics/cards/", views.cards, name="dashboard_cards"),
    path("metrics/cards/<str:name>/", views.card, name="dashboard_card"),
    path("metrics/export/<str:name>.csv", views.export, name="dashboard_export"),
    path("metrics/audit/", audit_views.audit, name="audit"),
    path("metrics/definitions/", definition_views.index, name="definitions"),
    path("metrics/definitions/<str:slug>/", definition_views.kpi, name="kpi"),
    path("metrics/three-ways/<str:way>/<str:log>/<str:other>/", definition_views.three_ways, name="three_ways"),
    path("metrics/<str:slug>/", definition_views.short, name="kpi_short"),
    path("metrics/<str:slug>/rows/", views.kpi_rows, name="kpi_rows"),
    path("metrics/<str:slug>/rows.csv", views.kpi_rows_export, name="kpi_rows_export"),
]
