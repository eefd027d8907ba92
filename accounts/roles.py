"""One table: which role has which abilities. Everything that is not in it is refused."""

from django.db import models


class Role(models.TextChoices):
    """What a person is at one hospital."""

    RADIOLOGIST = "radiologist", "Radiologist"
    TECHNICIAN = "technician", "Technician"
    HOSPITAL_ADMIN = "hospital_admin", "Hospital admin"
    INTEGRATOR = "integrator", "Integrator"
    MODEL_MANAGER = "model_manager", "Model manager"


class Ability(models.TextChoices):
    """One thing a person may do at one hospital; also the scope of an API key."""

    VIEW_SCANS = "view_scans", "Open scans, patients and results"
    SUBMIT_SCANS = "submit_scans", "Send scans in"
    REVIEW_SCANS = "review_scans", "Record a verdict on the model's finding"
    SIGN_REPORTS = "sign_reports", "Write and sign reports"
    MANAGE_MEMBERS = "manage_members", "Add people, set roles, deactivate"
    MANAGE_API_KEYS = "manage_api_keys", "Issue and revoke API keys"
    VIEW_MODELS = "view_models", "See model versions and their facts"
    MANAGE_MODELS = "manage_models", "Register and activate model versions"
    STOP_MODEL = "stop_model", "Stop the model at the hospital, and resume it"


ABILITIES: dict[str, frozenset[str]] = {
    Role.RADIOLOGIST: frozenset(
        {Ability.VIEW_SCANS, Ability.REVIEW_SCANS, Ability.SIGN_REPORTS, Ability.VIEW_MODELS},
    ),
    Role.TECHNICIAN: frozenset({Ability.VIEW_SCANS, Ability.SUBMIT_SCANS}),
    # An admin manages people, not patients: opening records is not part of the job.
    Role.HOSPITAL_ADMIN: frozenset(
        {Ability.MANAGE_MEMBERS, Ability.MANAGE_API_KEYS, Ability.VIEW_MODELS, Ability.STOP_MODEL},
    ),
    Role.INTEGRATOR: frozenset({Ability.VIEW_SCANS, Ability.SUBMIT_SCANS, Ability.VIEW_MODELS}),
    Role.MODEL_MANAGER: frozenset({Ability.VIEW_MODELS, Ability.MANAGE_MODELS, Ability.STOP_MODEL}),
}

# A key speaks for a machine. A report is signed by a person at a keyboard, never by a key.
KEY_SCOPES: frozenset[str] = ABILITIES[Role.INTEGRATOR]


def roles_with(ability: str) -> list[str]:
    """Return the roles that have `ability`."""
    return [role for role, abilities in ABILITIES.items() if ability in abilities]
