"""Tables of people: rows that are read, rows that say what is wrong, tables that are refused."""

import pytest

from fitting.body import Measurements
from muslin.errors import InputError
from muslin.people import Taped, Unmade, read_people

HEADER = "name,sex,type,stature,bust_girth,hip_girth\n"


@pytest.fixture
def read(tmp_path):
    """Reader of a table that is given as text."""

    def reader(text, **options):
        path = tmp_path / "people.csv"
        path.write_text(text, encoding="utf-8")
        return read_people(path, **options)

    return reader


def test_a_row_is_a_person_in_centimetres(read):
    ann, bob = read(" Name,SEX,type,stature,bust_girth\nAnn,F,,165,\nBob,Male,runner,180,100\n")
    assert ann == Taped(name="Ann", sex="female", measures=Measurements.from_cm({"stature": 165}))
    assert (bob.sex, bob.type, bob.measures.bust_girth) == ("male", "runner", 1.0)


def test_bad_rows_tell_their_line_and_stop_nobody_else(read):
    rows = read(
        HEADER + "Ann,female,,165,90,98\nCy,x,,170,90,95\nDi,f,,1.70,90,95\nEd,m,,,,\n"
        "Ann,f,,160,88,95\n,f,,160,88,95\nFy,f,,tall,88,95\nGo,f,,160,88,95,7\n"
    )
    assert isinstance(rows[0], Taped)
    reasons = [row.reason for row in rows if isinstance(row, Unmade)]
    said = ["wanted female or male", "looks like metres", "nothing was taped", "twice", "no name",
            "stature is 'tall', wanted a number", "more cells than the header"]  # fmt: skip
    assert len(reasons) == len(said)
    for line, (reason, words) in enumerate(zip(reasons, said, strict=True), 3):
        assert reason.startswith(f"line {line}")
        assert words in reason
    assert rows[4].name == "Ann, line 6"
    assert rows[5].name == "line 7"


def test_a_table_in_the_layout_of_ansur_is_read(shared_data):
    rows = read_people(shared_data / "ansur2" / "ANSUR_II_FEMALE.csv")
    assert len(rows) == 1786
    assert all(isinstance(row, Taped) for row in rows)
    assert 1.4 < rows[0].measures.stature < 1.9


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "columns none; name, sex and measures"),
        ("name,stature\nAnn,165\n", "columns name, stature; name, sex"),
        ("sex,stature\nf,165\n", "name, sex and measures"),
        ("name,sex,type\nAnn,f,x\n", "measures such as stature"),
        (HEADER, "no people"),
        ("name,sex,seat\nAnn,female,100\n", "'seat' is not known; is hip_girth meant"),
    ],
)
def test_a_table_that_is_none_of_people_is_refused(read, text, said):
    with pytest.raises(InputError, match=said):
        read(text)


def test_a_table_of_too_many_people_is_refused(read):
    with pytest.raises(InputError, match="more than 2 people"):
        read(HEADER + "a,f,,165,,\nb,f,,165,,\nc,f,,165,,\n", n_most=2)


def test_a_file_that_is_no_table_is_refused(read, tmp_path):
    with pytest.raises(InputError, match="cannot be read as a table"):
        read(HEADER + '"' + "x" * 200_000 + '",f,,165,,\n')
    with pytest.raises(InputError, match="folder"):
        read_people(tmp_path)
