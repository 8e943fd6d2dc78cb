from __future__ import annotations

from app.api.rate_limits import STORAGE_CHECK_RATE_LIMIT
from tests.api.conftest import SignsUp
from tests.api.edge_app import assert_problem
from tests.api.live import Live


def test_the_storage_is_checked_only_so_often(embedded: Live, signs_up: SignsUp) -> None:
    ada, eve = signs_up(embedded), signs_up(embedded)
    often = int(STORAGE_CHECK_RATE_LIMIT.partition("/")[0])
    for _ in range(often):
        answer = ada.client.get("/storage/check", params={"business_id": ada.business_id})
        assert answer.status_code == 200, answer.text
    refused = ada.client.get("/storage/check", params={"business_id": ada.business_id})
    assert assert_problem(refused, 429, "rate_limited")["retry_after"] > 0
    # It is each user's own.
    assert eve.client.get("/storage/check", params={"business_id": eve.business_id}).status_code == 200
