"""What a dry run says of a user's own parts."""

from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from studies.engine import Study
from studies.engine.commands.dry_run import print_plan
from studies.engine.options import Options
from trainables.config import Refused, TorchEncoder

ENCODER = """
from torch import nn

class Encoder(nn.Module):
    def __init__(self, row_shape, dropout, says):
        super().__init__()
        self.out_dim, self.layer, self.says = 4, nn.Linear(*row_shape, 4), says

    def forward(self, x):
        if self.says == "boom":
            raise ValueError(self.says)
        return self.layer(x) if self.says == "right" else self.layer(x)[:, :3]
"""


@pytest.mark.parametrize(
    ("says", "message"),
    [
        ("boom", "raised ValueError: boom"),
        ("wrong", r"expected forward to give \[n, out_dim\].*got torch.float32 \[.*3\]"),
    ],
)
def test_an_encoder_that_cannot_be_used_is_refused_as_in_a_run(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"lab_{says}.py").write_text(ENCODER)
    own = replace(study, encoder_1=TorchEncoder(f"lab_{says}:Encoder", {"says": says}))
    with pytest.raises(Refused, match=message):
        print_plan(own, Options(), Console(quiet=True))
