"""`aigrowth doctor`, `export` and `import` as an operator calls them, beside a server that runs."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests import factories_pictures as pictures
from tests.person import Person
from tests.servers.nursery import run_forked
from tests.servers.process import free_ports
from tests.servers.product import product_environment, running_product

# Each command is a process of its own.
pytestmark = pytest.mark.timeout(600)


def aigrowth(data_dir: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return run_forked(arguments, env=product_environment(data_dir, settings), cwd=data_dir.parent)


def test_the_command_itself_says_what_it_can_do() -> None:
    command = Path(sys.executable).with_name("aigrowth")
    said = subprocess.run([command, "--help"], capture_output=True, text=True, timeout=60, check=True)
    assert {"serve", "doctor", "export", "import", "migrate", "storage", "user"} <= set(said.stdout.split())


def test_the_doctor_and_the_way_out_and_back(tmp_path: Path) -> None:
    data_dir, archive = tmp_path / "data", tmp_path / "out.zip"
    # Beside the command as people start it, not one that was forked.
    with running_product(data_dir, settings={"PRACTICE_MODE": "off"}, is_forked=False) as product:
        ada, eve = Person.signs_up(product.url), Person.signs_up(product.url)
        kept = ada.keeps_picture(alt_text="Boats")
        well = aigrowth(data_dir, "doctor")
        assert well.returncode == 0, well.stdout + well.stderr
        assert all(line.startswith("ok ") for line in well.stdout.splitlines())
        assert {"settings", "database", "storage (local)", "counts"} <= {
            line.split(":")[0].split(maxsplit=1)[1] for line in well.stdout.splitlines()
        }

        written = aigrowth(data_dir, "export", "--business", str(ada.business_id), "--to", str(archive))
        assert (written.returncode, written.stdout.splitlines()[0][:18]) == (0, "1 picture written ")
        with zipfile.ZipFile(archive) as opened:
            assert len(opened.namelist()) == 2
        taken = aigrowth(data_dir, "import", "--business", str(eve.business_id), str(archive))
        assert taken.returncode == 0, taken.stdout + taken.stderr
        assert taken.stdout.startswith("1 picture taken in, 0 were there already, 0 refused.")
        # The server that runs shows it at once.
        (image,) = eve.client.get("/images/list", params={"business_id": eve.business_id}).json()["images"]
        assert (image["alt_text"], image["sha256"]) == ("Boats", kept["sha256"])
        assert eve.client.get("/images/totals", params={"business_id": eve.business_id}).json()["images"] == 1

        folder = tmp_path / "mixed"
        folder.mkdir()
        (folder / "good.png").write_bytes(pictures.png())
        (folder / "bad.png").write_bytes(pictures.png()[:500])
        mixed = aigrowth(data_dir, "import", "--business", str(eve.business_id), str(folder))
        assert mixed.returncode == 1
        assert "1 picture taken in" in mixed.stdout and "Refused: bad.png: " in mixed.stdout

        for key in ("storage_key", "thumbnail_url"):
            assert kept[key]
        (data_dir / "files" / kept["storage_key"]).unlink()
        ill = aigrowth(data_dir, "doctor", "--fix")
        assert ill.returncode == 1
        (line,) = (line for line in ill.stdout.splitlines() if line.startswith("WRONG"))
        assert kept["storage_key"] in line
        lost = aigrowth(data_dir, "export", "--business", str(ada.business_id), "--to", str(tmp_path / "x"))
        assert lost.returncode == 1 and kept["original_filename"] in lost.stdout
        ada.close()
        eve.close()


def test_what_cannot_be_done_is_a_sentence(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    (data_dir / "aigrowth.db").touch()
    nobody = aigrowth(data_dir, "export", "--business", "7", "--to", str(tmp_path / "out"))
    assert nobody.returncode == 1 and "aigrowth doctor" in nobody.stderr
    assert aigrowth(data_dir, "migrate").returncode == 0
    for arguments in (
        ("export", "--business", "7", "--to", str(tmp_path / "out")),
        ("import", "--business", "7", str(tmp_path)),
    ):
        answer = aigrowth(data_dir, *arguments)
        assert (answer.returncode, answer.stderr) == (1, "There is no business 7.\n")
    wrong = aigrowth(data_dir, "doctor", STORAGE_PROVIDER="s3")
    assert wrong.returncode == 1 and "AWS_S3_BUCKET" in wrong.stderr
    assert "Traceback" not in nobody.stderr + wrong.stderr


def test_a_catalogue_of_models_that_is_broken_is_a_sentence_with_its_line(tmp_path: Path) -> None:
    data_dir, models = tmp_path / "data", tmp_path / "models.toml"
    data_dir.mkdir()
    assert aigrowth(data_dir, "migrate").returncode == 0
    models.write_text('[openai."gpt-image-2"]\nprice = "cheap"\n')
    for command in ("serve", "doctor"):
        broken = aigrowth(data_dir, command, IMAGE_CATALOGUE=str(models), PORT="0")
        assert broken.returncode == 1 and "Traceback" not in broken.stderr
        assert f"{models}, line 2" in broken.stderr and "price" in broken.stderr


def test_the_doctor_tells_of_a_model_that_has_ended_and_of_metas_silence(
    tmp_path: Path,
) -> None:
    data_dir, models = tmp_path / "data", tmp_path / "models.toml"
    data_dir.mkdir()
    assert aigrowth(data_dir, "migrate").returncode == 0
    models.write_text('[practice."practice-image-1"]\nshutdown_on = 2020-01-01\n')
    meta = {
        "META_APP_ID": "1",
        "META_APP_SECRET": "two",
        "META_GRAPH_URL": f"http://127.0.0.1:{free_ports()[0]}",
        "META_INSTAGRAM_GRAPH_URL": f"http://127.0.0.1:{free_ports()[0]}",
    }
    told = aigrowth(data_dir, "doctor", IMAGE_CATALOGUE=str(models), **meta)
    assert told.returncode == 1
    assert "WRONG  model practice-image-1: Practice painter ended on 2020-01-01" in told.stdout
    assert "WRONG  Meta app: Its keys could not be tried" in told.stdout
    assert "/api/v1/channels/meta/callback is known on this machine only" in told.stdout


@pytest.mark.parametrize("is_there", [True, False], ids=["an empty folder", "no folder"])
def test_a_folder_without_data_is_named_and_left_as_it_is(tmp_path: Path, is_there: bool) -> None:
    data_dir, out = tmp_path / "elsewhere", tmp_path / "out"
    if is_there:
        data_dir.mkdir()
    for arguments in (
        ("doctor",),
        ("doctor", "--fix"),
        ("export", "--business", "7", "--to", str(out)),
        ("import", "--business", "7", str(tmp_path)),
        ("storage", "check"),
        ("storage", "move", "--to", "local"),
        ("storage", "tidy"),
        ("user", "create", "ada@example.com", "--name", "Ada"),
        ("user", "password", "ada@example.com"),
    ):
        answer = aigrowth(data_dir, *arguments)
        assert (answer.returncode, answer.stdout) == (1, ""), arguments
        assert str(data_dir) in answer.stderr and "Set DATA_DIR" in answer.stderr, arguments
        assert list(data_dir.parent.rglob("*")) == [data_dir] * is_there, arguments


def test_a_wrong_database_url_is_a_sentence(tmp_path: Path) -> None:
    for command in ("doctor", "migrate"):
        answer = aigrowth(tmp_path / "data", command, DATABASE_URL="mysql://root@127.0.0.1/x")
        assert answer.returncode == 1 and "DATABASE_URL must start with postgresql://" in answer.stderr
