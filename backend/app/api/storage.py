"""The storage over HTTP."""

from __future__ import annotations

from fastapi import Depends

from app.api.deps import ProductDep, QueryId, UserId, api_router, limit_storage_checks
from app.models.businesses import Role
from app.schemas.storage import StorageCheckView, StorageDocumentView, StorageReport
from app.services import access, storage

router = api_router("storage")


@router.get(
    "/storage/check",
    dependencies=[Depends(limit_storage_checks)],
    summary="Does the storage do all that it must?",
)
async def check_storage(product: ProductDep, user_id: UserId, business_id: QueryId) -> StorageReport:
    """Writes, reads and deletes small objects, tries what browsers will do, and takes some seconds, so at
    most six times a minute. For admins and owners; every failure names the setting or the rule to change."""
    async with product.database.reading() as session:
        await access.require_role(session, business_id=business_id, user_id=user_id, at_least=Role.ADMIN)
    report = await storage.check(product.checkup, origin=product.settings.public_url)
    return StorageReport(
        provider=report.provider,
        is_ok=report.is_ok,
        checks=[StorageCheckView.model_validate(finding) for finding in report.findings],
        documents=[StorageDocumentView.model_validate(document) for document in report.documents],
    )
