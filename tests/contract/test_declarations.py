"""What each `service.py` says it reads and publishes agrees with the registry."""

from importlib import import_module
from importlib.util import find_spec

from contracts import access, registry
from contracts.access import Declaration
from contracts.registry import SERVICES
from kit.service import Service


def services() -> list[Service]:
    """The services that this working copy has, in the registry's order."""
    packages = [name.replace("-", "_") for name in SERVICES]
    present = [package for package in packages if find_spec(package) and find_spec(f"{package}.service")]
    return [import_module(f"{package}.service").service for package in present]


def declaration(service: Service) -> Declaration:
    """The plain values from which topics and rights are derived."""
    return Declaration(
        name=service.name,
        reads=frozenset(handler.event for handler in service.handlers),
        publishes=frozenset(service.publishes),
    )


def test_no_service_claims_what_another_one_owns() -> None:
    for service in services():
        access.check(declaration(service))


def test_a_service_is_named_as_the_registry_names_it() -> None:
    for service in services():
        assert service.name in SERVICES
        assert service.package == service.name.replace("-", "_")
        assert service.group == access.group(service.name)


def test_each_event_type_is_handled_once_and_published_by_its_writer() -> None:
    for service in services():
        handled = [handler.declared.type for handler in service.handlers]
        assert len(handled) == len(set(handled))
        for model in service.publishes:
            assert registry.of(model).topic.writer == service.name
