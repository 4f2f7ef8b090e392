"""Files as spreadsheets write them come out as they were; what could be anything is refused."""

import pytest

from leadopt.tables.reading.encodings import Undecodable, decode

GERMAN = "Kunde;Größe;Straße\nMüller;groß;5 €\n"
FRENCH = "prénom,été,île\nFrançois,déjà créé,Œuvre\n"
CHINESE = "线索编号,来源,金额\nL1,网站,1000\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("text", ["lead_id\n1\n", GERMAN, CHINESE, "Имя,Łukasz\n"])
def test_unicode_needs_no_guess(text, encoding):
    if encoding == "utf-16-be" and text == CHINESE:
        text += "," * 20  # nothing but its commas tells it
    assert decode(text.encode(encoding)) == (text, None)


@pytest.mark.parametrize(
    ("text", "encoding", "name"),
    [
        (GERMAN, "cp1252", "Windows-1252"),
        (FRENCH, "cp1252", "Windows-1252"),
        ("año;señal\nPeña;¿qué?\n", "cp1252", "Windows-1252"),
        (CHINESE, "gb18030", "GB18030"),
        ("lead_id,source\n1,展会\n", "gbk", "GB18030"),
        ("lead_id,name\n1,王伟\n2,李娜\n", "gb18030", "GB18030"),
        ("客户\nVIP客户\n", "gb18030", "GB18030"),
        ("公司\n深圳市腾讯计算机系统有限公司\n", "gb18030", "GB18030"),
        ("id\nÍñigo\n", "cp1252", "Windows-1252"),
        ("n\nCAÑÓN\nÚBEDA\n", "cp1252", "Windows-1252"),
        ("n\nO’Neil\nd’Arc\nl’été aujourd’hui, Ann’s\nKöln–Bonn", "cp1252", "Windows-1252"),
        ("n\nSão João, ações\nÆrø, Søren, Åse\nZoë\nOù, più, lunedì\n", "cp1252", "Windows-1252"),
    ],
)
def test_what_excel_writes_by_itself_is_read_and_said(text, encoding, name):
    assert decode(text.encode(encoding)) == (text, name)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Имя,Источник\nИван,сайт\n", "cp1251"),
        ("Imię,źródło\nŁukasz,wdrożenie\n", "cp1250"),
        ("リード,名前\n東京,ウェブ\n", "shift_jis"),
        ("線索,來源\n網站,電話\n", "big5"),
        ("Όνομα,πηγή\n", "cp1253"),
        ("id,Größe\n", "mac_roman"),
        *((text, "mac_roman") for text in ("n,Peña", "n,García", "n,José", "n,Íñigo", "n,Martín López", "n,Müller")),
        *((text, "cp1250") for text in ("n,Jiří Dvořák", "n,Erdős Pál", "n,żółw", "n,Němec", "n,Kůň")),
        *((text, "cp1254") for text in ("n,Gökçe Şahin", "n,İstanbul", "n,Işık", "n,Erdoğan")),
        *((text, "euc_kr") for text in ("id,고객", "이름,출처,김철수,웹사이트,박영희,전화", "번호,담당자,금액,서울")),
        *((text, "euc_jp") for text in ("リード,名前", "顧客,担当,東京,電話,大阪,展示会")),
    ],
)
def test_what_would_come_out_garbled_is_refused(text, encoding):
    with pytest.raises(Undecodable) as caught:
        decode(text.encode(encoding))
    assert caught.value.line == 1


@pytest.mark.parametrize("content", [b"\x00\x01\x02\x03", b"PK\x03\x04\x00\x00\xff\xfe\x00", b"\xff\xfea"])
def test_what_is_no_text_is_refused(content):
    with pytest.raises(Undecodable):
        decode(content)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_are_one(end):
    assert decode(f"a{end}b{end}".encode())[0] == "a\nb\n"
