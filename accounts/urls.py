"""Addresses of the members page, and of the person's own page."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("members/", views.members, name="members"),
    path("members/<uuid:hospital_id>/", views.members, name="members"),
    path("members/<uuid:hospital_id>/add/", views.add_member, name="add_member"),
    path("members/<uuid:hospital_id>/people/<uuid:user_id>/", views.member, name="member"),
    path(
        "members/<uuid:hospital_id>/people/<uuid:user_id>/deactivate/",
        views.deactivate_member,
        name="deactivate_member",
    ),
    path(
        "members/<uuid:hospital_id>/people/<uuid:user_id>/reactivate/",
        views.reactivate_member,
        name="reactivate_member",
    ),
    path(
        "members/<uuid:hospital_id>/people/<uuid:user_id>/first-password/",
        views.make_first_password_link,
        name="first_password_link",
    ),
    path("members/<uuid:hospital_id>/keys/issue/", views.issue_key, name="issue_key"),
    path("members/<uuid:hospital_id>/keys/<uuid:key_id>/revoke/", views.revoke_key, name="revoke_key"),
    # Stands before allauth's page of this name: there a person could take another address, and the hospital's admin
    # would no longer know who signs in.
    path("accounts/email/", views.profile, name="account_email"),
]
