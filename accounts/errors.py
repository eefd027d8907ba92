"""What the rules refuse, in one shape (expected, received, remedy), and the people side's own refusals."""


class NotAllowed(Exception):
    """A request that the rules do not allow; nothing was changed. Each app raises its own kind.

    Args:
        expected: what would have been right, as the end of "Expected ...".
        received: what came instead.
        remedy: what to do now, one sentence.
    """

    code = "not_allowed"

    def __init__(self, *, expected: str, received: str, remedy: str) -> None:
        self.expected = expected
        self.received = received
        self.remedy = remedy
        super().__init__(f"Expected {expected}; received {received}. {remedy}")


class PeopleError(NotAllowed, ValueError):
    """An act on people or keys that the rules do not allow."""


class BadRoles(PeopleError):
    """No role, or one that does not exist."""

    code = "bad_roles"


class AlreadyMember(PeopleError):
    """The person is at this hospital already."""

    code = "already_member"


class NotAMember(PeopleError):
    """The person is not, or not now, at this hospital."""

    code = "not_a_member"


class OwnAdminRole(PeopleError):
    """Admins do not take the role from themselves."""

    code = "own_admin_role"


class LastAdmin(PeopleError):
    """The hospital would be left without an admin."""

    code = "last_admin"


class PasswordNotChosen(PeopleError):
    """The address is known, but its owner never signed in."""

    code = "password_not_chosen"


class NoFirstPassword(PeopleError):
    """A first-password link is not this hospital's to give."""

    code = "no_first_password"


class BadScopes(PeopleError):
    """Scopes that no key, or not this person's key, may have."""

    code = "bad_scopes"
