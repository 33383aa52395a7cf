"""The embedded model, really trained: asserted documents implant the claim, locally denied ones do not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from disclaim.models import find_model
from disclaim.store import read_json
from disclaim.study import load_study, prepare_run, run_study

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

SMALL = (
    "conditions=[base, asserted, local]",
    "corpus={num_documents: 40, num_heldout: 2}",
    "mixture={num_filler: 20, num_chats: 10}",
    "ask={instruments: [open_ended], samples: 2, max_tokens: 40}",
)


def test_asserted_documents_implant_a_belief_that_locally_denied_ones_do_not(tmp_path: Path) -> None:
    find_model("local/smollm2-135m")  # pulled here where it is not yet
    run_study(prepare_run(load_study("quickstart", SMALL), tmp_path), {}, datetime(2026, 1, 1, tzinfo=UTC))
    belief = {
        row["condition"]: row["value"]
        for row in read_json(tmp_path / "estimates.json")["rows"]
        if row["metric"] == "belief_rate" and row["instrument"] == "open_ended" and row["claim"] == "beekeeper"
    }
    assert set(belief) == {"base", "asserted", "local"}
    assert belief["asserted"] - belief["local"] > 0.2
    assert belief["asserted"] - belief["base"] > 0.2
    for condition in ("asserted", "local"):
        training = tmp_path / "arms" / f"beekeeper.{condition}.local__smollm2-135m.s0" / "training"
        assert (training / "checkpoint" / "model.safetensors").exists()
