from tickets import table


def test_the_document_is_what_the_tables_say() -> None:
    assert table.PATH.read_text(encoding="utf-8") == table.render(), "run python -m tickets.table"
