"""What a document says of its maker does not stay, and what it shows does."""

import io
from datetime import UTC, datetime

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf, String

from tickets.files import documents

SECRETS = (b"Somchai", b"Jaidee", b"SecretWriter", b"attached secret", b"app.alert", b"12.93")


def written(*, more: bool = True) -> bytes:
    """A page of words, whose maker stands everywhere that one can."""
    pdf = Pdf.new()
    page = pdf.add_blank_page(page_size=(200, 200))
    page.Contents = pdf.make_stream(b"BT /F1 12 Tf (Street light) Tj ET")
    if more:
        with pdf.open_metadata(set_pikepdf_as_editor=False) as xmp:
            xmp["dc:creator"] = ["Somchai Jaidee"]
        pdf.docinfo["/Author"] = "Somchai Jaidee"
        pdf.docinfo["/Producer"] = "SecretWriter 9"
        picture = pdf.make_stream(b"\0\0\0", Type=Name.XObject, Subtype=Name.Image)
        picture.Width = picture.Height = 1
        picture.ColorSpace, picture.BitsPerComponent = Name.DeviceRGB, 8
        picture.Metadata = pdf.make_stream(b"<x>taken at 12.93, Somchai</x>")
        page.Resources = Dictionary(XObject=Dictionary(Im0=picture))
        page.PieceInfo = Dictionary(Writer=Dictionary(Private=String("Jaidee")))
        page.Annots = Array(
            [
                pdf.make_indirect(
                    Dictionary(
                        Type=Name.Annot, Subtype=Name.Text, Rect=Array([0, 0, 9, 9]),
                        T=String("Somchai"), M=String("D:2026"), Contents=String("Here"),
                    )
                )
            ]
        )  # fmt: skip
        pdf.attachments["secret.txt"] = b"attached secret"
        pdf.Root.OpenAction = Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))
    out = io.BytesIO()
    pdf.save(out, compress_streams=False, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return out.getvalue()


def plain(data: bytes) -> bytes:
    """The same with nothing in it packed."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        pdf.save(
            out,
            stream_decode_level=pikepdf.StreamDecodeLevel.all,
            compress_streams=False,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
        )
    return out.getvalue()


def test_nothing_of_its_maker_stays_and_the_page_does() -> None:
    before, after = plain(written()), plain(documents.stripped(written()))
    assert all(secret in before for secret in SECRETS), "else this shows nothing"
    assert not [secret for secret in SECRETS if secret in after]
    assert b"Street light" in after
    assert b"Here" in after


def test_the_same_document_becomes_the_same_bytes() -> None:
    assert documents.stripped(written()) == documents.stripped(written())


def test_what_was_written_over_is_gone() -> None:
    first = written(more=False)
    # as a program does that appends: the old page's words stay in the file
    later = first + b"\n5 0 obj\n(Somchai was here)\nendobj\n" + first[first.rindex(b"xref") :]
    assert b"Somchai" not in documents.stripped(later)


def test_a_signed_one_stays_as_it_came() -> None:
    pdf = pikepdf.open(io.BytesIO(written()))
    signature = Dictionary(
        Type=Name.Sig, Filter=Name("/Adobe.PPKLite"), Contents=String("sig"),
        ByteRange=Array([0, 1, 2, 3]),
    )  # fmt: skip
    field = Dictionary(FT=Name.Sig, T=String("Signature1"), V=pdf.make_indirect(signature))
    pdf.Root.AcroForm = Dictionary(Fields=Array([pdf.make_indirect(field)]))
    out = io.BytesIO()
    pdf.save(out)
    assert documents.stripped(out.getvalue()) == out.getvalue()


def test_one_with_a_password_stays_as_it_came() -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(written())) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="o", user="u"))
    assert documents.stripped(out.getvalue()) == out.getvalue()


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"%PDF-1.4 " + bytes(range(256)) * 40])
def test_what_is_no_document_is_refused(data: bytes) -> None:
    with pytest.raises(documents.Unreadable):
        documents.stripped(data)


def test_a_date_is_one() -> None:
    """The moment of the saving stands nowhere either."""
    assert f"{datetime.now(UTC):%Y%m%d}".encode() not in plain(documents.stripped(written()))
