"""`levysde tail-index` as a user meets it."""

import json

import numpy as np
import pytest

from levysde.cli import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Files of samples, good and bad."""
    place = tmp_path_factory.mktemp("samples")
    rng = np.random.default_rng(1)
    cauchy = rng.standard_cauchy((1000, 4))
    gaussian = rng.standard_normal((1000, 3))
    np.save(place / "cauchy.npy", cauchy)
    np.save(place / "gaussian.npy", gaussian.astype(np.float32))
    np.savez(place / "layers.npz", first=cauchy, second=gaussian)
    np.savetxt(place / "cauchy.csv", cauchy, delimiter=",")
    np.savez(place / "uneven.npz", first=cauchy, second=gaussian[:500])
    np.savez(place / "flat.npz", first=cauchy, second=gaussian[:, 0])
    np.savez(place / "none.npz")
    np.save(place / "flat.npy", cauchy[:, 0])
    np.save(place / "one.npy", cauchy[:1])
    np.save(place / "text.npy", cauchy.astype(str))
    np.save(place / "objects.npy", np.array([[{}]]), allow_pickle=True)
    np.save(place / "constant.npy", np.zeros((1000, 2)))
    cauchy[7, 2] = np.nan
    np.save(place / "nan.npy", cauchy)
    cauchy[7, 2] = np.inf
    np.save(place / "inf.npy", cauchy)
    (place / "empty.npy").touch()
    (place / "wrong.npy").write_bytes(b"nothing of that kind")
    (place / "wrong.npz").write_bytes(b"nothing of that kind")
    (place / "wrong.csv").write_text("1,2\n3,x\n")
    (place / "ragged.csv").write_text("0.5,1.5\n\n1.5,2.5\n3.5\n")
    (place / "latin.csv").write_bytes(b"1,2\n3,\xff\n")
    (place / "cut.npy").write_bytes((place / "gaussian.npy").read_bytes()[:500])
    (place / "folder.npy").mkdir()
    return place


def call(capsys, *words):
    code = main(["tail-index", *map(str, words)])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_answer_is_a_verdict_and_a_table(capsys, folder):
    code, out, err = call(capsys, folder / "cauchy.npy")
    assert (code, err) == (0, "")
    assert out.startswith("Stable with alpha = ")
    assert "1000 draws of 4 coordinates" in out
    assert call(capsys, folder / "cauchy.csv")[1] == out


def test_a_record_and_what_is_required(capsys, folder):
    code, out, _ = call(capsys, folder / "cauchy.npy", "--json", "--require-stable")
    record = json.loads(out)
    assert (code, record["supported"], record["law"]) == (0, True, "independent")
    assert record["aggregation"]["m"] == [1, 2, 4, 8]
    code, out, _ = call(capsys, folder / "gaussian.npy", "--require-stable", "--max-block", "2")
    assert code == 1
    assert out.startswith("Gaussian: ")


def test_arrays_of_an_archive_have_their_own_verdicts(capsys, folder):
    code, out, _ = call(capsys, folder / "layers.npz", "--group-by-name", "--json")
    record = json.loads(out)
    assert code == 0
    assert [group["name"] for group in record["groups"]] == ["first", "second"]
    assert {n: v["law"] for n, v in record["verdicts"].items()} == {
        "first": "independent",
        "second": "gaussian",
    }
    words = (folder / "layers.npz", "--group-by-name", "--require-stable")
    code, out, _ = call(capsys, *words)
    assert code == 1
    assert "second: Gaussian" in out


def test_an_array_without_a_verdict_is_named_beside_the_others(capsys, folder, tmp_path):
    with np.load(folder / "layers.npz") as layers:
        np.savez(tmp_path / "still.npz", frozen=np.zeros((1000, 2)), moving=layers["first"])
    told = "no verdict: none of the 2 coordinates can be fitted: 2 are constant"
    code, out, err = call(capsys, tmp_path / "still.npz", "--group-by-name")
    assert (code, err) == (0, "")
    assert f"frozen: {told}" in out
    assert "moving: Stable with alpha" in out
    code, out, _ = call(
        capsys, tmp_path / "still.npz", "--group-by-name", "--json", "--require-stable"
    )
    verdicts = json.loads(out)["verdicts"]
    assert code == 1
    assert verdicts["frozen"]["verdict"].startswith(told)
    assert (verdicts["frozen"]["law"], verdicts["moving"]["law"]) == (None, "independent")


@pytest.mark.parametrize("ending", [".png", ".svg"])
def test_a_figure_is_written(capsys, folder, tmp_path, ending):
    path = tmp_path / f"tails{ending}"
    code, _, err = call(capsys, folder / "cauchy.npy", "--plot", path)
    assert (code, path.stat().st_size > 10_000) == (0, True)
    assert err == f"levysde tail-index: note: figure: {path}\n"


def test_a_figure_is_written_in_silence(capsys, folder, tmp_path):
    path = tmp_path / "tails.png"
    assert call(capsys, folder / "cauchy.npy", "--plot", path, "--quiet")[::2] == (0, "")
    assert path.exists()


@pytest.mark.parametrize(
    ("code", "words", "told"),
    [
        (3, ["missing.npy"], "missing.npy: No such file"),
        (3, ["empty.npy"], "is empty"),
        (3, ["folder.npy"], "is a folder; give a file"),
        (3, ["wrong.npy"], "is no file of samples"),
        (3, ["wrong.npz"], "is no file of samples"),
        (3, ["wrong.csv"], "is no file of samples"),
        (3, ["ragged.csv"], "samples: line 4 has 1 columns and the first 2; give as many"),
        (3, ["latin.csv"], "is no file of samples"),
        (3, ["cut.npy"], "is no file of samples"),
        (3, ["objects.npy"], "is no file of samples"),
        (3, ["none.npz"], "no arrays"),
        (2, ["nan.npy"], "nan in draw 7, coordinate 2; give finite numbers"),
        (2, ["inf.npy"], "inf in draw 7, coordinate 2; give finite numbers"),
        (2, ["one.npy"], "samples has 1 draw; give at least 100"),
        (2, ["flat.npy"], "samples.reshape(-1, 1)"),
        (2, ["text.npy"], "give an array of real numbers"),
        (2, ["constant.npy"], "none of the 2 coordinates can be fitted"),
        (2, ["uneven.npz"], "array 'second' has 500 draws and 'first' 1000"),
        (2, ["flat.npz"], "array 'second' has shape (1000,)"),
        (2, ["cauchy.txt"], "the ending of FILE '.txt' is unknown"),
        (3, ["."], ". is a folder; give a file of samples"),
        (2, [""], "names no file"),
        (2, [], "FILE"),
        (2, ["cauchy.npy", "--max-block", "64"], "max_block is 64"),
        (2, ["cauchy.npy", "--max-block", "two"], "'two'"),
        (2, ["cauchy.npy", "--level", "95"], "level is 95"),
        (2, ["cauchy.npy", "--examined", "0"], "examined is 0"),
        (2, ["cauchy.npy", "--group-by-name"], "--group-by-name is for the arrays of an archive"),
        (2, ["cauchy.npy", "--plot", "tails.gif"], "must end in"),
    ],
)
def test_a_bad_word_or_file_is_one_sentence(capsys, folder, monkeypatch, code, words, told):
    monkeypatch.chdir(folder)
    found, out, err = call(capsys, *words)
    assert (found, out) == (code, "")
    assert told in err
    assert err.count("\n") == 1


def test_texts_of_spreadsheets_and_of_pandas_are_read(capsys, folder, tmp_path):
    out = call(capsys, folder / "cauchy.csv")[1]
    text = (folder / "cauchy.csv").read_bytes()
    marked, numbered = tmp_path / "marked.csv", tmp_path / "numbered.csv"
    marked.write_bytes(b"\xef\xbb\xbf" + text)
    assert call(capsys, marked) == (0, out, "")
    numbered.write_bytes(b"\xef\xbb\xbf0,1,2,3\r\n" + text)
    code, found, err = call(capsys, numbered)
    assert (code, found) == (0, out)
    assert err == (
        f"levysde tail-index: note: the first line of {numbered} counts the columns: a header, and "
        "no draw\n"
    )
    assert call(capsys, numbered, "--quiet") == (0, out, "")
    # The twin: a line of other numbers is a draw.
    numbered.write_bytes(b"0,1,2,4\n" + text)
    code, found, err = call(capsys, numbered)
    assert (code, err) == (0, "")
    assert "1001 draws of 4 coordinates" in found


def test_a_huge_text_is_refused(capsys, tmp_path):
    with (tmp_path / "huge.csv").open("wb") as file:
        file.truncate((1 << 30) + 1)
    code, _, err = call(capsys, tmp_path / "huge.csv")
    assert code == 3
    assert "make a .npy file of it" in err
