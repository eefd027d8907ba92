"""The forms of the members page. What an act may do is checked again by the function that does it."""

import datetime
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django import forms

from accounts.api_keys import scopes_for
from accounts.errors import PeopleError
from accounts.models import ApiKey, Hospital, User
from accounts.roles import KEY_SCOPES, Ability, Role, roles_with

KEY_DAYS = [(30, "30 days"), (90, "90 days"), (365, "1 year")]


def _helper(button: str) -> FormHelper:
    helper = FormHelper()
    helper.add_input(Submit("save", button))
    return helper


class RefusableForm(forms.Form):
    """A form whose act may be refused after its fields were right."""

    def refuse(self, error: PeopleError) -> None:
        """Show why, above the fields."""
        self.add_error(None, str(error))


class RolesForm(RefusableForm):
    """What a person is at this hospital."""

    roles = forms.MultipleChoiceField(choices=Role.choices, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = _helper("Save roles")


class PersonForm(RolesForm):
    """A person to add; of somebody known elsewhere only the roles here are taken."""

    email = forms.EmailField(max_length=254, help_text="They sign in with it.")
    name = forms.CharField(max_length=200, help_text="As it should stand under a report.")
    field_order = ("email", "name", "roles")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = _helper("Add person")


class OwnerField(forms.ModelChoiceField):
    """A person of the hospital, told apart by email."""

    def label_from_instance(self, obj: User) -> str:
        """Return the line of the list."""
        return f"{obj.name} ({obj.email})"


class KeyForm(RefusableForm):
    """A key to issue at one hospital."""

    name = forms.CharField(max_length=100, help_text="Which machine will use it, as “CT room 2 gateway”.")
    owner = OwnerField(queryset=User.objects.none(), help_text="The key can do no more than this person can.")
    scopes = forms.MultipleChoiceField(
        choices=[(ability.value, ability.label) for ability in Ability if ability in KEY_SCOPES],
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.TypedChoiceField(choices=KEY_DAYS, coerce=int, initial=90, label="Valid for")

    def __init__(self, *args: Any, hospital: Hospital, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.hospital = hospital
        roles = {role for scope in KEY_SCOPES for role in roles_with(scope)}
        here = hospital.memberships.filter(is_active=True, user__is_active=True, role__in=roles)
        owner: Any = self.fields["owner"]
        owner.queryset = User.objects.filter(pk__in=here.values("user"))
        self.helper = _helper("Issue key")

    @property
    def stated(self) -> dict[str, Any]:
        """The key as api_keys.issue takes it."""
        return {
            "user": self.cleaned_data["owner"],
            "name": self.cleaned_data["name"],
            "scopes": self.cleaned_data["scopes"],
            "valid_for": datetime.timedelta(days=self.cleaned_data["days"]),
        }

    def clean_name(self) -> str:
        """Refuse the name of a key in force: two keys that nobody can tell apart, often a form that was sent twice."""
        name: str = self.cleaned_data["name"]
        if any(key.is_in_force for key in ApiKey.objects.filter(hospital=self.hospital, name=name)):
            raise forms.ValidationError(
                "Expected a name that no key in force has; received a taken one. Choose another or revoke that key."
            )
        return name

    def clean(self) -> dict[str, Any]:
        """Refuse scopes that the owner does not have, at the field they are chosen in."""
        cleaned = super().clean() or {}
        owner, scopes = cleaned.get("owner"), cleaned.get("scopes")
        if owner and scopes:
            beyond = set(scopes) - scopes_for(owner, self.hospital)
            if beyond:
                titles = ", ".join(str(Ability(scope).label) for scope in sorted(beyond))
                self.add_error(
                    "scopes", f"Expected what {owner} may do; received also “{titles}”. Leave it out or give the role."
                )
        return cleaned
