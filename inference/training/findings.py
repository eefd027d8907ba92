"""The words of public data sets, and the finding each of them means."""

import re
from collections.abc import Mapping

# One word per thing that at least one label set tells apart.
FINDINGS: tuple[str, ...] = (
    "covid19",
    "viral_pneumonia",
    "bacterial_pneumonia",
    "fungal_pneumonia",
    "pneumonia",
    "lung_opacity",
    "normal",
    "tuberculosis",
    "non_covid",
    "other",
)

# Written as `_key` writes them. "Pnemonia" is CoronaHack's own spelling; the germs are covid-chestxray-dataset's.
_WORDS = {
    "covid19": "covid covid19 covidpneumonia covid19pneumonia pneumoniacovid pneumoniacovid19",
    "viral_pneumonia": "viral virus viralpneumonia pneumoniaviral pneumoniavirus sars mers merscov influenza h1n1"
    " herpes varicella",
    "bacterial_pneumonia": "bacterial bacteria bacterialpneumonia pneumoniabacterial pneumoniabacteria streptococcus"
    " staphylococcus mrsa klebsiella legionella ecoli mycoplasma chlamydophila nocardia",
    "fungal_pneumonia": "fungal fungalpneumonia pneumocystis aspergillosis",
    "pneumonia": "pneumonia pnemonia aspiration",
    "lung_opacity": "lungopacity",
    "normal": "normal nofinding nofindings",
    "tuberculosis": "tuberculosis tb",
    "non_covid": "noncovid noncovid19",
    # Lungs that are ill, but of nothing that the product's "pneumonia" means.
    "other": "other ards lipoid stresssmoking",
}
_FINDING_OF = {word: finding for finding, words in _WORDS.items() for word in words.split()}
# COVID-19 is viral too, and any pneumonia may end in ARDS: the earlier word of this list says more than the later.
_SAYS_MORE = (
    "covid19",
    "viral_pneumonia",
    "bacterial_pneumonia",
    "fungal_pneumonia",
    "tuberculosis",
    "other",
    "lung_opacity",
    "pneumonia",
    "normal",
    "non_covid",
)
_CAUSES = {"viral_pneumonia", "bacterial_pneumonia", "fungal_pneumonia", "tuberculosis"}


def finding_of(words: str, *, also: Mapping[str, str] | None = None) -> str | None:
    """The finding that a data set's label means, or None where that cannot be said; use in every importer.

    words: the label as the data set writes it; a path of words ("Pneumonia/Viral/COVID-19"), a list
        ("COVID-19, ARDS") or one word. also: further words and the finding each means, asked first.
    None for a word nobody knows ("todo", "Unknown"), for two causes at once, and for normal beside anything else.
    """
    own = {_key(word): finding for word, finding in (also or {}).items()}
    if _key(words) in own:
        return own[_key(words)]
    parts = [own.get(_key(part)) or _FINDING_OF.get(_key(part)) for part in re.split(r"[/,]", words)]
    found = {part for part in parts if part is not None}
    if not found or None in parts:
        return None
    if ("normal" in found or "non_covid" in found) and len(found) > 1:
        return None
    if "covid19" not in found and len(found & _CAUSES) > 1:
        return None
    return min(found, key=_SAYS_MORE.index)


def _key(words: str) -> str:
    return re.sub(r"[^a-z0-9]", "", words.casefold())
