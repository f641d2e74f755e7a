"""What routes ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from critmass.domain.catalog import Catalog
from critmass_api.bodies import json_body
from critmass_api.desk import Desk
from critmass_api.jobs import Jobs


@dataclass(frozen=True)
class Service:
    """What one application works with."""

    catalog: Catalog
    desk: Desk
    jobs: Jobs

    def close(self) -> None:
        """Ends every child process. May be called again."""
        self.desk.close()
        self.jobs.close()


def service_of(request: Request) -> Service:
    """The service that the application carries."""
    service: Service = request.app.state.service
    return service


ServiceHere = Annotated[Service, Depends(service_of)]


def _catalog(service: ServiceHere) -> Catalog:
    return service.catalog


def _desk(service: ServiceHere) -> Desk:
    return service.desk


def _jobs(service: ServiceHere) -> Jobs:
    return service.jobs


CatalogHere = Annotated[Catalog, Depends(_catalog)]
DeskHere = Annotated[Desk, Depends(_desk)]
JobsHere = Annotated[Jobs, Depends(_jobs)]
JsonBody = Annotated[bytes, Depends(json_body)]
