"""What the registry refuses: expected, received, remedy; nothing was changed."""

from accounts.errors import NotAllowed


class RegistryError(NotAllowed):
    """An act on model versions, or on the model's stop at a hospital, that the rules do not allow."""


class MayNotManageModels(RegistryError):
    """The person may not decide which version reads."""

    code = "may_not_manage_models"


class MayNotStopModel(RegistryError):
    """The person may not stop or resume the model at this hospital."""

    code = "may_not_stop_model"


class SecondPersonNeeded(RegistryError):
    """The person who asked for an activation is the one who answers it."""

    code = "second_person_needed"


class MissingReason(RegistryError):
    """An act that is not done without saying why."""

    code = "missing_reason"


class AlreadyActive(RegistryError):
    """The version reads new scans already."""

    code = "already_active"


class AlreadyAsked(RegistryError):
    """A request for the version waits for its second person."""

    code = "already_asked"


class RequestAnswered(RegistryError):
    """The request was approved, refused or withdrawn before."""

    code = "request_answered"


class NotTheFirst(RegistryError):
    """Only a desk that never had an active version takes the shipped one without people."""

    code = "not_the_first"


class NothingToGoBackTo(RegistryError):
    """No version was active before the present one."""

    code = "nothing_to_go_back_to"


class UnusableVersion(RegistryError):
    """The version's bundle or serving graph is not what was registered."""

    code = "unusable_version"


class UnknownVersion(RegistryError):
    """The words name no version, or several."""

    code = "unknown_version"


class AlreadyStopped(RegistryError):
    """The model is stopped at the hospital."""

    code = "already_stopped"


class NotStopped(RegistryError):
    """The model is not stopped at the hospital."""

    code = "not_stopped"


def stated(reason: str) -> str:
    """Return a reason without its margins.

    Raises:
        MissingReason: there is none.
    """
    if not reason.strip():
        raise MissingReason(expected="a reason in words", received="none", remedy="Say why; it stands in the history.")
    return reason.strip()
