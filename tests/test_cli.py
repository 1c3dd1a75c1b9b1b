"""The command line from the first word to the last file, in this process."""

import csv
import json
import os
import re
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kerasrecipes.cli.main import main
from kerasrecipes.recipes.data.service import DataServers, check_service


@pytest.fixture
def run_command(capsys):
    """A function that runs a command line and returns its exit code, output and errors."""

    def run(*words):
        capsys.readouterr()
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    return run


@pytest.fixture(scope="module")
def trained(tmp_path_factory, data_dir):
    """A finished run and its export, made by one command."""
    root = tmp_path_factory.mktemp("trained")
    words = ["train", "softmax_digits", "--epochs", "1", "--set", "batch_size=64", "--quiet"]
    places = ["--runs", root / "runs", "--saved-models", root / "exports", "--data-dir", data_dir]
    assert main([*words, *map(str, places)]) == 0
    (run,) = (root / "runs" / "softmax_digits").iterdir()
    return run


def one_run(root="runs"):
    (run,) = Path(root).glob("*/*")
    return run


def test_train_leaves_all_that_it_promises(trained):
    for name in ("report.html", "curves.png", "history.csv", "model.keras", "checkpoint"):
        assert (trained / name).exists()
    record = json.loads((trained / "run.json").read_text())
    assert record["status"] == "finished"
    assert record["overrides"] == {"batch_size": 64, "epochs": 1}
    assert 0.5 < record["figures"]["accuracy"] <= 1
    with open(trained / "history.csv", newline="") as file:
        assert len(list(csv.DictReader(file))) == 1
    assert (Path(record["saved_model"]) / "saved_model.pb").is_file()
    assert Path(record["saved_model"]).name == "1"


def test_list_and_families(run_command):
    code, out, _ = run_command("list")
    assert code == 0
    assert "softmax_digits" in out
    assert "lenet5_digits" in out
    code, out, _ = run_command("list", "vision")
    assert code == 0
    assert "lenet5_digits" in out
    assert "softmax_digits" not in out
    code, out, err = run_command("list", "visoin")
    assert (code, out) == (2, "")
    assert "Did you mean 'vision'?" in err


def test_show_gives_reasons_and_layers(run_command, monkeypatch, data_dir):
    code, out, _ = run_command("show", "softmax_digits")
    assert code == 0
    assert "bytes to [0, 1]" in out
    assert "650 trainable" in out


def test_data_list_and_info(run_command, data_dir):
    code, out, _ = run_command("data", "list")
    assert code == 0
    assert "glyphs" in out
    code, out, _ = run_command("data", "info", "wine", "--data-dir", data_dir)
    assert code == 0
    assert "fingerprint" in out
    code, out, err = run_command("data", "info", "wien")
    assert code == 2
    assert "Did you mean 'wine'" in err


def test_data_write_says_how_to_train_on_it(run_command, data_dir):
    words = ["--shards", "3", "--data-dir", data_dir]
    code, out, _ = run_command("data", "write", "wine", "shared/wine", *words)
    assert code == 0
    assert out == "wine is written. Train on it with `--data ./shared/wine`.\n"
    code, out, _ = run_command("data", "info", "./shared/wine")
    assert code == 0
    assert "malic_acid" in out
    code, _, err = run_command("data", "write", "wine", "shared/wine", *words)
    assert code == 2
    assert "must be a folder that is empty or not there" in err
    code, _, err = run_command("data", "info", "./shared/wien")
    assert code == 2
    assert "Did you mean 'wine'" in err


def test_data_serve_ends_with_sigterm(run_command, monkeypatch):
    ended = []

    def terminate(servers):
        check_service(",".join(servers.addresses))
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)

    stop = DataServers.stop
    monkeypatch.setattr(DataServers, "wait", terminate)
    monkeypatch.setattr(DataServers, "stop", lambda servers: ended.append(stop(servers)))
    words = ["--port", "0", "--workers", "2", "--host", "localhost"]
    code, out, _ = run_command("data", "serve", *words)
    assert code == 0
    assert re.fullmatch(
        r"Serving\. Train with `--data-service grpc://localhost:\d+,grpc://localhost:\d+`\.\n"
        r"Stopped\.\n",
        out,
    )
    assert len(ended) == 1


def test_evaluate_and_report_say_what_the_run_says(run_command, trained):
    record = json.loads((trained / "run.json").read_text())
    code, out, _ = run_command("evaluate", trained)
    assert code == 0
    assert f"test accuracy: {record['figures']['accuracy']:.4f}" in out
    (trained / "report.html").unlink()
    code, out, _ = run_command("report", trained)
    assert code == 0
    assert (trained / "report.html").is_file()


def test_export_makes_the_next_version(run_command, trained, tmp_path):
    for version in ("1", "2"):
        code, out, _ = run_command("export", trained, "--saved-models", tmp_path / "exports")
        assert code == 0
        assert out == f"saved model: {tmp_path / 'exports' / 'softmax_digits' / version}\n"
    assert sorted(path.name for path in (tmp_path / "exports/softmax_digits").iterdir()) == [
        "1",
        "2",
    ]


def test_predict_takes_an_image_and_an_array(run_command, trained):
    Image.fromarray(np.zeros((8, 8), "uint8")).save("digit.png")
    np.save("digits.npy", np.zeros((3, 8, 8, 1), "uint8"))
    saved_model = json.loads((trained / "run.json").read_text())["saved_model"]
    code, out, _ = run_command("predict", trained, "digit.png")
    assert code == 0
    assert "digit.png" in out
    code, out, _ = run_command("predict", saved_model, "digits.npy")
    assert code == 0
    assert out.count("digits.npy") == 3


def test_a_tuple_among_the_overrides_is_remembered(run_command, data_dir):
    words = ["train", "mlp_digits", "--epochs", "1", "--set", "build.hidden=[16]", "--no-export"]
    code, out, _ = run_command(*words, "--quiet", "--data-dir", data_dir)
    assert code == 0
    assert "saved model" not in out
    assert not Path("saved_models").exists()
    record = json.loads((one_run() / "run.json").read_text())
    assert record["num_parameters"]["trainable"] == 64 * 16 + 16 + 16 * 10 + 10
    code, again, _ = run_command("evaluate", one_run())
    assert code == 0
    assert again.splitlines()[0] in out


def test_a_table_and_a_folder_of_images_and_a_script(run_command):
    rows = [f"{i};{i % 7};{2 * i + 0.5}" for i in range(60)]
    Path("table.csv").write_text("\n".join(["a;b;y", *rows]))
    words = ["--epochs", "1", "--no-export", "--quiet", "--set", "batch_size=4"]
    code, out, _ = run_command(
        "train", "linear_diabetes", "--data", "csv:table.csv#y", "--runs", "r1", *words
    )
    assert code == 0
    assert "not comparable, on other data" in out
    for number, name in enumerate(("dark", "light")):
        (Path("images") / name).mkdir(parents=True)
        for index in range(12):
            pixels = np.full((8, 8), 200 * number + index, "uint8")
            Image.fromarray(pixels).save(Path("images") / name / f"{index}.png")
    code, out, _ = run_command(
        "train", "softmax_digits", "--data", "folder:images", "--runs", "r2", *words
    )
    assert code == 0
    Path("mine.py").write_text(
        "from kerasrecipes.recipes import get, replace\n"
        "mine = replace(get('softmax_digits'), name='mine', data='folder:images')\n"
    )
    code, out, _ = run_command("train", "mine.py", "--runs", "r3", *words)
    assert code == 0
    code, _, _ = run_command("evaluate", one_run("r3"))
    assert code == 0


def test_predict_takes_a_table_as_training_does(run_command):
    rows = [f"{i};{i % 7};{2 * i + 0.5}" for i in range(40)]
    Path("table.csv").write_text("\n".join(["a;b;y", *rows]))
    words = ["--epochs", "1", "--quiet", "--set", "batch_size=4", "--data", "csv:table.csv#y"]
    assert run_command("train", "linear_diabetes", *words)[0] == 0
    code, out, _ = run_command("predict", one_run(), "table.csv")
    assert code == 0
    assert out.count("table.csv") == 40
    for name, content, said in (
        ("latin.csv", b"a;b\n\xe9;1\n", "must be a CSV file in UTF-8"),
        ("long.csv", b"a,b\n1,2,3\n", "Line 2 of table 'long.csv' must have 2 cells"),
        ("short.csv", b"a,b\n1\n", "Column 'b' of 'short.csv' must hold finite numbers"),
        ("large.csv", b"a,b\n1,1e39\n", "must hold finite numbers"),
        ("other.csv", b"a,c\n1,2\n", "must have the column 'b'"),
    ):
        Path(name).write_bytes(content)
        code, out, err = run_command("predict", one_run(), name)
        assert (code, out) == (2, "")
        assert said in err


def test_an_interrupt_says_how_the_run_goes_on(run_command, monkeypatch, data_dir):
    from kerasrecipes.recipes.steps import TrainingSteps

    def interrupt(self, iterator):
        raise KeyboardInterrupt

    words = ["train", "softmax_digits", "--epochs", "1", "--no-export", "--quiet"]
    with monkeypatch.context() as patched:
        patched.setattr(TrainingSteps, "__call__", interrupt)
        code, _out, err = run_command(*words, "--data-dir", data_dir)
    assert code == 130
    assert (
        err == f"kerasrecipes: interrupted; go on with `kerasrecipes train --resume {one_run()}`.\n"
    )
    code, _, _ = run_command("train", "--resume", one_run(), "--quiet")
    assert code == 0
    assert json.loads((one_run() / "run.json").read_text())["status"] == "finished"
