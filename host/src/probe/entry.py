"""Stands between the host and app.py, and says what would only be a trap: exceptions and where they were raised."""

import app
from componentize_py_types import Err
from wit_world.imports.types import ConfigError, ProbeError_Internal


class WitWorld(app.WitWorld):
    def describe(self, config):
        try:
            return super().describe(config)
        except Exception as error:
            raise error if isinstance(error, Err) else Err(ConfigError(path=[], message=told(error))) from None

    def collect(self, target):
        try:
            return super().collect(target)
        except Exception as error:
            raise error if isinstance(error, Err) else Err(ProbeError_Internal(told(error))) from None


def told(error):
    # The module traceback would read app.py, and there are no files here.
    place, step = "", error.__traceback__
    while step is not None:
        place, step = f"{step.tb_frame.f_code.co_filename}, line {step.tb_lineno}", step.tb_next
    return f"{type(error).__name__}: {error} ({place})"
