"""The doctor: looks whether everything is as it must be, and says which line to change where it is not.

What must always hold of pictures is looked at in the database and in the store, whatever else is going on: a
server may be running.
"""

from app.services.doctor.examination import Doctor
from app.services.doctor.findings import Finding
from app.services.doctor.meta import MetaSetup
from app.services.doctor.settings import Outside

__all__ = ["Doctor", "Finding", "MetaSetup", "Outside"]
