"""Two acts at the same moment, on two real connections."""

from threading import Barrier, Thread

import pytest
from django.db import connection

from accounts import members
from accounts.errors import AlreadyMember, LastAdmin
from accounts.models import User
from accounts.roles import Role
from tests.factories import HospitalFactory, MembershipFactory


def at_once(*acts):
    """Run the acts in threads that start together; return what each raised, or None."""
    barrier, outcomes = Barrier(len(acts)), [None] * len(acts)

    def run(number, act):
        try:
            barrier.wait(timeout=60)
            act()
        except Exception as error:
            outcomes[number] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return outcomes


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_remove_each_other_leave_one():
    hospital = HospitalFactory()
    one, two = (m.user for m in MembershipFactory.create_batch(2, hospital=hospital, role=Role.HOSPITAL_ADMIN))
    outcomes = at_once(
        lambda: members.deactivate(hospital, one, deactivated_by=two),
        lambda: members.deactivate(hospital, two, deactivated_by=one),
    )
    assert {type(outcome) for outcome in outcomes} == {type(None), LastAdmin}
    assert hospital.memberships.filter(is_active=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_new_person_added_twice_is_added_once():
    hospital = HospitalFactory()
    admin = MembershipFactory(hospital=hospital, role=Role.HOSPITAL_ADMIN).user

    def add():
        members.add_person(hospital, email="new@x.example", name="New", roles=["technician"], added_by=admin)

    outcomes = at_once(add, add)
    assert {type(outcome) for outcome in outcomes} == {type(None), AlreadyMember}
    assert User.objects.filter(email="new@x.example").count() == 1
    assert hospital.memberships.filter(user__email="new@x.example").count() == 1
