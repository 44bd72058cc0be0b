"""Languages by their codes and names, and what is particular about their text."""

from __future__ import annotations

from trialbook.errors import UnknownName, nearest

# ISO 639-1, 639-3 (and 639-2/B where that is another), and the English name.
_TABLE = """
af afr Afrikaans; sq sqi/alb Albanian; am amh Amharic; ar ara Arabic; hy hye/arm Armenian;
az aze Azerbaijani; eu eus/baq Basque; be bel Belarusian; bn ben Bengali; bs bos Bosnian;
bg bul Bulgarian; my mya/bur Burmese; ca cat Catalan; zh zho/chi/cmn Chinese; hr hrv Croatian;
cs ces/cze Czech; da dan Danish; nl nld/dut Dutch; dz dzo Dzongkha; en eng English;
eo epo Esperanto; et est Estonian; fo fao Faroese; fi fin Finnish; fr fra/fre French;
fy fry Frisian; gl glg Galician; ka kat/geo Georgian; de deu/ger German; el ell/gre Greek;
gu guj Gujarati; ht hat Haitian; ha hau Hausa; he heb Hebrew; hi hin Hindi; hu hun Hungarian;
is isl/ice Icelandic; ig ibo Igbo; id ind Indonesian; ga gle Irish; it ita Italian;
ja jpn Japanese; jv jav Javanese; kn kan Kannada; kk kaz Kazakh; km khm Khmer; rw kin Kinyarwanda;
ky kir Kyrgyz; ko kor Korean; ku kur Kurdish; lo lao Lao; la lat Latin; lv lav Latvian;
lt lit Lithuanian; lb ltz Luxembourgish; mk mkd/mac Macedonian; mg mlg Malagasy;
ms msa/may/zsm Malay; ml mal Malayalam; mt mlt Maltese; mi mri/mao Maori; mr mar Marathi;
mn mon Mongolian; ne nep Nepali; no nor Norwegian; nb nob Bokmal; nn nno Nynorsk;
oc oci Occitan; or ori Odia; ps pus Pashto; fa fas/per/pes Persian; pl pol Polish;
pt por Portuguese; pa pan Punjabi; ro ron/rum Romanian; rm roh Romansh; ru rus Russian;
gd gla Gaelic; sr srp Serbian; sn sna Shona; sd snd Sindhi; si sin Sinhala; sk slk/slo Slovak;
sl slv Slovenian; so som Somali; es spa Spanish; su sun Sundanese; sw swa/swh Swahili;
sv swe Swedish; tl tgl/fil Tagalog; tg tgk Tajik; ta tam Tamil; tt tat Tatar; te tel Telugu;
th tha Thai; bo bod/tib Tibetan; tr tur Turkish; tk tuk Turkmen; uk ukr Ukrainian; ur urd Urdu;
ug uig Uyghur; uz uzb Uzbek; vi vie Vietnamese; cy cym/wel Welsh; wo wol Wolof; xh xho Xhosa;
yi yid Yiddish; yo yor Yoruba; zu zul Zulu; mul mul Multiple; und und Undetermined;
"""

# Written without spaces between words, so that a word is not what stands between two spaces.
SPACELESS = frozenset({"bo", "dz", "ja", "km", "lo", "my", "th", "zh"})
# In these languages people leave accents out when they type, and a word without is still known.
ACCENTS_OPTIONAL = frozenset({"ca", "el", "es", "fr", "gl", "it", "pt", "ro"})

_CODES: dict[str, str] = {}
_NAMES: dict[str, str] = {}
for _entry in _TABLE.split(";"):
    if _entry.strip():
        _short, _long, _name = _entry.split()
        _NAMES[_short] = _name
        for _spelling in (_short, *_long.split("/"), _name):
            _CODES[_spelling.casefold()] = _short


def language_code(given: str) -> str:
    """The code of a language.

    Parameters
    ----------
    given : str
        A code of ISO 639-1, -2 or -3 (``de``, ``ger``, ``deu``), one with a region (``pt-BR``), or
        an English name.

    Returns
    -------
    str
        Two letters; ``mul`` for several languages.

    Raises
    ------
    ValueError
        If it is none; the nearest is suggested.

    Examples
    --------
    >>> language_code("deu"), language_code("German")
    ('de', 'de')
    """
    asked = given.strip().casefold()
    found = _CODES.get(asked) or _CODES.get(asked.replace("_", "-").partition("-")[0])
    if found is None:
        raise UnknownName(
            f"'{given}' is neither a code of ISO 639 nor an English name of a language",
            nearest(given, [*_NAMES.values(), *_CODES]),
        )
    return found


def language_name(code: str) -> str:
    """The English name of a language, by its code."""
    return _NAMES[code]
