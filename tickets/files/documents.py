"""Documents without a word about who made them, where that can be taken out.

What is taken out is what no page shows: the author's name, the program, moments, the XMP packet of
the document and of its pictures and pages, private data of programs, earlier versions that were
written over, files and scripts inside. The pages stay as they are, sign by sign.

A signed document is kept as it came, byte for byte: a changed one is signed no more. So is one with
a password, which cannot be read here. Neither is ever public (`tickets.files.rules`).
"""

import io
import logging

import pikepdf
from pikepdf import Dictionary, Name, Object, Pdf, PdfError, Stream

log = logging.getLogger(__name__)

#: Of any object: XMP, what a program keeps for itself, when it was changed, whole other files.
_ANYWHERE = ("/Metadata", "/PieceInfo", "/LastModified", "/AF")
#: Of the document: what runs when it is opened, and what it carries along.
_OF_ROOT = ("/OpenAction", "/AA", "/Collection")
_OF_NAMES = ("/EmbeddedFiles", "/JavaScript")
#: Of a note on a page: who wrote it, and when.
_OF_NOTES = ("/T", "/M", "/CreationDate", "/NM")


class Unreadable(Exception):
    """It begins like a PDF and is none, or a broken one."""


def stripped(data: bytes) -> bytes:
    """Return a PDF without what it says of its maker; a signed one, and one with a password, as it
    is. The same document always becomes the same bytes. Raises `Unreadable`.
    """
    try:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            if _is_signed(pdf):
                return data
            _strip(pdf)
            made = io.BytesIO()
            pdf.save(made, deterministic_id=True, fix_metadata_version=False)
            return made.getvalue()
    except pikepdf.PasswordError:
        return data
    # a parser that is handed rubbish raises whatever it stumbles over
    except (PdfError, RuntimeError, ValueError, TypeError, KeyError) as error:
        raise Unreadable(f"{type(error).__name__}: {error}") from error


def _is_signed(pdf: Pdf) -> bool:
    """A field of a signature holds one (ISO 32000-2, 12.8)."""
    return any(
        isinstance(each, Dictionary) and "/ByteRange" in each and "/Contents" in each
        for each in pdf.objects
    )


def _strip(pdf: Pdf) -> None:
    if "/Info" in pdf.trailer:
        del pdf.trailer["/Info"]
    for each in pdf.objects:
        if isinstance(each, Dictionary | Stream):
            _drop(each, _ANYWHERE)
            if each.get("/Type") == Name.Annot or ("/Subtype" in each and "/Rect" in each):
                _drop(each, _OF_NOTES)
    _drop(pdf.Root, _OF_ROOT)
    if "/Names" in pdf.Root:
        _drop(pdf.Root.Names, _OF_NAMES)


def _drop(of: Object, names: tuple[str, ...]) -> None:
    for name in names:
        if name in of:
            del of[name]
