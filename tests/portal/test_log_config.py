"""Log lines: JSON in a deployment, readable on a laptop, and never with a patient in them."""

import json
import logging
import logging.config

import pytest

from portal.log_config import JsonLines, ReadableLines, gunicorn_logging, logging_config


def _record(message="hello %s", args=("world",), **extra):
    record = logging.makeLogRecord({"name": "test", "levelno": logging.INFO, "levelname": "INFO"})
    record.msg, record.args = message, args
    vars(record).update(extra)
    return record


def _integrity_error():
    try:
        raise ValueError(
            'duplicate key value violates "one_patient_per_mrn"\nDETAIL:  Key (mrn)=(MRN-SECRET) already exists.'
        )
    except ValueError as error:
        return (type(error), error, error.__traceback__)


def test_a_line_is_one_json_object_with_the_callers_facts():
    line = JsonLines().format(_record(scan="0190", attempt=2, when=object()))
    facts = json.loads(line)
    assert "\n" not in line
    assert (facts["message"], facts["level"], facts["logger"]) == ("hello world", "INFO", "test")
    assert (facts["scan"], facts["attempt"]) == ("0190", 2)
    assert facts["time"].endswith("+00:00")
    assert "when" not in facts


def test_a_requests_address_with_its_query_is_left_out(rf):
    request = rf.get("/worklist/", {"q": "Sentinel"})
    assert "Sentinel" not in JsonLines().format(_record(request=request, status_code=404))


@pytest.mark.parametrize("formatter", [JsonLines, ReadableLines])
def test_the_row_that_a_database_error_quotes_is_left_out(formatter):
    line = formatter().format(_record(exc_info=_integrity_error()))
    assert "one_patient_per_mrn" in line
    assert "MRN-SECRET" not in line


def test_statements_are_never_logged_since_they_carry_values():
    for json_lines in (True, False):
        configuration = logging_config(json_lines=json_lines, level="DEBUG")
        assert configuration["loggers"]["django.db.backends"]["level"] == "WARNING"


def test_the_configurations_are_valid():
    for configuration in (logging_config(json_lines=True, level="INFO"), gunicorn_logging()):
        logging.config.DictConfigurator(configuration)
        names = {name for logger in configuration["loggers"].values() for name in logger.get("handlers", [])}
        assert names <= set(configuration["handlers"])
