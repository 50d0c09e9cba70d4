from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engines.errors import InputError
from engines.manifest import Manifest
from engines.reference import FOLDER, PHANTOMS, reference_fingerprint, reference_images
from tests.unit.engines.answering_gpu import with_reference_images
from tests.unit.engines.builders import noise


@pytest.fixture
def folder(tiny_manifest: Manifest) -> Path:
    path = tiny_manifest.folder / FOLDER
    path.mkdir()
    return path


def test_a_classifier_s_own_images_come_first(tiny_manifest: Manifest) -> None:
    images = reference_images(with_reference_images(tiny_manifest, 2))
    assert [image.name for image in images] == ["0.png", "1.png", "more.npz last"]
    np.testing.assert_array_equal(images[1].pixels, noise(40, 60, seed=1))
    np.testing.assert_array_equal(images[2].pixels, noise(50, 40, seed=2))


def test_a_classifier_without_images_gets_phantoms(tiny_manifest: Manifest) -> None:
    images = reference_images(tiny_manifest)
    assert (len(images), images[-1].name) == (PHANTOMS, f"phantom {PHANTOMS - 1}")


def test_a_folder_without_images_is_refused(tiny_manifest: Manifest, folder: Path) -> None:
    (folder / "README.md").write_text("none yet")
    with pytest.raises(InputError, match="add images, or remove it"):
        reference_images(tiny_manifest)


def test_a_colour_image_is_refused(tiny_manifest: Manifest, folder: Path) -> None:
    Image.new("RGB", (40, 40)).save(folder / "a.png")
    with pytest.raises(InputError, match=r"a\.png.*uint8 \(40, 40, 3\).*convert"):
        reference_images(tiny_manifest)


@pytest.mark.parametrize("name", ["a.png", "a.npz"])
def test_a_damaged_file_is_refused(tiny_manifest: Manifest, folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"not an image")
    with pytest.raises(InputError, match=f"{name} cannot be read"):
        reference_images(tiny_manifest)


def test_pickled_objects_are_not_loaded(tiny_manifest: Manifest, folder: Path) -> None:
    np.savez(folder / "a.npz", one=np.array([{}], dtype=object))
    with pytest.raises(InputError, match="cannot be read as npz"):
        reference_images(tiny_manifest)


def test_the_fingerprint_changes_with_an_image(tiny_manifest: Manifest) -> None:
    fingerprints = [reference_fingerprint(tiny_manifest)]
    with_reference_images(tiny_manifest)
    fingerprints.append(reference_fingerprint(tiny_manifest))
    Image.fromarray(noise(seed=9)).save(tiny_manifest.folder / FOLDER / "1.png")
    fingerprints.append(reference_fingerprint(tiny_manifest))
    assert len(set(fingerprints)) == 3
