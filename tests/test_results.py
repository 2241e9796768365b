"""The result object, its file, and everything that can be wrong with a file."""

import hashlib
import io
import json
import math
import os
import pickle
import stat
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from levysde.runs import results
from levysde.runs.files import write_atomically
from levysde.runs.results import EscapeTimes, Status, load
from levysde.statistics import exit_times

pytestmark = pytest.mark.quick

PARAMETERS = {"alpha": 1.5, "epsilon": 0.05, "basin": "sharp", "horizon": None, "seed": 2**64 - 1}


def make(steps=(10, 30, 50), status=(1, 1, 2), dim=1, dt=0.1, parameters=PARAMETERS, seconds=0.25):
    """Return a small result."""
    steps = np.array(steps, dtype=np.int64)
    position = np.arange(1.0, steps.size * dim + 1.0).reshape(steps.size, dim) / 3.0
    return EscapeTimes(steps, np.array(status, dtype=np.int8), position, dt, parameters, seconds)


def random_result(paths=500, dim=3, seed=5):
    """Return a result with all three ways to end."""
    rng = np.random.default_rng(seed)
    steps = rng.geometric(0.01, paths)
    status = np.where(steps > 200, 2, 1).astype(np.int8)
    status[::50] = 3
    position = rng.standard_cauchy((paths, dim))
    position[::50] = np.nan
    return EscapeTimes(np.minimum(steps, 200), status, position, 0.1, PARAMETERS, 1.5)


# The object


def test_counts_and_times():
    result = make((10, 30, 50, 7), (1, 1, 2, 3), dim=2)
    assert (result.paths, result.dim, result.total_steps) == (4, 2, 97)
    assert (result.escaped, result.censored, result.non_finite) == (2, 1, 1)
    assert np.array_equal(result.times, np.array([10, 30, 50, 7]) * 0.1)
    assert result.times.dtype == np.float64


def test_estimates_are_those_of_the_estimators():
    result = random_result()
    kept = result.status != Status.NON_FINITE
    data = result.times[kept], result.status[kept] == Status.ESCAPED
    assert result.mean == exit_times.mean_time(*data)
    assert result.rate == exit_times.exponential_rate(*data, dt=0.1)
    assert result.mean_interval(0.9) == exit_times.mean_time_interval(*data, level=0.9)
    assert result.rate_interval(0.9) == exit_times.exponential_rate_interval(*data, 0.1, 0.9)
    assert result.exponentiality() == exit_times.exponentiality(*data, dt=0.1)
    assert np.array_equal(result.survival().lower, exit_times.survival(*data).lower)
    assert np.array_equal(result.survival(0.5).lower, exit_times.survival(*data, 0.5).lower)


def test_non_finite_paths_change_no_estimate():
    without = make((10, 30, 50), (1, 1, 2))
    with_one = make((10, 30, 9999, 50), (1, 1, 3, 2))
    assert with_one.mean == without.mean == pytest.approx(4.5)
    assert with_one.rate_interval() == without.rate_interval()
    assert np.array_equal(with_one.survival().probability, without.survival().probability)


def test_no_finite_path_is_said():
    result = make((10,), (3,))
    with pytest.raises(ValueError, match="1 of 1 path became infinite or NaN"):
        _ = result.mean


def test_arrays_are_read_only_and_not_copied():
    steps = np.arange(1, 4)
    status, position = np.ones(3, np.int8), np.ones((3, 1))
    result = EscapeTimes(steps, status, position, 0.1)
    for given, kept in zip(
        (steps, status, position),
        (result.steps, result.status, result.exit_position),
        strict=True,
    ):
        assert np.shares_memory(given, kept)
        with pytest.raises(ValueError, match="read-only"):
            kept[0] = 2
    steps[0] = 5  # the caller's own array stays writable


def test_transposed_positions_keep_their_values():
    position = np.arange(6.0).reshape(2, 3).T
    result = EscapeTimes(np.arange(1, 4), np.ones(3, np.int8), position, 0.1)
    assert np.array_equal(result.exit_position, position)
    assert result.exit_position.flags.c_contiguous


def test_parameters_are_a_copy():
    parameters = {"shape": (1, 2), "nested": {"a": 1}}
    result = make(parameters=parameters)
    parameters["nested"]["a"] = 2
    assert result.parameters == {"shape": [1, 2], "nested": {"a": 1}}


def test_frozen_and_short_to_print():
    result = random_result()
    with pytest.raises(AttributeError):
        result.dt = 1.0
    assert repr(result).startswith("EscapeTimes(paths=500, dim=3, escaped=")
    assert len(repr(result)) < 120


def test_pickle_keeps_everything():
    result = random_result()
    copy = pickle.loads(pickle.dumps(result))
    assert copy.digest == result.digest
    assert copy.parameters == result.parameters
    assert not copy.steps.flags.writeable


def test_digest_is_sha256_of_little_endian_bytes():
    result = make((10, 30, 50), (1, 1, 2), dt=0.1)
    content = struct.pack("<3q", 10, 30, 50) + struct.pack("<d", 0.1) + bytes([1, 1, 2])
    assert result.digest == hashlib.sha256(content).hexdigest()


def test_digest_knows_times_and_status_only():
    result = make()
    assert make(parameters={}, seconds=9.0, dim=2).digest == result.digest
    others = [make((10, 30, 51)), make(status=(1, 2, 2)), make(dt=0.2), make((30, 10, 50))]
    assert len({result.digest, *(other.digest for other in others)}) == 5


@pytest.mark.parametrize(
    ("escaped", "censored", "non_finite", "expected"),
    [
        (30, 0, 0, []),
        (30, 30, 0, []),
        (29, 0, 0, ["Only 29 paths escaped"]),
        (1, 0, 0, ["Only 1 path escaped"]),
        (30, 31, 0, ["31 of 61 paths were censored"]),
        (2, 3, 0, ["Only 2 paths", "3 of 5 paths were censored"]),
        (0, 4, 0, ["No path escaped"]),
        (40, 0, 2, ["2 of 42 paths became infinite or NaN and are excluded"]),
        (40, 0, 1, ["1 of 41 paths became infinite or NaN and is excluded"]),
        (0, 0, 2, ["2 of 2 paths became", "No path is left"]),
    ],
)
def test_warnings(escaped, censored, non_finite, expected):
    status = [1] * escaped + [2] * censored + [3] * non_finite
    found = make([5] * len(status), status).warnings
    assert len(found) == len(expected)
    for sentence, start in zip(found, expected, strict=True):
        assert sentence.startswith(start)
        assert sentence.endswith(".")


GOOD = {
    "steps": np.array([1, 2]),
    "status": np.array([1, 2], np.int8),
    "exit_position": np.ones((2, 1)),
    "dt": 0.1,
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": [1, 2]}, "steps must be a 1-dimensional array of int64"),
        ({"steps": np.array([1.0, 2.0])}, "int64"),
        ({"steps": np.array([1, 2], np.int32)}, "int64"),
        ({"steps": np.array([[1, 2]])}, "1-dimensional"),
        ({"steps": np.array([1, 2, 3])}, "status has shape"),
        ({"steps": np.array([-1, 2])}, "between 0 and"),
        ({"steps": np.array([2**62, 2**62])}, "between 0 and"),
        ({"steps": np.array([], np.int64)}, "at least one path"),
        ({"status": np.array([1, 2])}, "status must be"),
        ({"status": np.array([0, 1], np.int8)}, "status must be 1"),
        ({"status": np.array([1, 4], np.int8)}, "status must be 1"),
        ({"exit_position": np.ones(2)}, "2-dimensional"),
        ({"exit_position": np.ones((3, 1))}, "exit_position has shape"),
        ({"exit_position": np.ones((2, 0))}, "exit_position has shape"),
        ({"exit_position": np.ones((2, 1), np.float32)}, "float64"),
        ({"dt": 0.0}, "dt is 0"),
        ({"dt": math.nan}, "dt is nan"),
        ({"dt": math.inf}, "dt is inf"),
        ({"dt": "0.1"}, "dt must be a number"),
        ({"dt": True}, "dt must be a number"),
        ({"dt": 10**400}, "dt must be finite"),
        ({"seconds": -1.0}, "seconds is -1"),
        ({"parameters": [1]}, "must be a dict"),
        ({"parameters": {"a": np.ones(2)}}, "JSON"),
        ({"parameters": {"a": math.nan}}, "JSON"),
        ({"parameters": {"a": "x" * 10**6}}, "megabyte"),
    ],
)
def test_bad_fields(change, message):
    with pytest.raises(ValueError, match=message):
        EscapeTimes(**{**GOOD, **change})


def test_sum_of_steps_cannot_wrap_around():
    steps = np.full(2000, 2**53 - 1)
    result = EscapeTimes(steps, np.ones(2000, np.int8), np.ones((2000, 1)), 0.1)
    assert result.total_steps == 2000 * (2**53 - 1)


# Save and load


@pytest.mark.parametrize("dim", [1, 4])
def test_roundtrip_bit_for_bit(tmp_path, dim):
    result = random_result(dim=dim)
    copy = load(result.save(tmp_path / "run.npz"))
    for name in ("steps", "status", "exit_position"):
        before, after = getattr(result, name), getattr(copy, name)
        assert before.tobytes() == after.tobytes()
        assert (before.dtype, before.shape) == (after.dtype, after.shape)
        assert not after.flags.writeable
    assert struct.pack("<2d", copy.dt, copy.seconds) == struct.pack("<2d", 0.1, 1.5)
    assert copy.parameters == PARAMETERS
    assert copy.digest == result.digest


def test_equal_results_make_equal_files(tmp_path):
    first = random_result().save(tmp_path / "a.npz").read_bytes()
    assert first == random_result().save(tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize(
    ("given", "written"),
    [("run", "run.npz"), ("run.npz", "run.npz"), ("run.NPZ", "run.NPZ"), ("eps.05", "eps.05.npz")],
)
def test_suffix(tmp_path, given, written):
    assert make().save(str(tmp_path / given)) == tmp_path / written
    assert os.listdir(tmp_path) == [written]


def test_numpy_reads_the_file(tmp_path):
    path = make().save(tmp_path / "run")
    with np.load(path, allow_pickle=False) as data:
        assert data["steps"].tolist() == [10, 30, 50]
        header = json.loads(bytes(data["header"]))
    assert header["format"] == "levysde escape times"
    assert header["version"] == 1
    assert header["parameters"] == PARAMETERS


def test_file_is_little_larger_than_the_data(tmp_path):
    paths = 10_000
    result = EscapeTimes(np.arange(1, paths + 1), np.ones(paths, np.int8), np.ones((paths, 1)), 0.1)
    assert result.save(tmp_path / "run").stat().st_size < paths * 17 + 3000


def test_existing_file_is_replaced(tmp_path):
    path = make().save(tmp_path / "run")
    random_result().save(path)
    assert load(path).paths == 500
    assert os.listdir(tmp_path) == ["run.npz"]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_permissions_are_those_of_a_new_file(tmp_path, umask):
    before = os.umask(umask)
    try:
        path = make().save(tmp_path / "run")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


@pytest.mark.skipif(os.name != "posix", reason="symbolic links")
def test_symbolic_link_is_followed(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "run.npz").symlink_to(tmp_path / "disk" / "real.npz")
    make().save(tmp_path / "run.npz")
    assert (tmp_path / "run.npz").is_symlink()
    assert load(tmp_path / "disk" / "real.npz").paths == 3


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_failed_write_leaves_the_old_file(tmp_path, monkeypatch, call):
    path = make().save(tmp_path / "run")
    old = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(OSError, match=r"No space left on device: '.*run\.npz'"):
        random_result().save(path)
    assert path.read_bytes() == old
    assert os.listdir(tmp_path) == ["run.npz"]


def test_interrupted_write_leaves_the_old_file(tmp_path):
    path = make().save(tmp_path / "run")
    old = path.read_bytes()

    def interrupted(file):
        file.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, interrupted)
    assert path.read_bytes() == old
    assert os.listdir(tmp_path) == ["run.npz"]


def test_folder_that_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"missing/run\.npz"):
        make().save(tmp_path / "missing" / "run.npz")


def test_target_that_is_a_folder(tmp_path):
    (tmp_path / "run.npz").mkdir()
    with pytest.raises(OSError, match=r"run\.npz"):
        make().save(tmp_path / "run.npz")
    assert os.listdir(tmp_path) == ["run.npz"]


def test_missing_file_stays_file_not_found(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.npz")


# Damaged and hostile files


def npy(array, **changes):
    """Return an npy member, its header fields changed."""
    buffer = io.BytesIO()
    header = {"descr": array.dtype.str, "fortran_order": False, "shape": array.shape, **changes}
    np.lib.format.write_array_header_1_0(buffer, header)
    return buffer.getvalue() + array.tobytes()


def header_json(**changes):
    """Return the header member, its fields changed; those set to `...` left out."""
    header = {
        "format": "levysde escape times",
        "version": 1,
        "paths": 3,
        "dim": 1,
        "dt": 0.1,
        "seconds": 0.0,
        "parameters": {},
        **changes,
    }
    return text_header(json.dumps({k: v for k, v in header.items() if v is not ...}).encode())


def text_header(text):
    """Return a header member that holds this text."""
    return npy(np.frombuffer(text, dtype=np.uint8))


def members(**changes):
    """Return the members of a valid file, some changed; those set to None left out."""
    content = {
        "header": header_json(),
        "steps": npy(np.array([10, 30, 50])),
        "status": npy(np.array([1, 1, 2], np.int8)),
        "exit_position": npy(np.ones((3, 1))),
        **changes,
    }
    return [(f"{name}.npy", data) for name, data in content.items() if data is not None]


def write_zip(path, content, compression=zipfile.ZIP_STORED):
    """Write an archive of these members."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in content:
            archive.writestr(name, data)


def test_the_unchanged_members_are_a_valid_file(tmp_path):
    write_zip(tmp_path / "run.npz", members())
    assert load(tmp_path / "run.npz").mean == pytest.approx(4.5)


HUGE = 10**12
BAD_MEMBERS = {
    "no steps": (members(steps=None), "members must be"),
    "extra member": ([*members(), ("more.npy", b"")], "members must be"),
    "path outside": ([*members(), ("../more.npy", b"")], "members must be"),
    "empty archive": ([], "it has none"),
    "object array": (members(steps=npy(np.array([1, 2, 3]), descr="|O")), "type"),
    "pickle": (members(steps=pickle.dumps([1, 2, 3])), "steps has no readable npy header"),
    "wrong magic": (members(steps=b"\x93NUMPX" + npy(np.arange(3))[6:]), "npy header"),
    "npy version": (members(steps=b"\x93NUMPY\x02\x00" + npy(np.arange(3))[8:]), "npy header"),
    "empty member": (members(status=b""), "status has no readable npy header"),
    "code in header": (
        members(steps=npy(np.arange(3)).replace(b"(3,)", b"f(3)")),
        "npy header",
    ),
    "float steps": (members(steps=npy(np.ones(3))), "steps must be of type <i8"),
    "big-endian": (members(steps=npy(np.arange(3).astype(">i8"))), "type"),
    "wrong shape": (members(status=npy(np.ones(4, np.int8))), "status must have shape"),
    "wrong dim": (members(exit_position=npy(np.ones((3, 2)))), "exit_position must have shape"),
    "one dimension": (members(exit_position=npy(np.ones(3))), "exit_position must have shape"),
    "column order": (members(exit_position=npy(np.ones((3, 1)), fortran_order=True)), "shape"),
    "two-dimensional header": (members(header=npy(np.ones((2, 2), np.uint8))), "header must"),
    "array claims more": (members(steps=npy(np.arange(3), shape=(HUGE,))), "steps must have shape"),
    "all claim more": (
        members(
            header=header_json(paths=HUGE),
            steps=npy(np.arange(3), shape=(HUGE,)),
            status=npy(np.ones(3, np.int8), shape=(HUGE,)),
            exit_position=npy(np.ones((3, 1)), shape=(HUGE, 1)),
        ),
        "steps does not have the size",
    ),
    "size overflows": (
        members(
            header=header_json(paths=2**61),
            steps=npy(np.array([], np.int64), shape=(2**61,)),
        ),
        "steps does not have the size",
    ),
    "array is short": (members(steps=npy(np.arange(3))[:-1]), "steps does not have the size"),
    "array is long": (members(steps=npy(np.arange(3)) + b"\0"), "steps does not have the size"),
    "not JSON": (members(header=text_header(b"{")), "not valid JSON"),
    "not UTF-8": (members(header=text_header(b'{"a": "\xff"}')), "not valid JSON"),
    "deep JSON": (members(header=text_header(b"[" * 200_000)), "not valid JSON"),
    "JSON list": (members(header=text_header(b"[1]")), "its header is not that of"),
    "long header": (members(header=text_header(b" " * 2_000_000)), "longer than a megabyte"),
    "other format": (members(header=header_json(format="x")), "its header is not that of"),
    "version of continuous times": (members(header=header_json(version=2)), "members are not"),
    "future version": (members(header=header_json(version=3)), "a newer levysde wrote it"),
    "version 0": (members(header=header_json(version=0)), "no version number"),
    "version text": (members(header=header_json(version="1")), "no version number"),
    "missing field": (members(header=header_json(dt=...)), "exactly the fields"),
    "extra field": (members(header=header_json(more=1)), "exactly the fields"),
    "header claims more": (members(header=header_json(paths=HUGE)), "steps must have shape"),
    "no paths": (members(header=header_json(paths=0)), "paths in its header"),
    "paths true": (members(header=header_json(paths=True)), "paths in its header"),
    "dim fractional": (members(header=header_json(dim=1.0)), "dim in its header"),
    "NaN dt": (members(header=header_json(dt=math.nan)), "NaN is not a number"),
    "infinite dt": (
        members(header=text_header(header_json(dt=7777)[128:].replace(b"7777", b"1e999"))),
        "dt is inf",
    ),
    "negative dt": (members(header=header_json(dt=-0.1)), "dt is -0.1"),
    "dt text": (members(header=header_json(dt="0.1")), "dt must be a number"),
    "seconds null": (members(header=header_json(seconds=None)), "seconds must be a number"),
    "parameters list": (members(header=header_json(parameters=[])), "parameters must be"),
    "status 0": (members(status=npy(np.array([0, 1, 2], np.int8))), "status must be 1"),
    "status 4": (members(status=npy(np.array([1, 4, 2], np.int8))), "status must be 1"),
    "negative steps": (members(steps=npy(np.array([1, -1, 2]))), "steps must be between"),
}


@pytest.mark.parametrize("case", BAD_MEMBERS)
def test_bad_members(tmp_path, case):
    content, message = BAD_MEMBERS[case]
    path = tmp_path / "run.npz"
    write_zip(path, content)
    with pytest.raises(ValueError, match=message) as caught:
        load(path)
    text = str(caught.value)
    assert text.startswith(f"{path} cannot be loaded: ")
    assert "\n" not in text
    assert len(text) < 1000


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04" + b"\0" * 100])
def test_no_archive(tmp_path, content):
    path = tmp_path / "run.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="not a complete npz archive"):
        load(path)


def test_duplicated_member(tmp_path):
    path = tmp_path / "run.npz"
    with pytest.warns(UserWarning, match="Duplicate name"):
        write_zip(path, [*members(), members()[1]])
    with pytest.raises(ValueError, match="members must be"):
        load(path)


def test_encrypted_member(tmp_path):
    path = tmp_path / "run.npz"
    write_zip(path, members())
    content = bytearray(path.read_bytes())
    # The flags in the central directory: bit 0 says encrypted.
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="encrypted"):
        load(path)


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_compressed_members_are_refused_unread(tmp_path, compression):
    """A small file must not become a large array: 200 MB of zeros in 200 kB here."""
    path = tmp_path / "run.npz"
    paths = 25_000_000
    with zipfile.ZipFile(path, "w", compression, compresslevel=1) as archive:
        archive.writestr("header.npy", header_json(paths=paths))
        archive.writestr("steps.npy", npy(np.zeros(0, np.int64), shape=(paths,)) + bytes(8 * 10**6))
        archive.writestr("status.npy", b"")
        archive.writestr("exit_position.npy", b"")
    assert peak_memory_of_refusal(path, "compressed") < 10**6


def peak_memory_of_refusal(path, message):
    """Return the bytes allocated at most while the file is refused."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=message):
            load(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_claims_allocate_nothing(tmp_path):
    path = tmp_path / "run.npz"
    write_zip(path, BAD_MEMBERS["all claim more"][0])
    assert peak_memory_of_refusal(path, "size") < 10**6


@pytest.mark.parametrize("both", [False, True])
def test_declared_sizes_beyond_the_file(tmp_path, both):
    """The central directory claims a gigabyte, with an npy header that agrees."""
    paths = 2**27
    path = tmp_path / "run.npz"
    write_zip(
        path,
        members(header=header_json(paths=paths), steps=npy(np.arange(3), shape=(paths,))),
    )
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02", content.index(b"PK\x01\x02") + 1)
    claimed = struct.pack("<I", 128 + 8 * paths)
    content[entry + 24 : entry + 28] = claimed
    if both:
        content[entry + 20 : entry + 24] = claimed
    path.write_bytes(content)
    message = "larger than the file" if both else "compressed"
    assert peak_memory_of_refusal(path, message) < 10**6


def test_overlapping_members(tmp_path):
    """Two entries of the directory that share their bytes add up to more than the file."""
    path = tmp_path / "run.npz"
    big = npy(np.ones(3000, np.int64))
    write_zip(path, members(header=header_json(paths=3000), steps=big, exit_position=big))
    content = path.read_bytes()
    start = content.index(b"exit_position.npy") - 30
    end = content.index(b"PK\x01\x02")
    shorter = bytearray(content[:start] + content[end:])
    shift = end - start
    (directory,) = struct.unpack_from("<I", shorter, len(shorter) - 6)
    struct.pack_into("<I", shorter, len(shorter) - 6, directory - shift)
    last = shorter.rindex(b"PK\x01\x02")
    struct.pack_into("<I", shorter, last + 42, content.index(b"steps.npy") - 30)
    path.write_bytes(shorter)
    with pytest.raises(ValueError, match=r"larger than the file|not a complete npz archive"):
        load(path)


def test_every_truncation_is_refused(tmp_path):
    whole = make().save(tmp_path / "run").read_bytes()
    path = tmp_path / "cut.npz"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"cut\.npz cannot be loaded"):
            load(path)


def test_a_flipped_bit_in_the_data_is_noticed(tmp_path):
    result = random_result(paths=50)
    path = result.save(tmp_path / "run")
    content = bytearray(path.read_bytes())
    content[content.index(result.steps.tobytes()) + 16] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"not a complete npz archive .*CRC"):
        load(path)


def test_random_damage_never_escapes_as_another_error(tmp_path):
    whole = make().save(tmp_path / "run").read_bytes()
    path = tmp_path / "damaged.npz"
    rng = np.random.default_rng(8)
    refused = 0
    for _ in range(1000):
        content = np.frombuffer(whole, np.uint8).copy()
        where = rng.integers(0, content.size, rng.integers(1, 4))
        content[where] = rng.integers(0, 256, where.size)
        path.write_bytes(content.tobytes())
        try:
            copy = load(path)
        except ValueError:
            refused += 1
        else:
            # Damage to a date or an attribute of the archive changes nothing that is read.
            assert copy.digest == make().digest
    assert refused > 500


def test_random_damage_behind_valid_checksums(tmp_path):
    """The same on the members, whose checksums are then made to agree."""
    path = tmp_path / "damaged.npz"
    rng = np.random.default_rng(9)
    for _ in range(500):
        content = members()
        index = rng.integers(0, len(content))
        data = np.frombuffer(content[index][1], np.uint8).copy()
        where = rng.integers(0, min(data.size, 200), rng.integers(1, 4))
        data[where] = rng.integers(0, 256, where.size)
        content[index] = (content[index][0], data.tobytes())
        write_zip(path, content)
        refused = None
        try:
            load(path)
        except ValueError as error:
            refused = str(error)
        assert refused is None or "damaged.npz cannot be loaded" in refused


# Memory


def test_a_large_result_needs_little_memory(tmp_path):
    paths = 200_000
    result = EscapeTimes(np.arange(1, paths + 1), np.ones(paths, np.int8), np.ones((paths, 1)), 0.1)
    size = 17 * paths
    path = tmp_path / "run.npz"
    tracemalloc.start()
    try:
        result.save(path)
        saving = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        load(path)
        loading = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        _ = result.digest
        hashing = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    buffers = 5 * 2**20  # chunks of a megabyte, and copies of them in zipfile and numpy
    assert saving < buffers
    assert loading < size + buffers
    assert hashing < 10**5


def test_status_values_are_fixed():
    assert {status.name: status.value for status in Status} == {
        "ESCAPED": 1,
        "HORIZON": 2,
        "NON_FINITE": 3,
    }


def test_public_names():
    for name in results.__all__:
        assert getattr(results, name).__doc__


# Special files


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such files here")
def test_devices_and_pipes_are_refused_at_once(tmp_path):
    """An endless device and a pipe without a writer: neither is read."""
    pipe = tmp_path / "pipe.npz"
    os.mkfifo(pipe)
    for path in ("/dev/zero", pipe):
        with pytest.raises(ValueError, match="not an ordinary file"):
            load(path)
