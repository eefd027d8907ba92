"""The form of every act on model versions: why it is done. The function that does it checks everything again."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django import forms

from accounts.errors import NotAllowed


class ReasonForm(forms.Form):
    """Why somebody does something that others will ask about.

    Args:
        button: the words on the button.
        is_dangerous: whether it takes the model from patients' pictures, or puts another one before them.
        needs_reason: whether it may be left empty.
        offer: what may be done along with it, in words; "": nothing.
        seen: what the page showed as the present state; sent back, so that nobody changes another one.
    """

    reason = forms.CharField(
        max_length=2000,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="It stands in the history, under your name.",
    )
    also = forms.BooleanField(required=False)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        button: str,
        is_dangerous: bool = False,
        needs_reason: bool = True,
        offer: str = "",
        seen: str = "",
    ) -> None:
        super().__init__(*args)
        self.fields["reason"].required = needs_reason
        self.fields["reason"].label = "Reason" if needs_reason else "Reason (may be left empty)"
        self.fields["seen"].initial = seen
        if offer:
            self.fields["also"].label = offer
        else:
            del self.fields["also"]
        self.helper = FormHelper()
        submit = Submit("do", button)
        submit.field_classes = "btn btn-danger" if is_dangerous else "btn btn-primary"
        self.helper.add_input(submit)

    def refuse(self, error: NotAllowed, *, seen: str) -> None:
        """Show why it was not done, above the fields; the next press is about the state that is shown now."""
        self.add_error(None, str(error))
        sent: Any = self.data
        sent = sent.copy()
        sent["seen"] = seen
        self.data = sent
