"""`python -m core.quality FILE`: what it prints, in which language, and how it ends."""

import json
from pathlib import Path

import pytest

from core.quality.__main__ import main
from core.quality.sample_export import samples_parquet
from core.quality.synthetic import Trouble, synthetic_call
from tests.fakes.webrtc_dump import Talk, internals_bytes

DUMPS = Path(__file__).parent / "dumps"
KOREAN = {"LANG": "ko_KR.UTF-8"}


def test_a_good_call_ends_with_zero(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(DUMPS / "chromium_156_internals.gz")], {}) == 0
    printed = capsys.readouterr().out
    assert "Connection 8-1 hears: MOS 4.4" in printed
    assert "No cause of trouble was found." in printed


def test_trouble_ends_with_one_and_is_explained_in_the_terminals_language(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dump = tmp_path / "dump.txt"
    dump.write_bytes(internals_bytes(Talk(seconds=300, buffer_growth_s=0.0006)))
    assert main([str(dump)], KOREAN) == 1
    assert "연결 8-1" in capsys.readouterr().out
    assert main([str(dump), "--language", "en"], KOREAN) == 1
    assert "Growth of the jitter buffer: 36 ms/min" in capsys.readouterr().out


def test_json_holds_what_the_text_tells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "call.parquet"
    file.write_bytes(samples_parquet(synthetic_call(Trouble.LOSS).samples))
    assert main([str(file), "--json"], {}) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["kind"] == "samples"
    assert "access_network" in {each["cause"] for each in told["diagnoses"]}
    assert "packet_loss" in {each["kind"] for each in told["alerts"]}


def test_a_calls_folder_is_read_like_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "a1b2c3"
    folder.mkdir()
    (folder / "00000.parquet").write_bytes(samples_parquet(synthetic_call().samples))
    assert main([str(folder)], {}) == 0
    assert "a1b2c3: samples of Earshot" in capsys.readouterr().out


def test_a_broken_file_ends_with_two_and_says_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dump = tmp_path / "dump.txt"
    dump.write_bytes(internals_bytes(Talk())[:5_000])
    assert main([str(dump)], {}) == 2
    said = capsys.readouterr()
    assert "dump.txt is broken at byte 5000 (PeerConnections/8-1/stats/" in said.err
    assert said.out == ""
