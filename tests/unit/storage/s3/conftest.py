from pathlib import Path

import pytest


@pytest.fixture
def credentials(tmp_path: Path) -> dict[str, str]:
    """Settings that name a file with credentials."""
    file = tmp_path / "credentials"
    file.write_text("\n ours \n secret \n")
    return {"credentials_file": str(file)}
