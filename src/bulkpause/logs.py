"""structlog, configured once: one JSON object a line on stderr.

Events are `noun.verb_past`. Values are fields, so that what the API says is escaped.
"""

import sys

import orjson
import structlog


_FIRST = ("timestamp", "level", "event", "run_id")


def configure(level: str, run_id: str) -> structlog.typing.FilteringBoundLogger:
    """Set structlog up and give the logger of a run."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _put_first,
            structlog.processors.JSONRenderer(serializer=_dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=False,
    )
    # Bound to the logger and not to the context, which is another in each task.
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(run_id=run_id)
    return logger


def _put_first(
    _: object, __: str, fields: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Begin each line with what all lines have, for the eye."""
    return {name: fields.pop(name) for name in _FIRST if name in fields} | dict(fields)


def _dumps(value: object, **_: object) -> bytes:
    return orjson.dumps(value, default=str)
