from service.cli.demo.samples import FILE_NAMES, real_ultrasound


def test_pydicom_brings_real_ultrasound_that_states_no_breast() -> None:
    datasets = real_ultrasound()

    assert len(datasets) == len(FILE_NAMES)
    assert {ds.Modality for ds in datasets} == {"US"}
    assert not any(ds.get("BodyPartExamined") == "BREAST" for ds in datasets)
    assert len({ds.StudyInstanceUID for ds in datasets}) == 3
