"""`preread engine list`, `build` and `verify`: what runs the classifiers, and whether it may."""

import json
from dataclasses import replace
from typing import Annotated

import typer

from engines.choice import Backend
from engines.precision import Precision
from service.cli.engines import engine_tables as tables
from service.cli.engines.engine_progress import counted, progress_bars
from service.cli.options import AsJson
from service.config.load import load_settings
from service.errors import Permanent

Names = Annotated[
    list[str] | None, typer.Argument(help="Classifiers. Without: those that rules name, else all.")
]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(
        name="engine", help="List, build and verify what runs the classifiers.", no_args_is_help=True
    )
    group.command("list")(list_engines)
    group.command()(build)
    group.command()(verify)
    app.add_typer(group)


def list_engines(context: typer.Context, as_json: AsJson = False) -> None:
    """Show the backends that can run here and why others cannot, the classifiers, and the plans."""
    settings = load_settings(context.obj)
    from engines.available import available
    from service.wiring import engines
    from service.wiring.adapters import engine_choice

    choice = engine_choice(settings)
    backends = [available(backend, choice.device) for backend in engines.BACKENDS]
    manifests = list(engines.installed(settings).values())
    classifiers = {manifest.name: engines.precisions(manifest) for manifest in manifests}
    plans = engines.cached_plans(choice, manifests)
    if as_json:
        typer.echo(json.dumps(tables.listing(backends, classifiers, plans), indent=2))
    else:
        tables.show_listing(backends, classifiers, plans, choice.plan_folder)


def build(
    context: typer.Context,
    names: Names = None,
    precision: Annotated[
        list[Precision] | None, typer.Option(help="May be repeated. Without: the configured one.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Build the TensorRT plans of classifiers, and verify them where a GPU answers.

    TensorRT-RTX builds without a GPU, for every GPU that it supports.
    """
    settings = load_settings(context.obj)
    from service.wiring import engines
    from service.wiring.adapters import engine_choice

    choice = engine_choice(settings)
    with progress_bars() as bars:
        results = [
            engines.build(manifest, replace(choice, precision=one), bars(f"{manifest.name} {one}"))
            for manifest in engines.selected(settings, names or [])
            for one in precision or [choice.precision]
        ]
    if as_json:
        typer.echo(json.dumps([tables.built_row(result) for result in results], indent=2))
    else:
        tables.show_built(results)
    if any(result.path is None for result in results):
        raise typer.Exit(1)


def verify(
    context: typer.Context,
    names: Names = None,
    backend: Annotated[
        list[Backend] | None,
        typer.Option(help="May be repeated. Without: all that can run here."),
    ] = None,
    precision: Annotated[
        list[Precision] | None, typer.Option(help="May be repeated. Without: all that there are.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare engines with the reference, ONNX Runtime in float32, on the classifiers' reference images.

    Exit status 1 if one does not give the reference's answers.
    """
    settings = load_settings(context.obj)
    from service.wiring import engines
    from service.wiring.adapters import engine_choice

    with progress_bars() as bars:
        results = [
            engines.verify_one(manifest, one, counted(bars(f"{manifest.name} {one.backend} {one.precision}")))
            for manifest in engines.selected(settings, names or [])
            for one in engines.verifiable(manifest, engine_choice(settings), backend or [], precision or [])
        ]
    if not results:
        raise Permanent("nothing of this can be verified here: `preread engine list` says what there is")
    if as_json:
        typer.echo(json.dumps([tables.verified_row(result) for result in results], indent=2))
    else:
        tables.show_verified(results, engines.left_out(backend or [], engine_choice(settings)))
    if not all(result.holds for result in results):
        raise typer.Exit(1)
