"""Who there is. Pure, so that the city's file can name them."""

from enum import StrEnum


class Role(StrEnum):
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    DIVISION = "division"
    CREW = "crew"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"


EVERYONE = tuple(Role)
