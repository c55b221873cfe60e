"""Objects by URL, on a store in memory and on one of files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clova_jax.common.errors import ClovaError
from clova_jax.common.objects import Objects
from clova_jax.common.places import inside, is_url, local_path

NAMES = st.text("ab한/글.0", min_size=1, max_size=9).filter(
    lambda name: all(part.strip(".") for part in name.split("/"))
)


@pytest.fixture(params=["memory", "file", "folder"])
def objects(request, tmp_path):
    """An empty store of each kind."""
    place = {"memory": f"memory://{tmp_path}", "file": f"file://{tmp_path}/a", "folder": tmp_path}
    return Objects(str(place[request.param]))


def test_what_is_written_is_read_listed_and_removed(objects):
    assert objects.read("a/b") is None
    assert objects.names() == []
    for name in ("a/b", "a/c", "b"):
        objects.write(name, name.encode())
    assert objects.read("a/b") == b"a/b"
    assert objects.names() == ["a/b", "a/c", "b"]
    assert objects.names("a/") == ["a/b", "a/c"]
    objects.remove(["a/b", "nothing"])
    assert objects.names() == ["a/c", "b"]


@given(files=st.dictionaries(NAMES, st.binary(max_size=50), max_size=5))
def test_hashes_find_each_change(files):
    objects = Objects("memory://hashes")
    objects.remove(objects.names())
    for name, data in files.items():
        objects.write(f"x/{name}", data)
    recorded = objects.hashes("x/")
    assert recorded.keys() == files.keys()
    objects.check("x/", recorded)
    for name, data in files.items():
        objects.write(f"x/{name}", data + b"!")
        with pytest.raises(ClovaError, match="is damaged"):
            objects.check("x/", recorded)
        objects.remove([f"x/{name}"])
        with pytest.raises(ClovaError, match="is missing"):
            objects.check("x/", recorded)
        objects.write(f"x/{name}", data)
    objects.write("x/new", b"")
    if "new" not in files:
        with pytest.raises(ClovaError, match="new: does not belong there"):
            objects.check("x/", recorded)


def test_a_folder_comes_back_as_it_was(objects, tmp_path):
    (tmp_path / "up" / "deep").mkdir(parents=True)
    (tmp_path / "up" / "deep" / "한글.txt").write_bytes(b"1")
    (tmp_path / "up" / "b").write_bytes(b"")
    objects.upload(tmp_path / "up", ["deep/한글.txt", "b"])
    Objects(objects.url).download(tmp_path / "down")
    found = {p.name: p.read_bytes() for p in (tmp_path / "down").rglob("*") if p.is_file()}
    assert found.items() >= {"한글.txt": b"1", "b": b""}.items()


@pytest.mark.parametrize("name", ["../out", "deep/../../out", "..", "{folder}/out"])
def test_no_object_is_written_outside_the_folder(tmp_path, name):
    name = name.format(folder=tmp_path)  # an absolute path
    objects = Objects(f"memory://escape{tmp_path}")
    objects.write("config.json", b"{}")
    objects.write(name, b"theirs")
    with pytest.raises(ClovaError, match=f"memory://escape.*: the object '{name}' would be"):
        objects.download(tmp_path / "down")
    assert not list(tmp_path.iterdir()), "nothing was written, neither inside nor outside"


def test_a_scheme_that_nobody_knows_is_one_line():
    with pytest.raises(ClovaError, match="hdfs://host/x/: ") as told:
        Objects("hdfs://host/x")
    assert "\n" not in str(told.value)


def test_places_are_joined_as_what_they_are(tmp_path):
    assert inside("s3://bucket/run/", "model") == "s3://bucket/run/model"
    assert inside(tmp_path, "model") == tmp_path / "model"
    assert is_url("gs://a/b")
    assert not is_url(tmp_path)


def test_a_url_is_no_path_of_this_machine(tmp_path):
    assert local_path(str(tmp_path)) == tmp_path
    with pytest.raises(ClovaError, match="gs://a/b: is a URL; give a path on this machine"):
        local_path("gs://a/b")
