"""Runs the test cases that the Python library eventsourcing brings for its adapters, through its adapter for UmaDB, against a server.

    adapter.py            prints the names of the groups; each wants a server on an empty store
    adapter.py GROUP URI  runs a group and prints what became of each test, as JSON
"""

import contextlib
import io
import json
import os
import sys
import unittest
from decimal import Decimal

import umadb
from eventsourcing.dcb.tests import DcbRecorderTestCase
from eventsourcing.persistence import InfrastructureFactory
from eventsourcing.popo import POPOTrackingRecorder
from eventsourcing.tests import application, persistence, projection
from eventsourcing.utils import Environment
from eventsourcing_umadb.factory import Factory
from eventsourcing_umadb.recorders import UmaDbAggregateRecorder, UmaDbApplicationRecorder, UmaDbDcbRecorder

GROUPS = {}
URI = sys.argv[2] if len(sys.argv) > 2 else ""
MODULE = {"PERSISTENCE_MODULE": "eventsourcing_umadb", "UMADB_URI": URI}


def group(name, tests=None):
    """Puts a test case into a group; tests names those of its tests that run there, None is all."""

    def add(case):
        GROUPS.setdefault(name, []).append((case, tests))
        return case

    return add


@group("aggregate recorder")
class AggregateRecorder(persistence.AggregateRecorderTestCase):
    recorder_supports_idempotent_appends = True

    def create_recorder(self):
        return UmaDbAggregateRecorder(umadb=umadb.Client(URI))


@group("application recorder", ["test_insert_select"])
@group("application recorder, subscription", ["test_insert_subscribe"])
@group("application recorder under load", ["test_performance", "test_concurrent_no_conflicts", "test_concurrent_throughput"])
class ApplicationRecorder(persistence.ApplicationRecorderTestCase):
    recorder_supports_idempotent_appends = True

    def create_recorder(self):
        return UmaDbApplicationRecorder(umadb.Client(URI))

    def test_insert_subscribe(self):
        self.optional_test_insert_subscribe()


@group("events of concurrent inserts do not interleave")
class NonInterleaving(persistence.NonInterleavingNotificationIDsBaseCase):
    def create_recorder(self):
        return UmaDbApplicationRecorder(umadb.Client(URI))


@group("DCB recorder, read", ["test_append_read"])
@group("DCB recorder, subscription", ["test_append_subscribe"])
class DcbRecorder(DcbRecorderTestCase):
    def test_append_read(self):
        self._test_append_read(UmaDbDcbRecorder(umadb.Client(URI)))

    def test_append_subscribe(self):
        self._test_append_subscribe(UmaDbDcbRecorder(umadb.Client(URI)))


@group("factory")
class FactoryOfRecorders(persistence.InfrastructureFactoryTestCase):
    def setUp(self):
        self.env = Environment("TestCase")
        self.env[InfrastructureFactory.PERSISTENCE_MODULE] = Factory.__module__
        self.env[Factory.UMADB_URI] = URI
        super().setUp()

    def expected_factory_class(self):
        return Factory

    def expected_aggregate_recorder_class(self):
        return UmaDbAggregateRecorder

    def expected_application_recorder_class(self):
        return UmaDbApplicationRecorder

    def application_recorder_subclass(self):
        return type("Sub", (UmaDbApplicationRecorder,), {})

    def expected_tracking_recorder_class(self):
        raise NotImplementedError

    expected_process_recorder_class = tracking_recorder_subclass = process_recorder_subclass = expected_tracking_recorder_class

    def test_create_application_recorder(self):
        self.assertIs(type(self.factory.application_recorder()), UmaDbApplicationRecorder)

    @unittest.skip("the adapter has no tracking recorder")
    def test_create_tracking_recorder(self):
        pass

    @unittest.skip("the adapter has no process recorder")
    def test_create_process_recorder(self):
        pass


class Counters(POPOTrackingRecorder, projection.EventCountersView):
    """A view in memory."""

    def __init__(self):
        super().__init__()
        self.registered = self.changed = 0

    def get_student_registered_counter(self):
        return self.registered

    def get_student_name_changed_counter(self):
        return self.changed

    def incr_student_registered_counter(self, tracking):
        self.insert_tracking(tracking)
        self.registered += 1

    def incr_student_name_changed_counter(self, tracking):
        self.insert_tracking(tracking)
        self.changed += 1


def with_view(projected):
    """The environment of an application on the server and of a view in memory."""
    return {**MODULE, projected.name.upper() + "_PERSISTENCE_MODULE": "eventsourcing.popo"}


@group("projection of aggregates", ["test_event_counters_projection"])
@group("projection of aggregates that fails", ["test_run_forever_raises_projection_error"])
class AggregateProjection(projection.AggregateEventCountersProjectionTestCase):
    view_class = Counters
    env = with_view(projection.StudentEventCountersProjection)


@group("projection of decisions", ["test_event_counters_projection"])
@group("projection of decisions that fails", ["test_run_forever_raises_projection_error"])
class DecisionProjection(projection.DecisionCountersProjectionTestCase):
    view_class = Counters
    env = with_view(projection.DecisionCountersProjection)


FIRST_EVENT = "test_save_returns_recording_event"  # wants its event to be the first of the store


@group("applications", [n for n in dir(application.ApplicationTestCase) if n.startswith("test_") and n != FIRST_EVENT])
@group("application whose event is the first", [FIRST_EVENT])
class Applications(application.ApplicationTestCase):
    def setUp(self):
        super().setUp()
        self.env.update(MODULE)


@group("bank accounts")
class BankAccounts(unittest.TestCase):
    """The library's example application. Its own test takes snapshots, which the adapter does not keep: this one leaves them out."""

    def test_example_application(self):
        app = application.BankAccountsWithPydantic(env={**MODULE, "IS_SNAPSHOTTING_ENABLED": "n"})
        with self.assertRaises(application.BankAccountsWithPydantic.AccountNotFoundError):
            app.get_account("unknown")
        account = app.open_account(full_name="Alice", email_address="alice@example.com")
        other = app.open_account(full_name="Bob", email_address="bob@example.com")
        for amount in ("10.00", "25.00", "30.00"):
            app.credit_account(account, Decimal(amount))
        self.assertEqual(app.get_balance(account), Decimal("65.00"))
        self.assertEqual(app.get_balance(other), Decimal("0.00"))
        self.assertEqual(len(app.notification_log["1,10"].items), 5)
        stale = app.get_account(account)
        app.credit_account(account, Decimal("1.00"))
        stale.append_transaction(Decimal("2.00"))
        with self.assertRaises(Exception) as refused:
            app.save(stale)
        self.assertIn("Integrity", type(refused.exception).__name__)
        self.assertEqual(app.get_balance(account), Decimal("66.00"))


class Results(unittest.TestResult):
    """What became of each test."""

    def __init__(self):
        super().__init__()
        self.outcomes = {}

    def note(self, test, what):
        self.outcomes[test._testMethodName] = what

    def addSuccess(self, test):
        self.note(test, "passed")

    def addSkip(self, test, reason):
        self.note(test, "skipped: " + reason)

    def addFailure(self, test, err):
        self.note(test, "failed: " + self._exc_info_to_string(err, test))

    addError = addFailure


def run(name):
    results = Results()
    for case, tests in GROUPS[name]:
        for test in tests or unittest.defaultTestLoader.getTestCaseNames(case):
            case(test).run(results)
    return results.outcomes


def main():
    if len(sys.argv) == 1:
        print("\n".join(GROUPS))
        return
    with contextlib.redirect_stdout(io.StringIO()):  # the test cases tell how fast they were
        outcomes = run(sys.argv[1])
    print(json.dumps(outcomes), flush=True)
    os._exit(0)  # a projection that failed may leave a thread


main()
