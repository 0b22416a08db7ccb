from django.urls import path

from metrics import views

urlpatterns = [
    path("metrics/", views.dashboard, name="dashboard"),
    path("metrics/cards/", views.cards, name="dashboard_cards"),
    path("metrics/cards/<str:name>/", views.card, name="dashboard_card"),
    path("metrics/export/<str:name>.csv", views.export, name="dashboard_export"),
    path("metrics/<str:slug>/", views.kpi, name="kpi"),
    path("metrics/<str:slug>/rows/", views.kpi_rows, name="kpi_rows"),
    path("metrics/<str:slug>/rows.csv", views.kpi_rows_export, name="kpi_rows_export"),
]
