"""What can be wrong with a row of a file, in the three languages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geodata import status, support
from geodata.errors import MosaicosError
from geodata.model import Language
from geodata.records.errors import RecordsError
from geodata.status import Problem, Severity

REFERENCE_UNKNOWN = "reference-unknown"
"""Code of a problem where something that a row refers to does not exist."""
_MESSAGES: dict[str, tuple[str, str, str]] = {
    "value-missing": ("It is empty. Fill it in.", "C'est vide. Remplissez-le.", "Está vazio. Preencha."),
    "link-missing": (
        "The municipality and the mosaic are not linked. A coordinator can add a local link.",
        "La commune et la mosaïque ne sont pas liées. Une coordination peut ajouter un lien local.",
        "O município e o mosaico não estão vinculados. A coordenação pode criar um vínculo local.",
    ),
    "event-moved": (
        "An event stays with its municipality and mosaic. Withdraw this one and add the other as a new row.",
        "Un événement reste avec sa commune et sa mosaïque. Retirez celui-ci et ajoutez l'autre comme nouvelle ligne.",
        "Um evento fica com seu município e mosaico. Retire este e acrescente o outro como linha nova.",
    ),
    "event-known": (
        "The same step of that day is recorded already ({id}). To correct it, change that row.",
        "La même étape de ce jour est déjà enregistrée ({id}). Pour la corriger, changez cette ligne-là.",
        "A mesma etapa desse dia já está registrada ({id}). Para corrigi-la, altere aquela linha.",
    ),
    "row-twice": (
        "Row {line} of the file is the same row, or the same step of that day. Keep one of them.",
        "La ligne {line} du fichier est la même ligne, ou la même étape de ce jour. Gardez-en une.",
        "A linha {line} do arquivo é a mesma linha, ou a mesma etapa desse dia. Mantenha uma delas.",
    ),
    "row-again": (
        "The same row was withdrawn before and would be added again.",
        "La même ligne a été retirée auparavant et serait ajoutée de nouveau.",
        "A mesma linha já foi retirada antes e seria acrescentada de novo.",
    ),
    "submission-gone": (
        "This submission was loaded before, and corrected or withdrawn since. It is not loaded again.",
        "Cette saisie a déjà été chargée, puis corrigée ou retirée. Elle n'est pas chargée de nouveau.",
        "Este envio já foi carregado e depois corrigido ou retirado. Não é carregado de novo.",
    ),
    "submission-edited": (
        "This submission was loaded before, and edited since where it was collected. What is recorded stays: correct "
        "it here.",
        "Cette saisie a déjà été chargée, puis modifiée là où elle a été collectée. Ce qui est enregistré reste : "
        "corrigez-le ici.",
        "Este envio já foi carregado e depois editado onde foi coletado. O que está registrado fica: corrija aqui.",
    ),
    "submission-rejected": (
        "The reviewer rejected this submission. It is not loaded.",
        "La personne chargée de la relecture a rejeté cette saisie. Elle n'est pas chargée.",
        "A pessoa que revisou rejeitou este envio. Ele não é carregado.",
    ),
    "submission-rejected-late": (
        "The reviewer rejected this submission after it was loaded. Withdraw the record if it is wrong.",
        "La personne chargée de la relecture a rejeté cette saisie après son chargement. Retirez l'enregistrement s'il "
        "est faux.",
        "A pessoa que revisou rejeitou este envio depois de carregado. Retire o registro se estiver errado.",
    ),
    "submission-unsettled": (
        "The reviewer has put this submission aside or found issues in it. Check it before you load it.",
        "La personne chargée de la relecture a mis cette saisie de côté ou y a trouvé des problèmes. Vérifiez-la avant "
        "de la charger.",
        "A pessoa que revisou deixou este envio em espera ou encontrou problemas nele. Confira antes de carregar.",
    ),
    "gps-elsewhere": (
        "The position lies {km} km outside of this municipality. Check which one is meant.",
        "La position est à {km} km hors de cette commune. Vérifiez laquelle est visée.",
        "A posição fica a {km} km fora deste município. Confira qual é.",
    ),
    "row-unknown": (
        "No row has the reference {id}. Leave the reference empty for a new row.",
        "Aucune ligne n'a la référence {id}. Laissez-la vide pour une nouvelle ligne.",
        "Nenhuma linha tem a referência {id}. Deixe-a vazia para uma linha nova.",
    ),
    "row-gone": (
        "It was corrected or withdrawn since the file was made. Download it again.",
        "Elle a été corrigée ou retirée depuis que le fichier a été fait. Téléchargez-le de nouveau.",
        "Foi corrigida ou retirada depois que o arquivo foi feito. Baixe-o de novo.",
    ),
    "row-changed": (
        "It was changed since the file was made. Nothing is overwritten: download it again.",
        "Elle a été changée depuis que le fichier a été fait. Rien n'est écrasé : téléchargez-le de nouveau.",
        "Foi alterada depois que o arquivo foi feito. Nada é sobrescrito: baixe-o de novo.",
    ),
    "version-missing": (
        "The version is empty, so nobody can tell what the row was changed from. Download the file again.",
        "La version est vide : on ne sait pas à partir de quoi la ligne a été changée. Téléchargez le fichier de "
        "nouveau.",
        "A versão está vazia: não se sabe a partir de que a linha foi alterada. Baixe o arquivo de novo.",
    ),
    "version-altered": (
        "A spreadsheet made a number of the version, so nobody can tell what the row was changed from. Download the "
        "file again: its versions begin with a letter.",
        "Un tableur a fait un nombre de la version : on ne sait pas à partir de quoi la ligne a été changée. "
        "Téléchargez le fichier de nouveau : ses versions commencent par une lettre.",
        "Uma planilha fez da versão um número: não se sabe a partir de que a linha foi alterada. Baixe o arquivo de "
        "novo: suas versões começam com uma letra.",
    ),
    "text-shortened": (
        "“{value}” looks like a long number that a spreadsheet shortened. Check it, and format the column as text.",
        "« {value} » ressemble à un long nombre qu'un tableur a raccourci. Vérifiez-le, et mettez la colonne au format "
        "texte.",
        "“{value}” parece um número longo que uma planilha encurtou. Confira e formate a coluna como texto.",
    ),
    "text-date": (
        "The cell is a date ({value}), but this column holds text: a spreadsheet makes dates of numbers such as "
        "12/2024. Check it, and format the column as text.",
        "La cellule est une date ({value}), mais cette colonne contient du texte : un tableur fait des dates de "
        "numéros comme 12/2024. Vérifiez-la, et mettez la colonne au format texte.",
        "A célula é uma data ({value}), mas esta coluna contém texto: uma planilha faz datas de números como 12/2024. "
        "Confira e formate a coluna como texto.",
    ),
    "withdraw-what": (
        "A new row cannot be withdrawn. Give the reference of the row to withdraw.",
        "Une nouvelle ligne ne peut être retirée. Indiquez la référence de la ligne à retirer.",
        "Uma linha nova não pode ser retirada. Informe a referência da linha a retirar.",
    ),
    "name-unknown": (
        "“{value}” is not known here.{nearest}",
        "« {value} » n'est pas connu ici.{nearest}",
        "“{value}” não é conhecido aqui.{nearest}",
    ),
    "name-contradicts": (
        "The code in “{value}” is that of {known}. Correct the code or the name.",
        "Le code de « {value} » est celui de {known}. Corrigez le code ou le nom.",
        "O código em “{value}” é de {known}. Corrija o código ou o nome.",
    ),
    "cell-formula": (
        "The cell holds a formula ({value}). Paste its value instead.",
        "La cellule contient une formule ({value}). Collez sa valeur à la place.",
        "A célula tem uma fórmula ({value}). Cole o valor no lugar.",
    ),
    "cell-error": (
        "The cell holds an error of the spreadsheet ({value}). Correct it.",
        "La cellule contient une erreur du tableur ({value}). Corrigez-la.",
        "A célula tem um erro da planilha ({value}). Corrija.",
    ),
    "text-long": (
        "The text is longer than {most} characters. Shorten it.",
        "Le texte dépasse {most} caractères. Raccourcissez-le.",
        "O texto passa de {most} caracteres. Encurte.",
    ),
    "date-unreadable": (
        "“{value}” is no date. Write 14/03/2024 (day first) or 2024-03-14.",
        "« {value} » n'est pas une date. Écrivez 14/03/2024 (jour d'abord) ou 2024-03-14.",
        "“{value}” não é uma data. Escreva 14/03/2024 (dia primeiro) ou 2024-03-14.",
    ),
    "date-impossible": (
        "There is no such day: “{value}”. The day comes first, then the month.",
        "Ce jour n'existe pas : « {value} ». Le jour vient d'abord, puis le mois.",
        "Esse dia não existe: “{value}”. Primeiro o dia, depois o mês.",
    ),
    "date-number": (
        "{value} is a number, not a date. Format the cell as a date, or write 14/03/2024.",
        "{value} est un nombre, pas une date. Mettez la cellule au format date, ou écrivez 14/03/2024.",
        "{value} é um número, não uma data. Formate a célula como data ou escreva 14/03/2024.",
    ),
    "date-whole": (
        "“{value}” is no whole day. Write day, month and year.",
        "« {value} » n'est pas un jour entier. Écrivez le jour, le mois et l'année.",
        "“{value}” não é um dia completo. Escreva dia, mês e ano.",
    ),
    "number-whole": (
        "“{value}” is no whole number from 0 on.",
        "« {value} » n'est pas un nombre entier à partir de 0.",
        "“{value}” não é um número inteiro a partir de 0.",
    ),
    "number-unreadable": (
        "“{value}” is no number.",
        "« {value} » n'est pas un nombre.",
        "“{value}” não é um número.",
    ),
    "number-unclear": (
        "“{value}” can be read in two ways. Write it without separators, or with two decimals.",
        "« {value} » peut se lire de deux façons. Écrivez-le sans séparateur, ou avec deux décimales.",
        "“{value}” pode ser lido de dois modos. Escreva sem separador, ou com duas casas decimais.",
    ),
    "name-shared": (
        "“{value}” is the name of several: {nearest}. Write the reference.",
        "« {value} » est le nom de plusieurs : {nearest}. Écrivez la référence.",
        "“{value}” é o nome de vários: {nearest}. Escreva a referência.",
    ),
}


def problem(column: str, code: str, *, severity: Severity = "error", **facts: Any) -> Problem:
    """What is wrong with a column of a row, by its code."""
    en, fr, pt_br = (text.format(**facts) for text in _MESSAGES[code])
    return Problem(column, code, severity, en, fr, pt_br)


def hint(nearest: list[str]) -> dict[Language, str]:
    """The end of a sentence that names what may have been meant."""
    if not nearest:
        return {"en": "", "fr": "", "pt_br": ""}
    listed = "; ".join(nearest)
    return {"en": f" Perhaps: {listed}?", "fr": f" Peut-être : {listed} ?", "pt_br": f" Talvez: {listed}?"}


def unknown_name(column: str, value: str, nearest: list[str]) -> Problem:
    """That a name or reference is not known, with what may have been meant."""
    ends = hint(nearest)
    languages: tuple[Language, ...] = ("en", "fr", "pt_br")
    told = zip(languages, _MESSAGES["name-unknown"], strict=True)
    en, fr, pt_br = (text.format(value=value, nearest=ends[language]) for language, text in told)
    return Problem(column, "name-unknown", "error", en, fr, pt_br)


def refused(error: MosaicosError, tell: Callable[[MosaicosError], str], column: str = "") -> Problem:
    """An error that is told as one sentence, as a problem of a row.

    Args:
        error: The error.
        tell: Says it in the reader's language.
        column: The column that it is about; the one that the error names where not given.
    """
    code = error.code if isinstance(error, RecordsError) else REFERENCE_UNKNOWN
    sentence = tell(error)
    return Problem(column or next(iter(error.columns), ""), code or "refused", "error", sentence, sentence, sentence)


class _Blanks(dict[str, str]):
    """Fills every place of a sentence with an ellipsis."""

    def __missing__(self, name: str) -> str:
        return "…"


def without_facts(sentence: str) -> str:
    """A sentence in which what it would name is left open."""
    return sentence.format_map(_Blanks(nearest="") if sentence.endswith("{nearest}") else _Blanks())


def sentence_of(kind: str, code: str, language: Language) -> str | None:
    """What a code of a problem says without what was typed, for lists of what went wrong earlier.

    Args:
        kind: Kind of record: its own rules come first.
        code: The code.
        language: The language.

    Returns:
        The sentence; null where the code is that of an error, which an edge says.
    """
    rules = {"event": status.MESSAGES, "need": support.MESSAGES, "mission": support.MESSAGES}.get(kind, {})
    told = rules.get(code) or _MESSAGES.get(code)
    if told is None:
        return None
    en, fr, pt_br = told
    return without_facts({"en": en, "fr": fr, "pt_br": pt_br}[language])
