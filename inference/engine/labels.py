"""The shipped model's finding labels, and how any label is said in words."""

LABELS: tuple[str, ...] = ("covid19", "pneumonia", "normal")

_WORDS = {
    "covid19": "COVID-19 pneumonia",
    "pneumonia": "pneumonia of another cause",
    "normal": "no finding among those the model knows",
}


def in_words(label: str) -> str:
    """The label as a radiologist would say it; use for every sentence shown to a person.

    A label of another bundle is shown as it is written, with underscores as spaces.
    """
    return _WORDS.get(label, label.replace("_", " "))
