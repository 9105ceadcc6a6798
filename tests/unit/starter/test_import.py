"""`torchard import`: an environment of another tool, as a lab has it."""

from __future__ import annotations

import pytest
import yaml

from torchard.lab.load import load_lab

ENVIRONMENT = """\
name: vision
channels: [pytorch, bioconda, defaults]
dependencies:
  - python=3.11
  - pytorch=2.6.0=py3.11_0
  - torchvision
  - cudatoolkit=11.8
  - ffmpeg=7.1=h1_0
  - pip:
      - einops==0.8.2
      - git+https://github.com/someone/thing
"""
WITH_VARIABLES = """\
name: tools
dependencies: [python=3.12]
variables:
  PYTORCH_ENABLE_MPS_FALLBACK: 1
  HF_HOME: /Users/Shared/huggingface
  HF_TOKEN: hf_abcdef
  lower: "1"
  GREETING: good morning
  CONDA_PREFIX: /opt
"""
LAB = """\
# ours
accept_license: true
environments:
    torch:  # for all
        python: "3.12"  # as the course says
        # pip: [einops]
    # the end of ours

# the Macs
macs:
  a: {address: 192.0.2.1, environments: [torch]}
"""
REQUIREMENTS = """\
# what we use
--extra-index-url https://download.pytorch.org/whl/cu126
torch==2.6.0+cu126
einops==0.8.2 \\
    --hash=sha256:aaaa --hash=sha256:bbbb
pandas>=2  # tables
./local
"""


@pytest.fixture
def write(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def check(tmp_path, text):
    """Return the environment of a lab that has what was printed; load_lab checks all of it."""
    lab = tmp_path / "lab.yaml"
    macs = "macs:\n  a: {address: 192.0.2.1}\n"
    lab.write_text(text + macs, encoding="utf-8")
    return load_lab(lab)


def test_an_environment_file_becomes_a_part_of_a_lab(write, torchard, tmp_path):
    """What a lab cannot have is a comment with the reason. The file stays as it is."""
    file = write("environment.yml", ENVIRONMENT)
    done = torchard("import", file)
    assert (done.returncode, done.stderr) == (0, "")
    lab = check(tmp_path, done.stdout)
    vision = lab.environments["vision"]
    assert (vision.python, vision.conda, vision.pip) == (
        "3.11",
        ("ffmpeg=7.1",),
        ("einops==0.8.2",),
    )
    assert (vision.pytorch.release, vision.pytorch.companions) == ("2.6.0", ("torchvision",))
    assert lab.macs["a"].channels == ("bioconda",)
    comments = [line for line in done.stdout.splitlines() if line.startswith("# ")]
    for word in ("cudatoolkit=11.8", "git+https", "defaults"):
        assert sum(word in line for line in comments) == 1
    assert file.read_text(encoding="utf-8") == ENVIRONMENT


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("channels: [pytorch]", '"pytorch" is left out: Torchard\'s catalogue says'),
        ("channels: [nvidia/label/cuda-12.1.0]", '"nvidia/label/cuda-12.1.0" is left out: it is'),
        ('channels: ["a b"]', '"a b" is left out: it is not the name or the URL of a channel'),
        ("name: ml stuff", '"name: ml stuff" is left out: an environment of a lab cannot have'),
        ("prefix: /opt/x", '"prefix" is left out: a lab names no folder'),
        ("platforms: [osx-64]", '"platforms" is left out: Torchard does not know it'),
        ("dependencies: [numpy]", "it names no python; 3.12 was taken."),
        ("dependencies: [python=3.11.5]", '"python=3.11.5" became python 3.11.'),
        ("dependencies: [python=3.1*]", '"python=3.1*" became python 3.12.'),
        ("dependencies: [python]", '"python" became python 3.12.'),
        ("dependencies: [pip=24.0]", '"pip=24.0" is left out: each environment has pip'),
        ("dependencies: [numpy=1.26.4=py_0]", 'builds, such as that of "numpy=1.26.4=py_0", are'),
        ("dependencies: ['fastai::fastcore']", '"fastai::fastcore" became fastcore: the channels'),
        ("dependencies: [{conda: [x]}]", '{"conda": ["x"]} is left out: Torchard does not know'),
        ("dependencies: ['pytorch>=2']", '"pytorch>=2" became release stable, the newest that'),
        ("dependencies: ['pytorch=1']", '"pytorch=1" became release stable, the newest that'),
        ("dependencies: [pytorch-cpu=2.5.1]", "became release 2.5.1, with backend cpu."),
        ("dependencies: [torchvision=0.20.1]", '"torchvision=0.20.1" became torchvision: the'),
        ("dependencies: [cpuonly]", '"cpuonly" is left out: `backend: cpu` is what it means'),
        ("dependencies: [{pip: [torch>=2]}]", '"torch>=2" became release stable, the newest'),
        ("dependencies: [{pip: [torch==2.1.0+cu118]}]", '2.1.0+cu118" became release 2.1.0.'),
        ("dependencies: [{pip: ['torch @ https://x/y.whl']}]", "became release stable, the newest"),
    ],
)
def test_what_is_dropped_or_changed_is_a_comment(write, torchard, text, note):
    """One comment says what it was, and why it is left out or what it became."""
    whole = {"name": "x", "dependencies": ["python=3.12"], **yaml.safe_load(text)}
    file = write("environment.yml", yaml.safe_dump(whole))
    done = torchard("import", file)
    assert (done.returncode, done.stderr) == (0, "")
    comments = [line for line in done.stdout.splitlines() if line.startswith(f"# {file}: ")]
    assert sum(note in comment for comment in comments) == 1


@pytest.mark.parametrize(
    ("items", "pytorch"),
    [
        (["pytorch", "torchvision", "torchaudio", "cpuonly"], {"backend": "cpu"}),
        (["pytorch=2.5", "torchvision", "torchaudio"], {"release": "2.5"}),
        ([{"pip": ["torch == 2.1.0", "torchvision", "torchaudio"]}], {"release": "2.1.0"}),
        ([{"pip": ["torch==2.1.*", "torchvision", "torchaudio"]}], {"release": "2.1"}),
    ],
)
def test_what_is_carried_over_needs_no_comment(write, torchard, items, pytorch):
    """`cpuonly` has one, because no package has that name in a lab."""
    whole = {"name": "x", "channels": ["nodefaults"], "dependencies": ["python=3.12", *items]}
    done = torchard("import", write("environment.yml", yaml.safe_dump(whole)))
    comments = [line for line in done.stdout.splitlines() if line.startswith("# ")]
    assert len(comments) == ("cpuonly" in items)
    companions = ["torchvision", "torchaudio"]
    found = yaml.safe_load(done.stdout)
    assert found == {
        "environments": {"x": {"python": "3.12", "pytorch": {**pytorch, "with": companions}}}
    }


def test_an_exact_version_stays_exact(write, torchard):
    """`=` and `==` differ for conda."""
    text = "dependencies: [python=3.12, numpy==1.26.4, scipy=1.10]"
    done = torchard("import", write("environment.yml", text))
    found = yaml.safe_load(done.stdout)["environments"]["torch"]
    assert found["conda"] == ["numpy==1.26.4", "scipy=1.10"]


def test_variables_are_carried_over(write, torchard, tmp_path):
    """Each that a lab can have, as text. The others are named with the reason, without values."""
    done = torchard("import", write("environment.yml", WITH_VARIABLES))
    assert (done.returncode, done.stderr) == (0, "")
    assert check(tmp_path, done.stdout).environments["tools"].variables == {
        "PYTORCH_ENABLE_MPS_FALLBACK": "1",
        "HF_HOME": "/Users/Shared/huggingface",
    }
    comments = [line for line in done.stdout.splitlines() if line.startswith("# ")]
    for name in ("HF_TOKEN", "lower", "GREETING", "CONDA_PREFIX"):
        assert sum(f"variables: {name}" in line for line in comments) == 1
    assert "hf_abcdef" not in done.stdout


def test_an_environment_is_added_to_a_lab_file(write, torchard):
    """The difference comes first, and only --yes writes without a question.

    Every line and comment of the lab stays in its place.
    """
    lab = write("lab.yaml", LAB)
    lab.chmod(0o640)
    words = ("import", write("environment.yml", ENVIRONMENT), "--into", lab)
    asked = torchard(*words)
    assert asked.returncode == 1
    assert "\n+    vision:\n" in asked.stdout
    assert "there is no terminal to ask at" in asked.stderr
    assert lab.read_text(encoding="utf-8") == LAB

    done = torchard(*words, "--yes")
    assert done.returncode == 0
    assert done.stdout.startswith(asked.stdout)
    assert "channels: [bioconda]" in done.stdout
    text = lab.read_text(encoding="utf-8")
    head, _, tail = LAB.partition("\n# the Macs")
    assert text.startswith(f"{head}    vision:\n      python:")
    assert text.endswith(f"\n# the Macs{tail}")
    assert [*load_lab(lab).environments] == ["torch", "vision"]
    assert lab.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "text",
    [
        "macs:\n  a: {address: 192.0.2.1}",
        "\ufeff" + LAB.replace("\n", "\r\n"),
        "macs:\n  a: {address: 192.0.2.1}\nenvironments:\n  torch: {python: '3.12'}",
    ],
)
def test_a_lab_file_keeps_its_line_breaks_and_its_order(text, write, torchard):
    """Also without a last line break, and if it has no environments yet."""
    lab = write("lab.yaml", text)
    words = ("import", write("requirements.txt", "einops"), "--name", "mine", "--into", lab)
    assert torchard(*words, "--yes").returncode == 0
    made = lab.read_bytes().decode()
    rest = iter(made.splitlines())
    assert all(line in rest for line in text.splitlines())
    assert made.count("\r\n") in {0, made.count("\n")}
    assert load_lab(lab).environments["mine"].pip == ("einops",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LAB.replace("torch", "mine"), "lab.yaml:4:5: the lab has an environment mine"),
        (
            "environments: {torch: {python: '3.12'}}\nmacs: {a: {}}\n",
            "lab.yaml:1:15: the environments",
        ),
        ("{macs: {a: {}}}", "is written in braces"),
        ("macs: {a: {adress: x}}\n", "lab.yaml:1:12: "),
    ],
)
def test_a_lab_file_that_cannot_be_extended_stays_as_it_is(text, said, write, torchard):
    """The message says where, and what to do."""
    lab = write("lab.yaml", text)
    words = ("import", write("requirements.txt", "einops"), "--name", "mine", "--into", lab)
    done = torchard(*words, "--yes")
    assert done.returncode == 1
    assert said in done.stderr
    assert lab.read_text(encoding="utf-8") == text


def test_requirements_become_a_part_of_a_lab(write, torchard, tmp_path):
    """Hashes and comments are dropped: a lock has the hashes. Options and paths are named."""
    done = torchard("import", write("requirements.txt", REQUIREMENTS), "--name", "mine")
    assert (done.returncode, done.stderr) == (0, "")
    mine = check(tmp_path, done.stdout).environments["mine"]
    assert mine.pip == ("einops==0.8.2", "pandas>=2")
    assert mine.pytorch.release == "2.6.0"
    assert "it names no python" in done.stdout
    for word in ("--extra-index-url", "./local"):
        assert done.stdout.count(word) == 1


def test_a_comment_is_one_line_whatever_the_file_says(write, torchard):
    """No text of the file can become a key of the lab."""
    hostile = "x\x1b[2J\u202e @ y\r\nmacs: {evil: {}}\n\u2028macs: {evil: {}}\n"
    done = torchard("import", write("requirements.txt", hostile))
    assert done.returncode == 0
    assert yaml.safe_load(done.stdout).keys() == {"environments"}
    assert done.stdout.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("name", "text", "words", "said"),
    [
        ("environment.yml", "a: [", (), "environment.yml:"),
        ("lab.yaml", "macs: {a: {}}", (), "lab.yaml:1:1: this is not an environment.yml"),
        ("requirements.txt", b"\xff", (), "is not UTF-8"),
        ("requirements.txt", "#" * (2**20 + 1), (), "is over 1 MiB"),
        ("requirements.txt", "", ("--name", "../x"), "is not a name of an environment"),
    ],
)
def test_what_cannot_be_read_is_an_error(*, write, torchard, name, text, words, said):
    """Nothing is printed on stdout then."""
    done = torchard("import", write(name, text), *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr


def test_a_file_that_is_missing_is_an_error(torchard, tmp_path):
    """The message says what to name."""
    done = torchard("import", tmp_path / "gone.yml")
    assert done.returncode == 1
    assert "Name an environment.yml or a requirements.txt." in done.stderr
