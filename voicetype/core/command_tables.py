"""The words of the spoken commands, by language: those that people know of other dictation programs.

A new language is a table more. `tests.test_commands` counts how often people say the words by accident.
"""

from __future__ import annotations

from collections.abc import Mapping

from voicetype.core.commands import Book, Case, Command, Deed, Phrases
from voicetype.core.wording import key

_Table = Mapping[Command | tuple[Command, ...], str]

_LINE = Command(Deed.LINE, "\n")
_PARAGRAPH = Command(Deed.LINE, "\n\n")
_CAPITAL = Command(Deed.NEXT, case=Case.CAPITAL)
_UPPER = Command(Deed.NEXT, case=Case.UPPER)
_LOWER = Command(Deed.NEXT, case=Case.LOWER)
_CAPITALS_ON = Command(Deed.UNTIL_OFF, case=Case.CAPITAL)
_UPPER_ON = Command(Deed.UNTIL_OFF, case=Case.UPPER)
_CASE_OFF = Command(Deed.UNTIL_OFF)
_SCRATCH = Command(Deed.SCRATCH)
_UNDO = Command(Deed.UNDO)
_STOP = Command(Deed.STOP)
_HYPHEN = Command(Deed.JOINING, "-")


def _sign(text: str) -> Command:
    return Command(Deed.SIGN, text)


def _opening(text: str) -> Command:
    return Command(Deed.OPENING, text)


def _dash(text: str) -> Command:
    return Command(Deed.APART, text)


def _book(clear: _Table, ambiguous: _Table, literal: str, articles: str, small: str) -> Book:
    return Book(
        Phrases(_spoken(clear)),
        Phrases({**_spoken(ambiguous), **_spoken(clear)}),
        frozenset(map(key, literal.split())),
        frozenset(map(key, articles.split())),
        frozenset(map(key, small.split())),
    )


def _spoken(table: _Table) -> dict[str, tuple[Command, ...]]:
    """By their words; a bar divides several ways to say the same."""
    return {
        words.strip(): commands if isinstance(commands, tuple) else (commands,)
        for commands, ways in table.items()
        for words in ways.split("|")
    }


ENGLISH = _book(
    clear={
        _LINE: "new line",
        _PARAGRAPH: "new paragraph",
        _sign("?"): "question mark",
        _sign("!"): "exclamation mark | exclamation point",
        _opening('"'): "open quote | open quotes | begin quote | open quotation marks",
        _sign('"'): "close quote | close quotes | end quote | close quotation marks",
        _opening("("): "open paren | open parenthesis | open round bracket",
        _sign(")"): "close paren | close parenthesis | close round bracket",
        _opening("["): "open bracket | open square bracket",
        _sign("]"): "close bracket | close square bracket",
    },
    ambiguous={
        _sign("."): "period | full stop | dot",
        _sign(","): "comma",
        _sign(":"): "colon",
        _sign(";"): "semicolon | semi colon",
        _sign("…"): "ellipsis | dot dot dot",
        _dash("–"): "dash",
        _HYPHEN: "hyphen",
        _opening('"'): "quote",
        _sign('"'): "unquote",
        _CAPITAL: "caps | cap",
        _CAPITALS_ON: "caps on",
        _UPPER_ON: "all caps on",
        _CASE_OFF: "caps off | all caps off",
        _UPPER: "all caps",
        _LOWER: "no caps",
        _SCRATCH: "scratch that | delete that",
        _UNDO: "undo that | undo",
        _STOP: "stop dictation | stop dictating",
    },
    literal="literal",
    articles="a an the my your his our their its every each another no this",
    small="""
        a an and are as at because but by can could did do for from had has have he her here his how if in is
        it its my no nor not of on or our she so some than that the their them then there these they this
        those to was we were what when where which who why will with would yes yet you your
        """,
)

GERMAN = _book(
    clear={
        _LINE: "neue Zeile | nächste Zeile",
        _PARAGRAPH: "neuer Absatz | nächster Absatz",
        _sign("?"): "Fragezeichen",
        _sign("!"): "Ausrufezeichen | Ausrufungszeichen | Rufzeichen",
        _sign(";"): "Semikolon | Strichpunkt",
        _dash("–"): "Gedankenstrich",
        _opening("„"): "Anführungszeichen auf | Anführungszeichen unten | Anführungsstriche unten",
        _sign("“"): "Anführungszeichen zu | Anführungszeichen oben | Anführungsstriche oben",
        _opening("("): "runde Klammer auf",
        _sign(")"): "runde Klammer zu",
        _opening("["): "eckige Klammer auf",
        _sign("]"): "eckige Klammer zu",
    },
    ambiguous={
        _sign("."): "Punkt",
        _sign(","): "Komma | Beistrich",
        _sign(":"): "Doppelpunkt",
        _sign("…"): "Auslassungspunkte",
        _HYPHEN: "Bindestrich",
        _opening("("): "Klammer auf",
        _sign(")"): "Klammer zu",
        _CAPITAL: "großgeschrieben | großschreiben",
        _LOWER: "kleingeschrieben | kleinschreiben",
        _UPPER: "alles groß",
        _CAPITALS_ON: "Großschreibung ein | Großschreibung an",
        _UPPER_ON: "Großbuchstaben ein | Großbuchstaben an",
        _CASE_OFF: "Großschreibung aus | Großbuchstaben aus",
        _SCRATCH: "streich das | streiche das | lösch das | lösche das",
        _UNDO: "rückgängig | rückgängig machen | mach das rückgängig",
        _STOP: "Diktat beenden | Diktat stoppen | Diktieren beenden | Diktat stopp",
    },
    literal="wörtlich",
    articles="""
        der die das den dem des ein eine einen einem einer eines kein keine keinen keinem keiner mein meine
        meinen meinem meiner dein deine sein seine ihr ihre unser unsere dieser diese dieses jede jeder jedes
        """,
    small="""
        aber als also am an auch auf aus bei bis da dann das dass dem den der des die doch durch ein eine
        einen einer er es für hat hier ich im in ist ja mein mit nach nein nicht noch nun nur ob oder
        sind so und uns unter vom von vor war was weil wenn wer wie wir wo zu zum zur
        """,
)

FRENCH = _book(
    clear={
        _LINE: "nouvelle ligne | retour à la ligne",
        _PARAGRAPH: "nouveau paragraphe",
        _sign(" ?"): "point d'interrogation",
        _sign(" !"): "point d'exclamation",
        _sign(" ;"): "point virgule",
        _sign("…"): "points de suspension",
        _opening("« "): "ouvrir les guillemets | ouvrez les guillemets | ouvrir guillemets",
        _sign(" »"): "fermer les guillemets | fermez les guillemets | fermer guillemets",
        _opening("("): "ouvrir la parenthèse | ouvrez la parenthèse | ouvrir parenthèse",
        _sign(")"): "fermer la parenthèse | fermez la parenthèse | fermer parenthèse",
        _opening("["): "ouvrir le crochet | ouvrez le crochet | ouvrir crochet",
        _sign("]"): "fermer le crochet | fermez le crochet | fermer crochet",
        _UPPER_ON: "activer les majuscules",
        _CASE_OFF: "désactiver les majuscules",
    },
    ambiguous={
        _sign("."): "point",
        _sign(","): "virgule",
        _sign(" :"): "deux points",
        _LINE: "à la ligne",
        _dash("–"): "tiret",
        _HYPHEN: "trait d'union",
        _CAPITAL: "majuscule",
        _LOWER: "minuscule",
        _UPPER: "tout en majuscules",
        _SCRATCH: "efface ça | effacer ça | efface cela | effacez ça | supprime ça",
        _UNDO: "annuler | annule ça | annuler ça",
        _STOP: "arrêter la dictée | arrête la dictée | arrêtez la dictée | fin de la dictée",
    },
    literal="littéral littéralement",
    articles="""
        le la les un une des du de ce cet cette ces mon ton son notre votre leur chaque aucun aucune
        autre ma ta sa
        """,
    small="""
        à au aux avec c'est ce ces cette comme dans de des donc du elle elles en est et eux il ils j'ai je la
        le les leur leurs lui ma mais mes mon ne ni nos notre nous on ont ou où par parce pas pour puis quand
        que qui quoi sa sans se ses si son sont sur ta tes ton tu un une vos votre vous y
        """,
)

SPANISH = _book(
    clear={
        _LINE: "nueva línea | línea nueva",
        _PARAGRAPH: "nuevo párrafo",
        (_sign("."), _PARAGRAPH): "punto y aparte",
        _sign(";"): "punto y coma",
        _sign("…"): "puntos suspensivos",
        _opening("¿"): "abrir interrogación | abre interrogación | abrir signo de interrogación",
        _sign("?"): "cerrar interrogación | cierra interrogación | signo de interrogación",
        _opening("¡"): "abrir exclamación | abre exclamación | abrir signo de exclamación",
        _sign("!"): "cerrar exclamación | cierra exclamación | signo de exclamación",
        _opening("«"): "abrir comillas | abre comillas",
        _sign("»"): "cerrar comillas | cierra comillas",
        _opening("("): "abrir paréntesis | abre paréntesis",
        _sign(")"): "cerrar paréntesis | cierra paréntesis",
        _opening("["): "abrir corchete | abre corchete",
        _sign("]"): "cerrar corchete | cierra corchete",
        _UPPER_ON: "activar mayúsculas",
        _CASE_OFF: "desactivar mayúsculas",
    },
    ambiguous={
        _sign("."): "punto | punto y seguido",
        _sign(","): "coma",
        _sign(":"): "dos puntos",
        _dash("–"): "raya",
        _HYPHEN: "guion",
        _CAPITAL: "mayúscula",
        _LOWER: "minúscula",
        _UPPER: "todo en mayúsculas",
        _SCRATCH: "borra eso | borrar eso | elimina eso",
        _UNDO: "deshacer | deshacer eso | deshaz eso",
        _STOP: "detener dictado | detener el dictado | parar dictado | terminar dictado",
    },
    literal="literal",
    articles="""
        el la los las un una unos unas del al este esta ese esa mi tu su nuestro cada otro otra ningún
        ninguna
        """,
    small="""
        a al ante aunque como con cuando de del desde donde e el ella ellas ellos en entonces era es esta está
        este esto hasta la las le les lo los mas me mi mis muy nada ni no nos o para pero por porque pues que
        qué se ser si sí sin sobre son su sus también te tu un una y ya yo
        """,
)

BOOKS = {"en": ENGLISH, "de": GERMAN, "fr": FRENCH, "es": SPANISH}
"""By Whisper's code of the language."""
