"""Which version reads new scans: one person asks, another approves; back in one step; every change is a row.

Jobs already open keep the version they were opened for. Workers take the change up with the next job they claim.
"""

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import User
from accounts.roles import Ability
from inference import registry
from inference.errors import (
    AlreadyActive,
    AlreadyAsked,
    MayNotManageModels,
    NothingToGoBackTo,
    NotTheFirst,
    RequestAnswered,
    SecondPersonNeeded,
    stated,
)
from inference.models import Activation, ActivationRequest, ModelVersion


def current() -> Activation | None:
    """Return the activation in force, or None where no version was ever active."""
    return Activation.objects.select_related("version", "by", "returns_to__version").first()


def rollback_target() -> ModelVersion | None:
    """Return the version a rollback would go back to, or None."""
    now = current()
    return now.returns_to.version if now is not None and now.returns_to is not None else None


def activate_first(version: ModelVersion) -> Activation:
    """Activate the shipped bundle on a desk that never had an active version: the only way without people.

    Raises:
        NotTheFirst: a version was active before, or `version` is not the bundle this release ships.
        UnusableVersion: its bundle or serving graph is not what was registered.
    """
    registry.check_usable(version)
    with transaction.atomic():
        _lock()
        if Activation.objects.exists() or registry.active() is not None or not registry.is_shipped(version):
            raise NotTheFirst(
                expected="the shipped bundle, on a desk that never had an active version",
                received=f"{version}, on a desk with a history"
                if Activation.objects.exists()
                else f"{version}, which is not this release's own",
                remedy="Ask for its activation and let a second person approve it: manage.py activate_model.",
            )
        return _activate(version, kind=Activation.Kind.FIRST, returns_to=None)


def request_activation(
    version: ModelVersion, *, asked_by: User, reason: str, request: HttpRequest | None = None
) -> ActivationRequest:
    """Ask that `version` reads new scans; somebody else answers with `approve_activation` or `refuse_activation`.

    asked_by: with the ability MANAGE_MODELS at any hospital. reason: why, in words. request: for the sender's address.

    Raises:
        MayNotManageModels, MissingReason: who and why are not in order.
        AlreadyActive, AlreadyAsked: there is nothing to ask for.
        UnusableVersion: its bundle or serving graph is not what was registered.
    """
    _check_may_manage(asked_by)
    reason = stated(reason)
    registry.check_usable(version)
    with transaction.atomic():
        _lock()
        _check_not_active(version)
        if ActivationRequest.objects.filter(version=version, status=ActivationRequest.Status.WAITING).exists():
            raise AlreadyAsked(
                expected="a version that nobody has asked for yet",
                received=f"{version}, whose request waits for a second person",
                remedy="Let somebody else approve or refuse that request, or withdraw it first.",
            )
        asked = ActivationRequest.objects.create(version=version, asked_by=asked_by, reason=reason)
        _record("model.activation_requested", asked, actor=asked_by, request=request)
    return asked


def approve_activation(
    asked: ActivationRequest, *, approved_by: User, reason: str = "", request: HttpRequest | None = None
) -> Activation:
    """Activate what was asked for: the second person's part.

    approved_by: with the ability MANAGE_MODELS, and not who asked. reason: optional words.

    Raises:
        MayNotManageModels: either person has not, or no longer, the ability.
        SecondPersonNeeded: the asker approves.
        RequestAnswered: it was approved, refused or withdrawn before.
        AlreadyActive, UnusableVersion: the version cannot become active.
    """
    _check_may_manage(approved_by)
    registry.check_usable(asked.version)
    with transaction.atomic():
        asked = _waiting(asked)
        _check_second(asked, approved_by)
        _check_may_manage(asked.asked_by)
        _check_not_active(asked.version)
        _answer(asked, ActivationRequest.Status.APPROVED, by=approved_by, reason=reason)
        _record("model.activation_approved", asked, actor=approved_by, request=request)
        return _activate(
            asked.version,
            kind=Activation.Kind.APPROVED,
            by=approved_by,
            asked=asked,
            reason=reason.strip() or asked.reason,
            returns_to=current(),
            request=request,
        )


@transaction.atomic
def refuse_activation(
    asked: ActivationRequest, *, refused_by: User, reason: str, request: HttpRequest | None = None
) -> None:
    """Say no to what was asked for; the request stays as it was asked, with the answer.

    Raises:
        MayNotManageModels, MissingReason: who and why are not in order.
        SecondPersonNeeded: the asker refuses; that is `withdraw_activation`.
        RequestAnswered: it was approved, refused or withdrawn before.
    """
    _check_may_manage(refused_by)
    asked = _waiting(asked)
    _check_second(asked, refused_by)
    _answer(asked, ActivationRequest.Status.REFUSED, by=refused_by, reason=stated(reason))
    _record("model.activation_refused", asked, actor=refused_by, request=request)


@transaction.atomic
def withdraw_activation(
    asked: ActivationRequest, *, withdrawn_by: User, reason: str, request: HttpRequest | None = None
) -> None:
    """Take one's own request back; it stays in the history.

    Raises:
        MayNotManageModels: somebody else's request.
        MissingReason: no words.
        RequestAnswered: it was approved, refused or withdrawn before.
    """
    asked = _waiting(asked)
    if asked.asked_by_id != withdrawn_by.pk:
        raise MayNotManageModels(
            expected="the person who asked",
            received=f"{withdrawn_by}",
            remedy="Refuse the request instead, if you manage models.",
        )
    _answer(asked, ActivationRequest.Status.WITHDRAWN, by=withdrawn_by, reason=stated(reason))
    _record("model.activation_withdrawn", asked, actor=withdrawn_by, request=request)


def roll_back(*, rolled_back_by: User, reason: str, request: HttpRequest | None = None) -> Activation:
    """Go back to the version that was active before: the emergency path, for which one person is enough.

    A second rollback goes one version further back, never forward to the one that was left.

    Raises:
        MayNotManageModels, MissingReason: who and why are not in order.
        NothingToGoBackTo: no version was active before.
        UnusableVersion: that version's bundle or serving graph is not what was registered.
    """
    _check_may_manage(rolled_back_by)
    reason = stated(reason)
    target = rollback_target()
    if target is not None:
        registry.check_usable(target)
    with transaction.atomic():
        _lock()
        now = current()
        before = now.returns_to if now is not None else None
        if now is None or before is None or before.version != target:
            raise NothingToGoBackTo(
                expected="a version that was active before the present one",
                received=f"{now.version}, before which there was none" if now is not None else "no version at all",
                remedy="Stop the model at your hospital if it must not read, or activate another version.",
            )
        return _activate(
            before.version,
            kind=Activation.Kind.ROLLBACK,
            by=rolled_back_by,
            reason=reason,
            returns_to=before.returns_to,
            request=request,
        )


def _lock() -> None:
    # Two people who change the active version at the same moment do it one after the other. Not the key: a film that
    # comes in meanwhile opens its job without waiting.
    list(ModelVersion.objects.select_for_update(no_key=True).order_by("pk").values_list("pk"))


def _waiting(asked: ActivationRequest) -> ActivationRequest:
    _lock()
    asked = ActivationRequest.objects.select_related("version", "asked_by").get(pk=asked.pk)
    if not asked.is_waiting:
        raise RequestAnswered(
            expected="a request that waits for an answer",
            received=f"one that is {asked.get_status_display().lower()}",
            remedy="Ask anew if the version is still wanted.",
        )
    return asked


def _answer(asked: ActivationRequest, status: str, *, by: User, reason: str) -> None:
    asked.status, asked.answered_by, asked.answered_at, asked.answer = status, by, timezone.now(), reason.strip()
    asked.save(update_fields=["status", "answered_by", "answered_at", "answer"])


def _activate(
    version: ModelVersion,
    *,
    kind: str,
    returns_to: Activation | None,
    by: User | None = None,
    asked: ActivationRequest | None = None,
    reason: str = "",
    request: HttpRequest | None = None,
) -> Activation:
    active = ModelVersion.objects.filter(status=ModelVersion.Status.ACTIVE)
    active.exclude(pk=version.pk).update(status=ModelVersion.Status.RETIRED)
    version.status, version.activated_at = ModelVersion.Status.ACTIVE, timezone.now()
    version.save(update_fields=["status", "activated_at"])
    activation = Activation.objects.create(
        version=version, kind=kind, by=by, request=asked, reason=reason, returns_to=returns_to, at=version.activated_at
    )
    detail = {"kind": kind, "weights_sha256": version.weights_sha256, "reason": reason}
    if asked is not None:
        detail["asked_by"] = str(asked.asked_by_id)
    audit.record("model.activated", hospital=None, actor=by, subject=version, detail=detail, request=request)
    return activation


def _record(action: str, asked: ActivationRequest, *, actor: User, request: HttpRequest | None) -> None:
    detail = {"weights_sha256": asked.version.weights_sha256, "reason": asked.answer or asked.reason}
    audit.record(action, hospital=None, actor=actor, subject=asked, detail=detail, request=request)


def _check_may_manage(person: User) -> None:
    if not person.can(Ability.MANAGE_MODELS):
        raise MayNotManageModels(
            expected="a person with the ability to manage models",
            received=f"{person}, who has not, or no longer, that ability",
            remedy="Ask a hospital's admin for the role of model manager.",
        )


def _check_second(asked: ActivationRequest, person: User) -> None:
    if asked.asked_by_id == person.pk:
        raise SecondPersonNeeded(
            expected="an answer from somebody else than the person who asked",
            received=f"one from {person}, who asked",
            remedy="Let another model manager answer, or withdraw the request.",
        )


def _check_not_active(version: ModelVersion) -> None:
    if registry.active() == version:
        raise AlreadyActive(
            expected="a version that does not read new scans yet",
            received=f"{version}, which does",
            remedy="Nothing is left to do.",
        )
