"""A notice on its way: the right bytes, the right signature, and every attempt in the ledger."""

from service.notifications.conftest import PUBLIC, Notifications, short
from standardwebhooks.webhooks import Webhook

from contracts.events.deliveries import DeliverySucceeded, NoticeAcknowledged


async def test_an_assignment_is_told_delivered_and_acknowledged(notifications: Notifications) -> None:
    endpoint = await notifications.endpoint()
    created = notifications.created()
    await notifications.told(created)
    assert await notifications.work() == 0
    await notifications.later(seconds=5)
    (call,) = notifications.receiver.calls
    told = Webhook(endpoint["secret"]).verify(call.body, call.headers)
    (notice,) = await notifications.notices()
    assert told["type"] == "interlink.notice.issued.v1"
    assert told["subject"] == told["data"]["notice"] == notice["id"]
    assert told["data"]["link"] == f"{PUBLIC}/v1/notices/{notice['id']}"
    assert (told["data"]["items"], told["data"]["priority"]) == (1, "P3")
    assert [short(one) for one in told["data"]["types"]] == ["assignment.created"]
    (succeeded,) = await notifications.published(DeliverySucceeded)
    assert (str(succeeded.delivery), succeeded.agency) == (call.headers["webhook-id"], "ice-on")
    assert (succeeded.referral, succeeded.attempts) == (notifications.referral, 1)

    answer = await notifications.post(notifications.agency(), f"/v1/notices/{notice['id']}:acknowledge")
    assert (answer.status_code, answer.json()["state"]) == (200, "acknowledged")
    (acknowledged,) = await notifications.published(NoticeAcknowledged)
    assert (str(acknowledged.notice), acknowledged.rung) == (notice["id"], "officer")
    (event,) = await notifications.feed()
    assert event["data"]["assignment"] == str(created.assignment)
