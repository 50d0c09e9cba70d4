from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def credentials(tmp_path: Path) -> dict[str, Any]:
    """Settings that name a file with credentials."""
    file = tmp_path / "credentials"
    file.write_text("\n ours \n secret \n")
    return {"credentials_file": str(file)}
