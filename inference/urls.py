"""The addresses of the pages about the model; its stop at a hospital is the scans' affair (scans.urls)."""

from django.urls import path

from inference.views import activation, facts, versions

urlpatterns = [
    path("models/", versions.models, name="models"),
    path("models/roll-back/", activation.roll_back, name="roll_back_model"),
    path("models/<uuid:version_id>/", facts.model_facts, name="model_facts"),
    path("models/<uuid:version_id>/plots/<str:name>", facts.model_plot, name="model_plot"),
    path("models/<uuid:version_id>/ask/", activation.ask_activation, name="ask_activation"),
    path("models/requests/<uuid:request_id>/approve/", activation.approve_activation, name="approve_activation"),
    path("models/requests/<uuid:request_id>/refuse/", activation.refuse_activation, name="refuse_activation"),
    path("models/requests/<uuid:request_id>/withdraw/", activation.withdraw_activation, name="withdraw_activation"),
]
