"""`levysde wells` as a user meets it."""

import json

import pytest

import levysde as ls
from levysde.cli import main

OWN = """
import levysde as ls


def three(x, p, out):
    out[0] = x[0] * (x[0] ** 2 - 1.0) * (x[0] ** 2 - 4.0) / (1.0 + x[0] ** 4)


def wells():
    return ls.Basin(ls.Potential(1, three), ls.domains.interval(-1.0, 1.0), [0.0])
"""


def call(capsys, *words):
    code = main(["wells", *words])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_table_has_rates_and_shares(capsys):
    code, out, err = call(capsys, "--basin", "double_well", "--epsilon", "0.2", "--paths", "50")
    assert (code, err) == (0, "")
    assert "from  to  transitions" in out
    assert "share of time" in out
    assert "minima       -1; 1" in out


def test_a_record_and_wells_of_the_user(capsys, tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    code, out, _ = call(
        capsys, "--basin", f"{tmp_path}/own.py:wells", "--region=-3,3", "--epsilon", "0.5",
        "--dt", "0.02", "--paths", "20", "--horizon", "50", "--json",
    )  # fmt: skip
    record = json.loads(out)
    assert code == 0
    assert [point[0] for point in record["minima"]] == pytest.approx([-2.0, 0.0, 2.0])
    assert len(record["rates"]) == 6
    assert record["rates"][0]["predicted"] > 0.0
    assert sum(record["occupation"]) == pytest.approx(1.0)


def test_transitions_are_saved_and_read_again(capsys, tmp_path):
    words = ["--basin", "double_well", "--epsilon", "0.01", "--method", "jump", "--paths", "10"]
    code, out, err = call(capsys, *words, "--save", str(tmp_path / "run.npz"), "--json")
    assert (code, err) == (0, "")
    record = json.loads(out)
    found = ls.load_visits(tmp_path / "run.npz")
    assert found.digest == record["digest"]
    assert found.parameters == record["parameters"]
    assert [line["transitions"] for line in record["rates"]] == [
        found.counts[0, 1],
        found.counts[1, 0],
    ]
    code, out, _ = call(capsys, *words)
    assert "method       jump, through all wells" in out


def test_a_file_that_cannot_be_written_is_found_out_before_the_run(capsys, tmp_path):
    for name, told in ((tmp_path / "none" / "run.npz", "none"), (tmp_path / "run.txt", ".npz")):
        code, out, err = call(capsys, "--basin", "double_well", "--save", str(name))
        assert code in (2, 3)
        assert out == ""
        assert len(err.splitlines()) == 1
        assert told in err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--basin", "flat"], "one minimum was found"),
        (["--basin", "double_well", "--well", "2"], "--well is 2; give 0 to 1"),
        (["--basin", "double_well", "--dynamics", "adam"], "there is no default horizon"),
        (["--basin", "double_well", "--alpha", "2"], "give --horizon"),
        (["--basin", "double_well", "--region", "1"], "give two numbers, A,B"),
        (["--basin", "double_well", "--minima=-1;1", "--region=-2,2"], "give one"),
        (["--basin", "double_well", "--start=-0.5"], "--start is for one basin"),
        (["--basin", "double_well", "--radius", "3"], "overlap"),
        (["--basin", "double_well", "--minima=-1;0"], "levysde wells: error: the gradient flow"),
        (["--basin", "double_well", "--minima=-1;-1"], "minima 0 and 1, (-1) and (-1), are in one"),
        (["--basin", "double_well", "--minima=-1"], "give two or more points, shape (wells, 1)"),
        (["--basin", "double_well", "--minima=-1,0;1,0"], "minima has shape (2, 2); give two or"),
        (["--basin", "double_well", "--radius", "0"], "give positive lengths"),
    ],
)
def test_a_bad_word_is_one_sentence(capsys, words, told):
    code, out, err = call(capsys, *words)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


def test_no_transition_is_an_exit_code(capsys):
    words = ["--basin", "double_well", "--epsilon", "0.001", "--horizon", "1", "--paths", "8"]
    assert call(capsys, *words)[0] == 1


PARTS = """
import levysde as ls


def slowing():
    return ls.dynamics.scheduled(ls.dynamics.sgd(), ls.schedules.cosine(10.0))


def narrow():
    return ls.dynamics.walled(ls.dynamics.sgd(), -2.0, 0.5)


def wide():
    return ls.dynamics.walled(ls.dynamics.sgd(), -1.5, 1.5)


def cooling():
    return ls.noise.scaled(ls.noise.independent(1.5), ls.schedules.cosine(10.0))
"""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--dynamics", "{}:slowing"], "the learning rate changes with time"),
        (["--dynamics", "{}:narrow"], "a minimum is not between the walls"),
        (["--noise", "{}:cooling"], "the noise changes with time"),
        (["--clip", "0.5"], "steps are clipped to 0.5"),
        (["--dynamics", "momentum"], "momentum averages or divides its steps"),
        (["--noise", "tempered", "--noise-parameter", "length=1"], "law.jump_rate"),
    ],
)
def test_rates_of_sgd_are_not_those_of_another_motion(capsys, tmp_path, words, told):
    (tmp_path / "parts.py").write_text(PARTS)
    given = [word.format(tmp_path / "parts.py") for word in words]
    more = ["--epsilon", "0.5", "--horizon", "50", "--paths", "20", "--dt", "0.02"]
    code, out, err = call(capsys, *given, *more, "--json")
    assert code in (0, 1)  # 1 where walls let nothing pass
    assert told in err
    assert all(row.get("predicted") is None for row in json.loads(out)["rates"])
    assert call(capsys, *given, *more[:2])[0] == 2


def test_walls_beyond_the_minima_leave_the_rates_as_they_are(capsys, tmp_path):
    (tmp_path / "parts.py").write_text(PARTS)
    more = ["--epsilon", "0.5", "--horizon", "50", "--paths", "20", "--dt", "0.02", "--json"]
    walled = json.loads(call(capsys, "--dynamics", f"{tmp_path}/parts.py:wide", *more)[1])
    free = json.loads(call(capsys, *more)[1])
    for one, other in zip(walled["rates"], free["rates"], strict=True):
        assert one["predicted"] == other["predicted"] > 0.0


def test_the_basin_unless_given_has_two_wells(capsys):
    code, out, _ = call(capsys, "--epsilon", "0.2", "--paths", "20")
    assert code == 0
    assert "minima       -1; 1" in out
    with pytest.raises(SystemExit):
        raise SystemExit(main(["wells", "--help"]))
    assert "(double_well)" in " ".join(capsys.readouterr().out.split())
