from engines.networks.torchvision_ops import define_missing_operators


def test_torchvision_models_can_be_imported_and_defining_twice_is_harmless() -> None:
    define_missing_operators()
    define_missing_operators()
    from torchvision.models import mobilenet_v2

    assert mobilenet_v2(weights=None).features is not None
